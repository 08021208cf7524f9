import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInChromium } from '../../engine/chromium.suite.ts'
import { generateInput, generateTarget, generateTensor } from '../generator.ts'
import { RACE_CLASSES } from '../race-class.ts'
import { attention } from '../reference/attention.ts'
import { applyGate } from '../reference/gate.ts'
import { matrixProduct } from '../reference/matrix-product.ts'
import { norm } from '../reference/norm.ts'
import { seededBytes, seededIntegers } from '../reference/operators.fixture.ts'
import { outputVector } from '../reference/output.ts'
import { requantise } from '../reference/requantise.ts'
import { softmaxWeights } from '../reference/softmax.ts'
import { derivePermutation, scoreOutput } from '../score.ts'
import { deriveInputKey, deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import { packPanels, packQuads, unpackPanels, unpackQuads } from './panels.fixture.ts'

// Every kernel is exact: equality, not tolerance. The references are tested on their own against big integers and doubles.
describe.each(['packed', 'polyfill'] as const)('kernels in Chromium with the %s dot product', (dot4) => {
  let page: Page
  let close: () => Promise<void>

  beforeAll(async () => {
    const entry = fileURLToPath(new URL('../../../app/worker/race-page.fixture.ts', import.meta.url))
    ;({ page, close } = await openInChromium(entry))
  })
  afterAll(() => close())

  /** Buffers are lists of words, or a number of zero words. */
  function run(
    name: string,
    params: object,
    buffers: readonly (readonly number[] | number)[],
    read: number,
  ): Promise<number[]> {
    const args = [name, params, buffers, read, dot4].map((argument) => JSON.stringify(argument))
    return page.evaluate<number[]>(`runKernel(${args.join(', ')})`)
  }

  it.each([
    // One tile, an edge in both directions, many tiles, and a part of the rows and columns.
    { m: 4, n: 4, k: 16 },
    { m: 36, n: 68, k: 80 },
    { m: 64, n: 128, k: 512 },
    { m: 8, n: 192, k: 64, rows: 20, firstRow: 12, columns: { first: 64, end: 128 } },
  ])('multiplies int8 matrices of $m x $n x $k', async (shape) => {
    const { m, n, k, rows = m, firstRow = 0, columns = { first: 0, end: n } } = shape
    const a = seededBytes(1, rows * k)
    const b = seededBytes(2, n * k)
    a.fill(-127, firstRow * k, (firstRow + 1) * k)
    b.fill(-127, columns.first * k, (columns.first + 1) * k)
    const own = a.subarray(firstRow * k, (firstRow + m) * k)
    const expected = matrixProduct(own, b, { rows: m, outputs: n, columns: k })
    const words = await run('gemmInt8', shape, [packPanels(a, k), packPanels(b, k), m * n], 2)
    const actual = unpackQuads(words, n)
    expected.forEach((value, i) => {
      const isMade = i % n >= columns.first && i % n < columns.end
      expect(actual[i], `sum ${i}`).toBe(isMade ? value : 0)
    })
    expect(actual[columns.first]).toBe(127 * 127 * k)
  })

  it('ends a product in requantised int8, in outputs and in gated hidden values', async () => {
    const [m, n, k] = [8, 80, 64]
    const a = seededBytes(3, m * k)
    const gate = seededBytes(4, n * k)
    const up = seededBytes(5, n * k)
    const shape = { rows: m, outputs: n, columns: k }
    const sums = matrixProduct(a, gate, shape)
    const upSums = matrixProduct(a, up, shape)
    const buffers = [packPanels(a, k), packPanels(gate, k)]

    const requantised = await run('gemmRequantised', { m, n, k, shift: 9 }, [...buffers, (m * n) / 4], 2)
    expect(unpackPanels(requantised, n)).toEqual(requantise(sums, 9))
    const output = await run('gemmOutput', { m, n, k }, [...buffers, (m * n) / 4], 2)
    expect(unpackPanels(output, n)).toEqual(outputVector(sums))
    const shifts = { projectionShift: 9, productShift: 6 }
    const hidden = await run(
      'gemmGated',
      { m, n, k, ...shifts },
      [...buffers, packPanels(up, k), (m * n) / 4],
      3,
    )
    expect(unpackPanels(hidden, n)).toEqual(applyGate(sums, upSums, shifts))
  })

  it.each([
    { n: 4, k: 16 },
    { n: 68, k: 80 },
    { n: 128, k: 2048 },
  ])('multiplies one row by a matrix of $n x $k', async ({ n, k }) => {
    const a = seededBytes(6, k)
    const b = seededBytes(7, n * k)
    const expected = matrixProduct(a, b, { rows: 1, outputs: n, columns: k })
    const words = await run('gemvInt8', { n, k }, [packPanels(a, k), packPanels(b, k), n], 2)
    expect(Int32Array.from(words)).toEqual(expected)
  })

  it.each([
    { rows: 1, n: 16, largest: 100 },
    { rows: 33, n: 64, largest: 2 ** 30 - 1 },
    { rows: 3, n: 512, largest: 9_000_000 },
    { rows: 2, n: 1040, largest: 3 },
  ])('normalises $rows rows of $n sums up to $largest', async ({ rows, n, largest }) => {
    const next = seededIntegers(8)
    const sums = Int32Array.from({ length: rows * n }, () => next(-largest, largest))
    if (rows > 1) sums.fill(0, n, 2 * n)
    const normConstant = Math.round(32 * Math.sqrt(n) * 2 ** 16)
    const shape = { rows, n, normConstant }
    const expected = mapRows(sums, n, (row) => norm(row, normConstant))
    const buffers = [(rows * n) / 4, packQuads(sums, n)]
    expect(unpackPanels(await run('normSums', shape, buffers, 0), n)).toEqual(expected)
    // A kernel that rounds down instead of to nearest must not pass for this one.
    const broken = await run('normSums', { ...shape, brokenRounding: 0 }, buffers, 0)
    expect(unpackPanels(broken, n)).not.toEqual(expected)
  })

  it('normalises int8, and a residual whose stream has more rows', async () => {
    const [rows, n] = [5, 48]
    const stream = seededBytes(9, 3 * rows * n)
    const branch = seededBytes(10, rows * n)
    const normConstant = Math.round(32 * Math.sqrt(n) * 2 ** 16)
    const own = stream.subarray(2 * rows * n)
    const shape = { rows, n, normConstant, sourceRows: 3 * rows, sourceFirst: 2 * rows }
    const zeros = (rows * n) / 4
    const plain = await run('normInt8', shape, [zeros, packPanels(stream, n)], 0)
    expect(unpackPanels(plain, n)).toEqual(mapRows(Int32Array.from(own), n, (row) => norm(row, normConstant)))
    const merged = await run('normResidual', shape, [zeros, packPanels(stream, n), packPanels(branch, n)], 0)
    const sums = Int32Array.from(own, (value, i) => value + 2 * branch[i]!)
    expect(unpackPanels(merged, n)).toEqual(mapRows(sums, n, (row) => norm(row, normConstant)))
  })

  it.each([
    { n: 1, scoreShift: 1 },
    { n: 63, scoreShift: 9 },
    { n: 64, scoreShift: 10 },
    { n: 65, scoreShift: 16 },
    { n: 1031, scoreShift: 12 },
  ])('weighs $n scores with shift $scoreShift', async ({ n, scoreShift }) => {
    const next = seededIntegers(11)
    const rows = 3
    const scores = Int32Array.from({ length: rows * n }, () => next(-100_000, 100_000))
    // The widest difference there is.
    scores[0] = -(2 ** 31)
    scores[n - 1] = 2 ** 31 - 1
    const expected: number[] = []
    for (let row = 0; row < rows; row++) {
      expected.push(...softmaxWeights(scores.subarray(row * n, (row + 1) * n), scoreShift))
    }
    expect(await run('softmax', { rows, n, scoreShift }, [[...scores], rows * n], 1)).toEqual(expected)
  })

  it.each([
    { title: 'four positions, as in the Race', heads: 16, headDimension: 4, keys: 4, queries: 4 },
    { title: 'one position', heads: 4, headDimension: 4, keys: 1, queries: 1 },
    {
      title: 'a long cache, shared key heads',
      heads: 8,
      keyHeads: 2,
      headDimension: 32,
      keys: 300,
      queries: 1,
    },
    {
      title: 'causal order',
      heads: 4,
      keyHeads: 4,
      headDimension: 8,
      keys: 37,
      queries: 5,
      firstPosition: 32,
    },
  ])('attends over $title', async (given) => {
    const { heads, keyHeads = heads, headDimension, keys, queries, firstPosition } = given
    const sequences = 3
    const scoreShift = 11
    const queryWidth = heads * headDimension
    const keyWidth = keyHeads * headDimension
    // Three sequences with their own values, position-major as the kernels take them.
    const parts = Array.from({ length: sequences }, (_, s) => ({
      q: seededBytes(20 + s, queries * queryWidth),
      k: seededBytes(30 + s, keys * keyWidth),
      v: seededBytes(40 + s, keys * keyWidth),
    }))
    const expected = parts.map(({ q, k, v }) =>
      attention(q, k, v, { heads, keyHeads, headDimension, scoreShift, firstPosition }),
    )
    const interleave = (arrays: readonly Int8Array[], width: number): Int8Array<ArrayBuffer> => {
      const rows = arrays[0]!.length / width
      const all = new Int8Array(arrays.length * rows * width)
      for (let row = 0; row < rows; row++) {
        arrays.forEach((array, s) =>
          all.set(array.subarray(row * width, (row + 1) * width), (row * arrays.length + s) * width),
        )
      }
      return all
    }
    const shape = {
      queries: sequences * queries,
      heads,
      keyHeads,
      headDimension,
      keys,
      firstPosition,
      sequences,
      sequenceStride: 1,
      keyStride: sequences,
      cacheRows: sequences * keys,
      scoreShift,
    }
    const buffers = [
      packPanels(
        interleave(
          parts.map(({ q }) => q),
          queryWidth,
        ),
        queryWidth,
      ),
      packPanels(
        interleave(
          parts.map(({ k }) => k),
          keyWidth,
        ),
        keyWidth,
      ),
      packPanels(
        interleave(
          parts.map(({ v }) => v),
          keyWidth,
        ),
        keyWidth,
      ),
      (sequences * queries * queryWidth) / 4,
    ]
    const words = await run('attention', shape, buffers, 3)
    expect(unpackPanels(words, queryWidth)).toEqual(interleave(expected, queryWidth))
  })

  it.each([
    { rows: 1, n: 16, shift: 0 },
    { rows: 65, n: 48, shift: 11 },
    { rows: 4, n: 16, shift: 30 },
  ])('requantises $rows rows of $n by $shift', async ({ rows, n, shift }) => {
    const next = seededIntegers(12)
    const limit = shift === 0 ? 300 : 2 ** 30
    const sums = Int32Array.from({ length: rows * n }, () => next(-limit, limit))
    const words = await run('requantise', { rows, n, shift }, [packQuads(sums, n), (rows * n) / 4], 1)
    expect(unpackPanels(words, n)).toEqual(requantise(sums, shift))
  })

  it('generates weights, inputs and the target, and scores what is a hit and what is not', async () => {
    const raceClass = RACE_CLASSES.micro
    const { width, feedForward, hitNumerator } = raceClass
    const raceSeed = await deriveRaceSeed(new Uint8Array(32).fill(9), raceClass)
    const inputKey = await deriveInputKey(raceSeed, await deriveNodeSeed(new Uint8Array(32).fill(5)))
    // Layer 2, tensor 6: down, the one whose rows are several blocks.
    const down = { key: [...raceSeed], domain: 1, index: 2 * 8 + 6, rows: width, columns: feedForward }
    const weights = await run('generateWeights', down, [(width * feedForward) / 4], 0)
    expect(unpackPanels(weights, feedForward)).toEqual(generateTensor(raceClass, raceSeed, 2, 'down'))

    const nonces = [0, 7, 4_294_967_295]
    const inputs = { key: [...inputKey], batch: nonces.length, width, positions: 4 }
    const words = await run('generateInputs', inputs, [nonces, nonces.length * width], 1)
    const rows = unpackPanels(words, width)
    for (const [i, nonce] of nonces.entries()) {
      const expected = generateInput(raceClass, inputKey, nonce)
      for (let position = 0; position < 4; position++) {
        const row = position * nonces.length + i
        expect(rows.slice(row * width, (row + 1) * width)).toEqual(
          expected.slice(position * width, (position + 1) * width),
        )
      }
    }

    // The second nonce's output is its own target turned back: a cosine of one.
    const target = generateTarget(raceClass, raceSeed)
    const outputs = nonces.map((nonce, i) => {
      const permutation = derivePermutation(raceClass, inputKey, nonce)
      return i === 1 ? Int8Array.from(permutation, (place) => target[place]!) : seededBytes(50 + i, width)
    })
    const expected = nonces.map((nonce, i) =>
      scoreOutput(raceClass, outputs[i]!, derivePermutation(raceClass, inputKey, nonce), target),
    )
    expect(expected.map(({ isHit }) => isHit)).toEqual([false, true, false])
    const buffers = [
      nonces,
      packPanels(Int8Array.from(outputs.flatMap((output) => [...output])), width),
      [...new Int32Array(target.buffer)],
      2 * nonces.length,
      1 + nonces.length,
    ]
    const shape = { key: [...inputKey], width, batch: nonces.length, count: nonces.length, hitNumerator }
    expect(await run('score', shape, buffers, 3)).toEqual(
      expected.flatMap(({ dot, squaredLength }) => [dot, squaredLength]),
    )
    expect((await run('score', shape, buffers, 4)).slice(0, 2)).toEqual([1, 1])
    // A nonce beyond those that count is no hit, whatever it scores.
    expect((await run('score', { ...shape, count: 1 }, buffers, 4))[0]).toBe(0)
  })

  it('measures a peak that depends on every product', async () => {
    const few = await run('peak', { workgroups: 1, rounds: 1 }, [128], 0)
    const more = await run('peak', { workgroups: 1, rounds: 2 }, [128], 0)
    expect(new Set(few).size).toBeGreaterThan(100)
    expect(more).not.toEqual(few)
  })
})

function mapRows(
  values: Int32Array,
  width: number,
  map: (row: Int32Array) => Int8Array,
): Int8Array<ArrayBuffer> {
  const mapped = new Int8Array(values.length)
  for (let start = 0; start < values.length; start += width) {
    mapped.set(map(values.subarray(start, start + width)), start)
  }
  return mapped
}
