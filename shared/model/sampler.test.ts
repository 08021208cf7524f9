import { describe, expect, it } from 'vitest'
import type { SamplingParams } from '../engine/compute-engine.ts'
import { checkSamplingParams, expOfNegative, philox2x32, sampleToken, uniform } from './sampler.ts'

const GREEDY: SamplingParams = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 }
const SAMPLED: SamplingParams = { ...GREEDY, temperature: 1 }
const NONE: ReadonlySet<number> = new Set()
const LOGITS = Float32Array.of(1, 3, 2, 3, -1)

/** Shares of the tokens over 4,000 positions. */
function shares(params: SamplingParams, history = NONE): number[] {
  const counts = new Array<number>(LOGITS.length).fill(0)
  for (let position = 0; position < 4000; position++)
    counts[sampleToken(LOGITS, params, history, position)]! += 1 / 4000
  return counts
}

describe('the sampler', () => {
  it('takes the largest logit at temperature 0, the lowest id on a tie', () => {
    expect(sampleToken(LOGITS, GREEDY, NONE, 9)).toBe(1)
    expect(sampleToken(Float32Array.of(-5, -4), GREEDY, NONE, 9)).toBe(1)
  })

  it('draws by the softmax of the logits', () => {
    const weights = [...LOGITS].map(Math.exp)
    const total = weights.reduce((sum, weight) => sum + weight)
    // Four standard deviations of 4,000 draws are below 0.032.
    shares(SAMPLED).forEach((share, id) =>
      expect(Math.abs(share - weights[id]! / total), `token ${id}`).toBeLessThan(0.032),
    )
  })

  it.each<[string, Partial<SamplingParams>, number[]]>([
    ['top-k', { topK: 2 }, [1, 3]],
    ['top-k with a cut tie, lowest id first', { topK: 1 }, [1]],
    ['top-p', { topP: 0.75 }, [1, 3]],
    ['top-p of 0, which keeps one', { topP: 0 }, [1]],
    ['min-p', { minP: 0.3 }, [1, 2, 3]],
    ['min-p of 1, which keeps ties', { minP: 1 }, [1, 3]],
    ['a low temperature', { temperature: 0.05 }, [1, 3]],
    ['all at once', { topK: 3, topP: 0.9, minP: 0.5 }, [1, 3]],
  ])('keeps the right candidates with %s', (_, change, expected) => {
    const drawn = shares({ ...SAMPLED, ...change }).flatMap((share, id) => (share > 0 ? [id] : []))
    expect(drawn).toEqual(expected)
  })

  it('lowers the logits of what was said, positive ones and negative ones', () => {
    const params = { ...GREEDY, repetitionPenalty: 2 }
    expect(sampleToken(LOGITS, params, new Set([1]), 0)).toBe(3)
    expect(sampleToken(LOGITS, params, new Set([1, 3]), 0)).toBe(2)
    expect(sampleToken(Float32Array.of(-1, -1.5), params, new Set([0]), 0)).toBe(1)
  })

  it('repeats itself for the same seed and position, and for no other', () => {
    const draw = (seed: number): number[] =>
      Array.from({ length: 64 }, (_, position) => sampleToken(LOGITS, { ...SAMPLED, seed }, NONE, position))
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(new Set(draw(7)).size).toBeGreaterThan(2)
  })

  it('gives the golden draws', () => {
    // Written by this sampler once; any change of them breaks replay between versions.
    const logits = Float32Array.from({ length: 100 }, (_, id) => Math.fround(((id * 37) % 100) / 20))
    const params = {
      temperature: 0.8,
      topK: 40,
      topP: 0.95,
      minP: 0.02,
      repetitionPenalty: 1.1,
      seed: 123456789,
    }
    const history = new Set([27, 54, 81])
    const draws = Array.from({ length: 12 }, (_, position) => sampleToken(logits, params, history, position))
    expect(draws).toMatchInlineSnapshot(`
      [
        27,
        78,
        27,
        43,
        86,
        70,
        13,
        70,
        67,
        21,
        97,
        24,
      ]
    `)
  })

  it.each([NaN, Infinity, -Infinity])('refuses a logit of %d', (bad) => {
    expect(() => sampleToken(Float32Array.of(0, bad), GREEDY, NONE, 0)).toThrow(/logit 1 is/)
  })

  it.each<[keyof SamplingParams, number[], number[]]>([
    ['temperature', [0, 100], [-0.1, 100.1, NaN]],
    ['topK', [0, 1], [-1, 1.5, Infinity]],
    ['topP', [0, 1], [-0.1, 1.1]],
    ['minP', [0, 1], [-0.1, 1.1]],
    ['repetitionPenalty', [0.01, 100], [0, 101]],
    ['seed', [0, 4294967295], [-1, 4294967296, 0.5]],
  ])('checks the range of %s', (name, legal, illegal) => {
    for (const value of legal)
      expect(() => checkSamplingParams({ ...GREEDY, [name]: value }), `${value}`).not.toThrow()
    for (const value of illegal) {
      expect(() => checkSamplingParams({ ...GREEDY, [name]: value }), `${value}`).toThrow(new RegExp(name))
    }
  })
})

describe('the generator', () => {
  it.each([
    // Known answers of the Random123 distribution, file kat_vectors, philox2x32 with 10 rounds.
    [[0, 0], 0, [0xff1dae59, 0x6cd10df2]],
    [[0xffffffff, 0xffffffff], 0xffffffff, [0x2c3f628b, 0xab4fd7ad]],
    [[0x243f6a88, 0x85a308d3], 0x13198a2e, [0xdd7ce038, 0xf62a4c12]],
  ])('is Philox 2x32-10: counter %j, key %i', ([low, high], key, expected) => {
    expect(philox2x32(low!, high!, key)).toEqual(expected)
  })

  it('is uniform in [0, 1)', () => {
    const draws = Array.from({ length: 2000 }, (_, position) => uniform(3, position))
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...draws)).toBeLessThan(1)
    expect(Math.abs(draws.reduce((sum, draw) => sum + draw) / 2000 - 0.5)).toBeLessThan(0.026)
  })

  it('has an exponential within 2^-51 of the built-in one', () => {
    for (let x = 0; x > -45; x -= 0.01373) {
      expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1), `e^${x}`).toBeLessThan(2 ** -51)
    }
  })
})
