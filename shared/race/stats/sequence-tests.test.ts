import { describe, expect, it } from 'vitest'
import { seededIntegers } from '../reference/operators.fixture.ts'
import {
  correlation,
  gapsBetweenHits,
  hitsPerBit,
  hitsPerBlock,
  kolmogorovSmirnov,
  lagCorrelations,
  neighboursOfHits,
  runsOfSigns,
} from './sequence-tests.ts'

const N = 2 ** 16
const uniform = (seed: number): Float64Array => {
  const next = seededIntegers(seed)
  return Float64Array.from({ length: N }, () => next(-1_000_000, 1_000_000) / 1_000_000)
}
/** Independent hits at one in 60. */
const hitsOf = (seed: number, rate: (i: number) => number = () => 1 / 60): Uint8Array => {
  const next = seededIntegers(seed)
  return Uint8Array.from({ length: N }, (_, i) => (next(0, 999_999) < rate(i) * 1_000_000 ? 1 : 0))
}

// Each test has to let an independent sequence pass and to refuse one with the fault that it is for.
describe('tests of a sequence', () => {
  it('Kolmogorov-Smirnov sees a wrong spread', () => {
    const cdf = (x: number): number => (x + 1) / 2
    expect(kolmogorovSmirnov('', uniform(1), cdf).pValue).toBeGreaterThan(0.001)
    const narrow = uniform(1).map((x) => x * 0.97)
    expect(kolmogorovSmirnov('', narrow, cdf).pValue).toBeLessThan(1e-6)
  })

  it('runs of signs see that signs stick', () => {
    const values = uniform(2)
    expect(runsOfSigns('', values).pValue).toBeGreaterThan(0.001)
    const sticky = values.map((x, i) => (i % 20 === 0 ? (values[i - 1] ?? x) : x))
    expect(runsOfSigns('', sticky).pValue).toBeLessThan(1e-6)
  })

  it('lag correlations see an echo', () => {
    const values = uniform(3)
    expect(lagCorrelations('', values, 16).pValue).toBeGreaterThan(0.001)
    const echo = values.map((x, i) => x + 0.04 * (values[i - 7] ?? 0))
    expect(lagCorrelations('', echo, 16).pValue).toBeLessThan(1e-6)
  })

  it('a correlation sees a common part', () => {
    const [a, b] = [uniform(4), uniform(5)]
    expect(correlation('', a, b).pValue).toBeGreaterThan(0.001)
    const mixed = b.map((x, i) => x + 0.03 * a[i]!)
    expect(correlation('', a, mixed).pValue).toBeLessThan(1e-6)
  })

  it('hits per block see a trend', () => {
    expect(hitsPerBlock('', hitsOf(6), 64).pValue).toBeGreaterThan(0.001)
    const trend = hitsOf(6, (i) => (0.4 + (1.2 * i) / N) / 60)
    expect(hitsPerBlock('', trend, 64).pValue).toBeLessThan(1e-6)
  })

  it('gaps see that hits come in groups', () => {
    expect(gapsBetweenHits('', hitsOf(7), 16).pValue).toBeGreaterThan(0.001)
    const grouped = hitsOf(7, (i) => (i % 512 < 128 ? 1 / 20 : 1 / 180))
    expect(gapsBetweenHits('', grouped, 16).pValue).toBeLessThan(1e-6)
  })

  it('bits see that odd places are favoured', () => {
    expect(hitsPerBit('', hitsOf(8), 16).pValue).toBeGreaterThan(0.001)
    const odd = hitsOf(8, (i) => (i % 2 === 1 ? 1 / 40 : 1 / 120))
    expect(hitsPerBit('', odd, 16).pValue).toBeLessThan(1e-6)
  })

  it('neighbours see hits that attract each other, near by and one bit away', () => {
    const scores = uniform(9)
    const shape = { reach: 8, bits: 16 }
    for (const { name, pValue } of neighboursOfHits('', scores, hitsOf(10), shape)) {
      expect(pValue, name).toBeGreaterThan(0.001)
    }
    const pairs = hitsOf(10)
    for (const i of [...pairs.keys()].filter((place) => pairs[place] === 1)) {
      if (i % 8 === 0) pairs[i ^ 4_096] = 1
    }
    const scored = scores.map((score, i) => (pairs[i ^ 4_096] === 1 ? score + 0.5 : score))
    for (const { name, pValue } of neighboursOfHits('', scored, pairs, shape)) {
      expect(pValue, name).toBeLessThan(1e-6)
    }
  })
})
