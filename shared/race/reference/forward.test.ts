import { describe, expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { fromHex } from '../../protocol/ids.ts'
import { generateTarget, generateTensor } from '../generator.ts'
import {
  HEAD_DIMENSION,
  POSITIONS,
  RACE_CLASSES,
  TENSOR_NAMES,
  countMultiplyAccumulates,
  parseRaceClass,
} from '../race-class.ts'
import type { TraceName } from '../race-path.ts'
import type { RaceVectors } from '../race-vectors.ts'
import { derivePermutation, scoreOutput } from '../score.ts'
import { deriveInputKey, deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import microVectors from '../vectors/micro.json' with { type: 'json' }
import paperVectors from '../vectors/paper.json' with { type: 'json' }
import tabVectors from '../vectors/tab.json' with { type: 'json' }
import { forward, forwardLayer, storedTensors } from './forward.ts'
import { traceForward } from './trace.ts'

const files = [microVectors, tabVectors, paperVectors] as RaceVectors[] // JSON types names as strings
const micro = files[0]!

async function seedsOf(vectors: RaceVectors): Promise<{
  raceSeed: Awaited<ReturnType<typeof deriveRaceSeed>>
  nodeSeed: Awaited<ReturnType<typeof deriveNodeSeed>>
  inputKey: Awaited<ReturnType<typeof deriveInputKey>>
}> {
  const raceSeed = await deriveRaceSeed(fromHex(vectors.beacon), parseRaceClass(vectors.class))
  const nodeSeed = await deriveNodeSeed(fromHex(vectors.publicKey))
  return { raceSeed, nodeSeed, inputKey: await deriveInputKey(raceSeed, nodeSeed) }
}

describe.each(files)('the golden vectors of $class', (vectors) => {
  it('have the seeds, the target and the first weights that the reference derives', async () => {
    const raceClass = parseRaceClass(vectors.class)
    const seeds = await seedsOf(vectors)
    expect(seeds.raceSeed).toEqual(fromHex(vectors.raceSeed))
    expect(seeds.nodeSeed).toEqual(fromHex(vectors.nodeSeed))
    expect(seeds.inputKey).toEqual(fromHex(vectors.inputKey))
    expect([...generateTarget(raceClass, seeds.raceSeed)]).toEqual(vectors.target)
    const query = generateTensor(raceClass, seeds.raceSeed, 0, 'query')
    expect(createHash('sha256').update(query).digest('hex')).toBe(vectors.firstLayerSha256[0])
  })

  it('score their outputs as they say', async () => {
    const raceClass = parseRaceClass(vectors.class)
    const { inputKey } = await seedsOf(vectors)
    for (const { nonce, output, permutation, dot, squaredLength, isHit } of vectors.traced) {
      expect([...derivePermutation(raceClass, inputKey, nonce)], `nonce ${nonce}`).toEqual(permutation)
      const score = scoreOutput(
        raceClass,
        Int8Array.from(output),
        Uint16Array.from(permutation),
        Int8Array.from(vectors.target),
      )
      expect(score, `nonce ${nonce}`).toEqual({ dot, squaredLength, isHit })
    }
  })

  it('name every array of every layer', () => {
    const raceClass = parseRaceClass(vectors.class)
    for (const { trace } of vectors.traced) {
      expect(trace.length).toBe(9 * raceClass.layers)
      expect(new Set(trace.map((entry) => entry.sha256)).size).toBe(trace.length)
    }
  })
})

describe('the reference', () => {
  it('repeats the traces and scores of micro', async () => {
    const { raceSeed, inputKey } = await seedsOf(micro)
    const tensors = storedTensors(RACE_CLASSES.micro, raceSeed)
    for (const { nonce, output, trace } of micro.traced) {
      const repeated = await traceForward(RACE_CLASSES.micro, tensors, inputKey, nonce)
      expect([...repeated.output], `nonce ${nonce}`).toEqual(output)
      expect(repeated.trace, `nonce ${nonce}`).toEqual(trace)
    }
    const target = generateTarget(RACE_CLASSES.micro, raceSeed)
    const chosen = micro.scored.filter(({ nonce, isHit }) => isHit || nonce < 50)
    expect(chosen.filter(({ isHit }) => isHit).length).toBeGreaterThan(0)
    for (const { nonce, dot, squaredLength, isHit } of chosen) {
      const output = forward(RACE_CLASSES.micro, tensors, inputKey, nonce)
      const permutation = derivePermutation(RACE_CLASSES.micro, inputKey, nonce)
      const score = scoreOutput(RACE_CLASSES.micro, output, permutation, target)
      expect(score, `nonce ${nonce}`).toEqual({ dot, squaredLength, isHit })
    }
  })

  it('computes for the last position alone in the last layer, with what all positions would give it', async () => {
    const raceClass = RACE_CLASSES.micro
    const { raceSeed, inputKey } = await seedsOf(micro)
    const tensors = storedTensors(raceClass, raceSeed)
    let last = new Int8Array()
    forward(raceClass, tensors, inputKey, 3, (layer, name, rows) => {
      if (layer === raceClass.layers - 2 && name === 'stream') last = rows.slice()
    })
    const hiddenOf = (one: typeof raceClass): number[] => {
      let hidden: number[] = []
      forwardLayer(one, raceClass.layers - 1, tensors, last, (_, name, rows) => {
        if (name === 'hidden') hidden = [...rows]
      })
      return hidden
    }
    // A class with one layer more takes the same layer for an inner one.
    const all = hiddenOf({ ...raceClass, layers: raceClass.layers + 1 })
    expect(all).toHaveLength(POSITIONS * raceClass.feedForward)
    expect(hiddenOf(raceClass)).toEqual(all.slice(3 * raceClass.feedForward))
  })

  it('performs the multiply-accumulates that a nonce counts for', async () => {
    const raceClass = RACE_CLASSES.micro
    const { width, feedForward } = raceClass
    const { raceSeed, inputKey } = await seedsOf(micro)
    // Columns of the projection that made an array times its elements; attention is counted by its context.
    const columns: Partial<Record<TraceName, number>> = {
      query: width,
      key: width,
      value: width,
      context: 2 * POSITIONS,
      attention: width,
      hidden: 2 * width,
      'feed-forward': feedForward,
      output: feedForward,
    }
    let count = 0
    forward(raceClass, storedTensors(raceClass, raceSeed), inputKey, 0, (_, name, rows) => {
      count += (columns[name] ?? 0) * rows.length
    })
    expect(count).toBe(countMultiplyAccumulates(raceClass))
    expect(HEAD_DIMENSION * raceClass.heads).toBe(width)
    expect(TENSOR_NAMES).toHaveLength(7)
  })
})
