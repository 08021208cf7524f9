import { describe, expect, it } from 'vitest'
import { Slots } from './slots.ts'
import { TokenBuckets } from './token-buckets.ts'

describe('TokenBuckets', () => {
  it('grants a minute at once, then one token per share of a minute', () => {
    let nowMs = 0
    const buckets = new TokenBuckets({ perMinute: 60, nowMs: () => nowMs })
    for (let i = 0; i < 60; i++) expect(buckets.take('a').isAllowed, `take ${i}`).toBe(true)
    expect(buckets.take('a')).toEqual({ isAllowed: false, retryAfterMs: 1000 })
    expect(buckets.take('b').isAllowed).toBe(true)
    nowMs = 400
    expect(buckets.take('a')).toEqual({ isAllowed: false, retryAfterMs: 600 })
    nowMs = 1000
    expect(buckets.take('a').isAllowed).toBe(true)
    expect(buckets.take('a').isAllowed).toBe(false)
  })

  it('never holds more than a minute', () => {
    let nowMs = 0
    const buckets = new TokenBuckets({ perMinute: 2, nowMs: () => nowMs })
    buckets.take('a')
    nowMs = 3_600_000
    expect([1, 2, 3].map(() => buckets.take('a').isAllowed)).toEqual([true, true, false])
  })

  it('stays bounded whatever number of clients comes, and forgets the one that came longest ago', () => {
    const buckets = new TokenBuckets({ perMinute: 1, nowMs: () => 0 })
    buckets.take('first')
    buckets.take('second')
    buckets.take('first')
    for (let i = 0; i < 49_999; i++) buckets.take(`flood ${i}`)
    expect(buckets.size).toBe(50_000)
    expect(buckets.take('first').isAllowed).toBe(false)
    expect(buckets.take('second').isAllowed).toBe(true)
  })
})

describe('Slots', () => {
  it('counts per key and in all, and takes a slot back once', () => {
    const slots = new Slots({ perKey: 2, total: 3 })
    const first = slots.acquire('a')
    slots.acquire('a')
    expect(slots.acquire('a').status).toBe('key-full')
    slots.acquire('b')
    expect(slots.acquire('c').status).toBe('all-full')
    if (first.status !== 'acquired') throw new Error('the first slot was refused')
    first.release()
    first.release()
    expect(slots.openTotal).toBe(2)
    expect(slots.acquire('a').status).toBe('acquired')
    expect(slots.acquire('a').status).toBe('key-full')
  })
})
