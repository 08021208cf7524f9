import { describe, expect, it } from 'vitest'
import { normalTail } from './distributions.ts'
import {
  HIT_PROBABILITY,
  HIT_SCORE,
  bestCascade,
  bestFilter,
  bestGrind,
  hitWithShiftedMean,
  hitWithSpreadVariance,
} from './filters.ts'

it('a hit is one score in 900', () => {
  expect(normalTail(HIT_SCORE) / HIT_PROBABILITY).toBeCloseTo(1, 5)
})

describe('the best filter', () => {
  it('gains nothing from a guess that knows nothing', () => {
    expect(bestFilter(0, 0.25, 0.75)).toBeCloseTo(0, 6)
    expect(bestFilter(0, 0.5, 1)).toBe(0)
  })

  it('gains all that is left to pay from a guess that knows all but a little', () => {
    // Half the cost, and one nonce in 900 is finished: 1 / (0.5 + 0.5 / 900) - 1.
    const limit = 1 / (0.5 + 0.5 / 900) - 1
    const gain = bestFilter(0.9999, 0.5, 0.5)
    expect(gain).toBeLessThan(limit + 1e-3)
    expect(gain).toBeGreaterThan(0.9 * limit)
  })

  it('equals a search over one threshold by simulation-free integration', () => {
    // Correlation 0.5 at half the cost: keep the guesses above a cut; P(kept | hit) by integrating over the score.
    const correlation = 0.5
    let best = 0
    for (let cut = -3; cut < 3; cut += 0.01) {
      let kept = 0
      for (let z = HIT_SCORE + 0.005; z < 8; z += 0.01) {
        const tail = normalTail((cut - correlation * z) / Math.sqrt(1 - correlation ** 2))
        kept += (tail * Math.exp((-z * z) / 2) * 0.01) / Math.sqrt(2 * Math.PI)
      }
      best = Math.max(best, kept / HIT_PROBABILITY / (0.5 + 0.5 * normalTail(cut)) - 1)
    }
    expect(bestFilter(correlation, 0.5, 0.5)).toBeCloseTo(best, 2)
  })

  it('finds that an ordinary residual network is broken', () => {
    // Correlations of the stream with the output of a pre-norm network after a quarter, half, three quarters of the work.
    const first = { cost: 0.25, correlation: 0.51 }
    const single = 1 / (1 + bestCascade([first]))
    // Simulated networks gave 0.46 with one cut-off.
    expect(Math.abs(single - 0.46)).toBeLessThan(0.02)
    const cascade = bestCascade([first, { cost: 0.5, correlation: 0.71 }, { cost: 0.75, correlation: 0.87 }])
    expect(1 / (1 + cascade)).toBeLessThan(single - 0.02)
  })

  it('gains no more than what is left to pay, however many stages there are', () => {
    // The last hundredth of the cost in 31 steps, each of which knows its part of the score.
    const stages = Array.from({ length: 31 }, (_, i) => ({
      cost: 0.99 + (0.01 * (i + 1)) / 32,
      correlation: Math.sqrt((i + 1) / 32),
    }))
    const gain = bestCascade(stages)
    expect(gain).toBeGreaterThan(0.003)
    expect(gain).toBeLessThan(1 / 0.99 - 1)
  })

  it('sees what a guess gains that knows little and costs little, as grinding does', () => {
    const [correlation, cost] = [0.005, 0.001]
    const ground = bestGrind(hitWithShiftedMean(correlation), cost)
    expect(ground).toBeGreaterThan(0.015)
    // Going on costs the same whether a nonce was drawn for grinding or guessed at a first stage.
    expect(Math.abs(bestCascade([{ cost, correlation }], 1 + cost) - ground)).toBeLessThan(0.002)
  })

  it('never gains less with a stage more', () => {
    const stages = [0.2, 0.4, 0.6, 0.8].map((share) => ({ cost: share, correlation: Math.sqrt(share) }))
    const gains = stages.map((_, i) => bestCascade(stages.slice(i)))
    for (let i = 1; i < gains.length; i++) expect(gains[i - 1]!).toBeGreaterThanOrEqual(gains[i]! - 1e-3)
  })
})

describe('grinding', () => {
  it('gains nothing without a prediction, and less than nothing for its cost', () => {
    expect(bestGrind(() => HIT_PROBABILITY, 0.01)).toBeLessThan(0.001)
  })

  it('gains much from the uneven spectrum that the first version of the specification had', () => {
    // Relative variance of eigenvalues 0.09 in 512 dimensions: the score's variance differs by sqrt(2 * 0.09 / 512).
    const gain = bestGrind(hitWithSpreadVariance(Math.sqrt((2 * 0.09) / 512)), 2e-4)
    expect(gain).toBeGreaterThan(0.2)
    expect(gain).toBeLessThan(0.4)
  })

  it('gains from a common part of outputs', () => {
    expect(bestGrind(hitWithShiftedMean(0.05), 2e-4)).toBeGreaterThan(0.4)
    expect(bestGrind(hitWithShiftedMean(0.001), 2e-4)).toBeLessThan(0.01)
  })
})
