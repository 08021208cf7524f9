import type { ConnectionLimits } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { RelayedAllowance } from './relayed-allowance.ts'
import { VirtualClock } from './testing/virtual-clock.fixture.ts'

const MINUTE_MS = 60_000

describe('RelayedAllowance of bytes', () => {
  it.each([
    [1_000n, 'none'],
    [500n, 'none'],
    [499n, 'when-quiet'],
    [250n, 'when-quiet'],
    [249n, 'now'],
    [0n, 'now'],
  ] as const)('with %s of 1,000 left: %s', (left, urgency) => {
    const limits: ConnectionLimits = { bytes: 1_000n }
    const allowance = new RelayedAllowance(limits, 0, new VirtualClock())
    limits.bytes = left // libp2p counts there
    expect(allowance.urgency).toBe(urgency)
  })
})

describe('RelayedAllowance of time', () => {
  it.each([
    // js-libp2p's relay: 30 minutes in milliseconds, as if they were seconds
    ['30 min of a js-libp2p relay', 1_800_000, 30 * MINUTE_MS],
    ['2 min of a js-libp2p relay', 120_000, 2 * MINUTE_MS],
    ['2 min of a go-libp2p relay', 120, 2 * MINUTE_MS],
  ])('reads %s', async (_, seconds, totalMs) => {
    const clock = new VirtualClock()
    const allowance = new RelayedAllowance({ seconds }, 0, clock)
    await clock.advance(0.74 * totalMs)
    expect(allowance.urgency).toBe('none')
    await clock.advance(0.02 * totalMs)
    expect(allowance.urgency).toBe('when-quiet')
    await clock.advance(0.15 * totalMs)
    expect(allowance.urgency).toBe('now')
    await clock.advance(totalMs)
    expect(allowance.urgency).toBe('now')
  })

  it('counts from when the connection was made', () => {
    // 29 of 30 minutes are over; libp2p has taken 29 * 60 "seconds" off.
    const ageMs = 29 * MINUTE_MS
    const limits = { seconds: 1_800_000 - ageMs / 1000 }
    expect(new RelayedAllowance(limits, ageMs, new VirtualClock()).urgency).toBe('now')
  })
})

describe('RelayedAllowance', () => {
  it.each([
    ['says no limits', undefined],
    ['limits neither bytes nor time', {}],
  ])('never asks for another connection where the relay %s', async (_, limits) => {
    const clock = new VirtualClock()
    const allowance = new RelayedAllowance(limits, 0, clock)
    await clock.advance(100 * 60 * MINUTE_MS)
    expect(allowance.urgency).toBe('none')
  })

  it('goes by the limit that is nearer', async () => {
    const clock = new VirtualClock()
    const limits = { bytes: 1_000n, seconds: 100 }
    const allowance = new RelayedAllowance(limits, 0, clock)
    limits.bytes = 400n
    expect(allowance.urgency).toBe('when-quiet')
    await clock.advance(95_000)
    expect(allowance.urgency).toBe('now')
  })
})
