import { describe, expect, it } from 'vitest'
import { BatchSizer, MAX_DISPATCH_MS } from './batch-sizer.ts'

/** A device that is full with 1,000 nonces, whose dispatches take so long a nonce, after a fixed cost; a batch has four. */
function race(sizer: BatchSizer, batches: number, msPerNonce: number, remainingMs = 1e9): number[] {
  return Array.from({ length: batches }, () => {
    const nonces = sizer.next(remainingMs)
    const longestDispatchMs = 1 + Math.min(1000, nonces) * msPerNonce
    sizer.note({ nonces, longestDispatchMs, activeMs: 4 * (1 + nonces * msPerNonce) })
    return nonces
  })
}

describe('the size of batches', () => {
  it('begins with a quarter of what the path predicts and fills the device within two batches', () => {
    expect(race(new BatchSizer(1000), 3, 0.05)).toEqual([250, 500, 1000])
  })

  it('keeps a quick device busy for half a second at a time', () => {
    const sizes = race(new BatchSizer(1000), 9, 0.01)
    expect(sizes.slice(0, 6)).toEqual([250, 500, 1000, 2000, 4000, 8000])
    // 12,400 nonces take 500 ms.
    for (const size of sizes.slice(6)) expect(Math.abs(size - 12_400)).toBeLessThan(60)
  })

  it('gives a slower device fewer', () => {
    expect(race(new BatchSizer(1000), 6, 0.06).slice(2)).toEqual([1000, 2000, 2066, 2066])
  })

  it('keeps dispatches below the limit on a device slower than predicted', () => {
    const sizes = race(new BatchSizer(1000), 6, 1)
    expect(sizes[0]).toBe(250)
    for (const size of sizes.slice(1)) expect(1 + size).toBeLessThanOrEqual(MAX_DISPATCH_MS)
    expect(sizes.at(-1)).toBeGreaterThan(70)
  })

  it('follows a device that slows down, and recovers with it', () => {
    const sizer = new BatchSizer(1000)
    race(sizer, 4, 0.05)
    const [first, second] = race(sizer, 2, 0.5)
    expect(first).toBeGreaterThan(1000)
    expect(second! * 0.5).toBeLessThanOrEqual(MAX_DISPATCH_MS)
    expect(race(sizer, 6, 0.05).at(-1)).toBeGreaterThan(1000)
  })

  it('does not starve a path whose dispatches do not depend on the size', () => {
    const sizer = new BatchSizer(64)
    const sizes = Array.from({ length: 6 }, () => {
      const nonces = sizer.next(1e9)
      sizer.note({ nonces, longestDispatchMs: 300, activeMs: 100 * nonces })
      return nonces
    })
    expect(sizes).toEqual([16, 4, 8, 16, 32, 64])
  })

  it('shrinks to what is likely to finish before the deadline', () => {
    const sizer = new BatchSizer(1000)
    race(sizer, 3, 0.05)
    // The last batch of 1000 took 204 ms.
    expect(sizer.next(51)).toBe(200)
    expect(sizer.next(0)).toBe(1)
  })

  it('runs at least one nonce, whatever a path says', () => {
    expect(new BatchSizer(1).next(1000)).toBe(1)
    expect(race(new BatchSizer(8), 5, 10_000).at(-1)).toBe(1)
  })
})
