import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { fuzzParameters } from '../model/fuzz-runs.fixture.ts'
import type { IssuanceState } from './issuance.ts'
import {
  ISSUANCE_BATCH,
  ISSUANCE_GENESIS,
  ISSUANCE_TOTAL,
  issuanceRate,
  minimumOfDay,
  releaseCoins,
  shareByWork,
} from './issuance.ts'

const UNLIMITED = 2n ** 200n
const fee = fc.oneof(fc.bigInt(0n, 10n ** 6n), fc.bigInt(0n, 10n ** 24n), fc.bigInt(0n, 6n * 10n ** 26n))
const anywhere = fc
  .bigInt(0n, ISSUANCE_TOTAL)
  .map((issued): IssuanceState => ({ ...ISSUANCE_GENESIS, issued, worked: true }))

it('releases the same however a fee is split', () => {
  fc.assert(
    fc.property(anywhere, fc.array(fee, { minLength: 1, maxLength: 20 }), (start, fees) => {
      let parts = start
      for (const part of fees) parts = releaseCoins(parts, { fees: part, day: 0n, dailyCap: UNLIMITED }).state
      const whole = fees.reduce((sum, part) => sum + part, 0n)
      expect(parts).toEqual(releaseCoins(start, { fees: whole, day: 0n, dailyCap: UNLIMITED }).state)
    }),
    fuzzParameters(2000),
  )
})

it('lies on the line between the rows of the table', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 11n), fc.bigInt(0n, 10n ** 27n), (index, fees) => {
      const { granted, paid } = issuanceRate(index)
      const needed = (ISSUANCE_BATCH * paid + granted - 1n) / granted
      const start = { ...ISSUANCE_GENESIS, issued: ISSUANCE_BATCH * index, worked: true }
      const { subsidy } = releaseCoins(start, { fees: fees % needed, day: 0n, dailyCap: UNLIMITED })
      expect(subsidy).toBe(((fees % needed) * granted) / paid)
    }),
    fuzzParameters(2000),
  )
})

it('never releases more than there is, more than a cap, or less than a minimum', () => {
  const step = fc.record({ fees: fee, days: fc.bigInt(0n, 800n), dailyCap: fc.bigInt(0n, ISSUANCE_BATCH) })
  fc.assert(
    fc.property(anywhere, fc.array(step, { maxLength: 40 }), (start, steps) => {
      let state = start
      let day = 0n
      let released = start.issued
      let ofDay = 0n
      for (const { fees, days, dailyCap } of steps) {
        day += days
        const before = state
        const release = releaseCoins(state, { fees, day, dailyCap })
        state = release.state
        released += release.subsidy + release.minimum
        expect(state.issued).toBe(released)
        expect(released).toBeLessThanOrEqual(ISSUANCE_TOTAL)
        if (days > 0n) {
          const paidForDay = ofDay + release.minimum
          const isDry = before.issued + release.minimum === ISSUANCE_TOTAL
          expect(isDry || paidForDay >= minimumOfDay(before.day)).toBe(true)
          ofDay = 0n
        }
        // A cap that was lowered during the day does not take back what was released before.
        expect(release.subsidy === 0n || ofDay + release.subsidy <= dailyCap).toBe(true)
        ofDay += release.subsidy
      }
    }),
    fuzzParameters(2000),
  )
})

it('shares out every wei, and each share within one wei of its part', () => {
  const works = fc.array(fc.bigInt(0n, 10n ** 12n), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(fc.bigInt(0n, ISSUANCE_BATCH), works, (amount, work) => {
      const total = work.reduce((sum, part) => sum + part, 0n)
      const shares = shareByWork(amount, work)
      fc.pre(total > 0n)
      expect(shares.reduce((sum, share) => sum + share, 0n)).toBe(amount)
      shares.forEach((share, i) => {
        const fair = (amount * (work[i] ?? 0n)) / total
        expect(share === fair || share === fair + 1n, `share ${i}`).toBe(true)
      })
    }),
    fuzzParameters(1000),
  )
})
