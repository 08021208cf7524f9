import { describe, expect, it } from 'vitest'
import { RACE_CLASSES } from '../race-class.ts'
import { isCountPlausible, MAX_MULTIPLY_ACCUMULATES_PER_SECOND } from './plausible-count.ts'

const { tab, paper } = RACE_CLASSES
const HOUR_MS = 3_600_000

describe('counts of claims', () => {
  it.each([
    ['nothing', 0, 0, true],
    ['a claim without a nonce', 1, 0, false],
    ['no luck at all', 0, 1_000_000, true],
    ['as expected', 1_111, 1_000_000, true],
    // Standard deviation 33.3.
    ['five deviations of luck', 1_278, 1_000_000, true],
    ['eight deviations', 1_378, 1_000_000, false],
    ['one hit at once', 1, 1, true],
    ['two hits at once', 2, 2, true],
    ['six hits at once', 6, 6, false],
  ])('%s: %d of %d', (_title, claimCount, nonceCount, expected) => {
    expect(isCountPlausible(tab, { claimCount, nonceCount }, HOUR_MS)).toBe(expected)
  })

  it('are bounded by the work that a peer can do in the window', () => {
    // 900 nonces of 3.45 * 10^9 operations a claim: 3.1 * 10^12.
    const claimCount = 100_000
    const counts = { claimCount, nonceCount: 900 * claimCount }
    const seconds = (claimCount * 900 * 3.45e9) / MAX_MULTIPLY_ACCUMULATES_PER_SECOND
    expect(isCountPlausible(paper, counts, 1_010 * seconds)).toBe(true)
    expect(isCountPlausible(paper, counts, 990 * seconds)).toBe(false)
    expect(isCountPlausible(paper, counts, 0)).toBe(false)
  })
})
