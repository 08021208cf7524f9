import { describe, expect, it } from 'vitest'
import { BLOCK_BYTES } from './generator.ts'
import {
  HEAD_DIMENSION,
  POSITIONS,
  RACE_CLASSES,
  TENSOR_NAMES,
  countMultiplyAccumulates,
  countParameters,
  parseRaceClass,
  tensorShape,
} from './race-class.ts'
import { seededIntegers } from './reference/operators.fixture.ts'
import { isHit, sumOfSquares } from './score.ts'

const classes = Object.values(RACE_CLASSES)

describe('Race classes', () => {
  it('have the figures of docs/race.md', () => {
    const figures = classes.map((one) => [one.name, countParameters(one), countMultiplyAccumulates(one)])
    expect(figures).toEqual([
      ['paper', 872_415_232, 3_451_375_616],
      ['tab', 218_103_808, 833_343_488],
      ['micro', 245_760, 895_488],
    ])
  })

  it.each(classes)('$name keeps rows whole in the generator and heads whole in the width', (one) => {
    for (const tensor of TENSOR_NAMES) expect(tensorShape(one, tensor).columns % BLOCK_BYTES, tensor).toBe(0)
    expect(one.heads * HEAD_DIMENSION).toBe(one.width)
    expect(Math.log2(one.width) % 1).toBe(0)
    expect(one.normConstant).toBe(Math.round(32 * Math.sqrt(one.width) * 2 ** 16))
  })

  it.each(classes)('$name keeps every accumulator and the hit test within their words', (one) => {
    const widest = BigInt(Math.max(one.width, one.feedForward))
    expect(widest * 127n ** 2n + 2n ** 12n).toBeLessThan(2n ** 31n)
    const length = BigInt(one.width) * 127n ** 2n
    expect(length ** 2n * 65_536n).toBeLessThan(2n ** 63n)
    expect(length ** 2n * BigInt(one.hitNumerator)).toBeLessThan(2n ** 63n)
  })

  it.each(classes)('$name is hit by one output in 900', (one) => {
    // P(cosine > c) of uniform directions: the integral of (1 - x^2)^((D - 3) / 2), by Simpson's rule. Coordinates that are
    // uniform on an interval, in output and target, raise the fourth cumulant by 1.2 * 1.2 / D (an Edgeworth term).
    const power = (one.width - 3) / 2
    const cosine = Math.sqrt(one.hitNumerator / 65_536)
    const density = (x: number): number => (1 - x * x) ** power
    const sphere = integrate(density, cosine, 1) / integrate(density, -1, 1)
    const z = cosine * Math.sqrt(one.width)
    const edgeworth =
      ((1.44 / one.width / 24) * (z ** 3 - 3 * z) * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)
    expect((sphere + edgeworth) * 900).toBeGreaterThan(0.985)
    expect((sphere + edgeworth) * 900).toBeLessThan(1.015)
  })

  it('micro is hit by one uniform output in 900, drawn', () => {
    const one = RACE_CLASSES.micro
    const draw = seededIntegers(11)
    const uniform = (): number => draw(-127, 127)
    let hits = 0
    const trials = 900 * 1_000
    let target = new Int8Array()
    for (let i = 0; i < trials; i++) {
      if (i % 1_000 === 0) target = Int8Array.from({ length: one.width }, uniform)
      let [dot, squared] = [0, 0]
      for (let k = 0; k < one.width; k++) {
        const value = uniform()
        dot += value * target[k]!
        squared += value * value
      }
      if (isHit(one, dot, squared, sumOfSquares(target))) hits++
    }
    // 1,000 expected, deviation 32.
    expect(Math.abs(hits - 1_000)).toBeLessThan(128)
  })

  it('counts an operation alike in the classes that carry weight: their layers are the same', () => {
    const [paper, tab] = [RACE_CLASSES.paper, RACE_CLASSES.tab]
    const layerOf = ({ name: _, number: __, layers: ___, ...shape }: typeof paper): object => shape
    expect(layerOf(tab)).toEqual(layerOf(paper))
    const perWeight = (one: typeof paper): number => countMultiplyAccumulates(one) / countParameters(one)
    // Each weight serves POSITIONS positions, but for the last layer.
    expect(perWeight(tab) / perWeight(paper)).toBeGreaterThan(0.96)
    expect(perWeight(paper)).toBeLessThan(POSITIONS)
  })

  it('refuses an unknown class by name', () => {
    expect(() => parseRaceClass('huge')).toThrowErrorMatchingInlineSnapshot(`
      [RaceError: There is no Race class "huge".
      A newer or older version of the software may know other classes.
      Use one of: paper, tab, micro.
      See docs/race.md]
    `)
    for (const value of ['toString', '__proto__', 1, null, undefined]) {
      expect(() => parseRaceClass(value), String(value)).toThrow(/no Race class/)
    }
    expect(parseRaceClass('tab')).toBe(RACE_CLASSES.tab)
  })
})

function integrate(f: (x: number) => number, from: number, to: number): number {
  const steps = 20_000
  const width = (to - from) / steps
  let sum = f(from) + f(to)
  for (let i = 1; i < steps; i++) sum += f(from + i * width) * (i % 2 === 1 ? 4 : 2)
  return (sum * width) / 3
}
