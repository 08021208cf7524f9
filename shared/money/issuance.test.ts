import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  ISSUANCE_BATCH,
  ISSUANCE_GENESIS,
  ISSUANCE_TOTAL,
  issuanceRate,
  minimumOfDay,
  releaseCoins,
  shareByWork,
  splitReleased,
} from './issuance.ts'
import { issuanceVectors } from './issuance-vectors.fixture.ts'

const COIN = 10n ** 18n
const UNLIMITED = 2n ** 200n
const toWholeCoins = (wei: bigint): bigint => (wei + COIN / 2n) / COIN

/** Race paper, Appendix F: subsidy in hundredths of a per cent, fees and total in whole coins. */
const TABLE = [
  [1, 9000n, 5_555_556n, 55_555_556n],
  [2, 7200n, 19_444_444n, 69_444_444n],
  [3, 5760n, 36_805_556n, 86_805_556n],
  [4, 4608n, 58_506_944n, 108_506_944n],
  [5, 3686n, 85_633_681n, 135_633_681n],
  [6, 2949n, 119_542_101n, 169_542_101n],
  [7, 2359n, 161_927_626n, 211_927_626n],
  [8, 1887n, 214_909_532n, 264_909_532n],
  [9, 1510n, 281_136_915n, 331_136_915n],
  [10, 1208n, 363_921_144n, 413_921_144n],
  [11, 966n, 467_401_430n, 517_401_430n],
  [12, 773n, 596_751_788n, 646_751_788n],
] as const

describe('the issuance table of the paper', () => {
  it.each(TABLE)('row %i', (row, subsidyBps, fees, total) => {
    const { granted, paid } = issuanceRate(BigInt(row - 1))
    // The paper rounds half up to a hundredth of a per cent.
    expect((granted * 10_000n * 2n + (granted + paid)) / (2n * (granted + paid))).toBe(subsidyBps)
    // The fees that exhaust the batch, from its first coin to its last.
    let state = { ...ISSUANCE_GENESIS, issued: ISSUANCE_BATCH * BigInt(row - 1), worked: true }
    const exact = (ISSUANCE_BATCH * paid + granted - 1n) / granted
    const before = releaseCoins(state, { fees: exact - 1n, day: 0n, dailyCap: UNLIMITED })
    expect(before.subsidy).toBeLessThan(ISSUANCE_BATCH)
    state = before.state
    const last = releaseCoins(state, { fees: 1n, day: 0n, dailyCap: UNLIMITED })
    expect(before.subsidy + last.subsidy).toBe(ISSUANCE_BATCH)
    expect(toWholeCoins(exact)).toBe(fees)
    expect(toWholeCoins(exact + ISSUANCE_BATCH)).toBe(total)
  })

  it('releases nothing after the twelfth row', () => {
    const state = { ...ISSUANCE_GENESIS, issued: ISSUANCE_TOTAL, worked: true }
    const after = releaseCoins(state, { fees: 10n ** 30n, day: 400n, dailyCap: UNLIMITED })
    expect([after.subsidy, after.minimum]).toEqual([0n, 0n])
  })
})

describe('the daily minimum', () => {
  it.each([
    [0n, 136_986n],
    [364n, 136_986n],
    [365n, 68_493n],
    [730n, 34_247n],
  ])('is what the paper says on day %i', (day, coins) => {
    expect(toWholeCoins(minimumOfDay(day))).toBe(coins)
  })

  it('is paid for a day with work once the day is over, and not for a day without', () => {
    const first = releaseCoins(ISSUANCE_GENESIS, { fees: COIN, day: 3n, dailyCap: UNLIMITED })
    expect(first).toMatchObject({ subsidy: 9n * COIN, minimum: 0n })
    const second = releaseCoins(first.state, { fees: 0n, day: 9n, dailyCap: UNLIMITED })
    expect(second).toMatchObject({ subsidy: 0n, minimum: minimumOfDay(3n) - 9n * COIN })
  })

  it('drops the remainder of the old rate when it crosses into a new batch, and keeps it within one', () => {
    const before = { ...ISSUANCE_GENESIS, worked: true, remainder: 5n }
    const noFees = { fees: 0n, day: 1n, dailyCap: UNLIMITED }
    expect(releaseCoins({ ...before, issued: ISSUANCE_BATCH - 1n }, noFees).state.remainder).toBe(0n)
    expect(releaseCoins({ ...before, issued: 1n }, noFees).state.remainder).toBe(5n)
  })

  it('is nothing extra for a day that released more against fees', () => {
    const busy = releaseCoins(ISSUANCE_GENESIS, { fees: 100_000n * COIN, day: 0n, dailyCap: UNLIMITED })
    expect(releaseCoins(busy.state, { fees: 0n, day: 1n, dailyCap: UNLIMITED }).minimum).toBe(0n)
  })
})

it('releases at most the daily cap against fees', () => {
  const first = releaseCoins(ISSUANCE_GENESIS, { fees: 1000n * COIN, day: 0n, dailyCap: 500n * COIN })
  expect(first.subsidy).toBe(500n * COIN)
  expect(releaseCoins(first.state, { fees: COIN, day: 0n, dailyCap: 500n * COIN }).subsidy).toBe(0n)
  expect(releaseCoins(first.state, { fees: COIN, day: 1n, dailyCap: 500n * COIN }).subsidy).toBe(9n * COIN)
})

it.each([
  ['a fifth of fees and new coins together', 900n, 100n, 200n],
  ['rounded down', 101n, 3n, 20n],
  ['all new coins when a fifth of the revenue is more', 10n, 100n, 10n],
  ['nothing of nothing', 0n, 0n, 0n],
])('gives the training fund %s', (_title, released, fees, training) => {
  const split = splitReleased(released, { fees, trainingShareBps: 2000n })
  expect(split).toEqual({ reward: released - training, training })
})

it('shares out by work, and among nobody nothing', () => {
  expect(shareByWork(100n, [1n, 1n, 1n])).toEqual([33n, 33n, 34n])
  expect(shareByWork(100n, [0n, 0n])).toEqual([0n, 0n])
  expect(shareByWork(7n, [5n, 0n, 2n])).toEqual([5n, 0n, 2n])
})

it('gives the vectors that the contract is tested with', () => {
  const file = new URL('vectors/issuance.json', import.meta.url)
  // After a change of the rule: tsx shared/money/issuance-vectors.fixture.ts > shared/money/vectors/issuance.json
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(issuanceVectors())
})
