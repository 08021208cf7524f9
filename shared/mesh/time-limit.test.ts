import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { timeLimit } from './time-limit.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('timeLimit', () => {
  it('aborts after its time and says so', () => {
    vi.useFakeTimers()
    const limit = timeLimit(100, new AbortController().signal)
    vi.advanceTimersByTime(99)
    expect(limit.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(limit.signal.aborted).toBe(true)
    expect(limit.hasPassed).toBe(true)
  })

  it.each(['before', 'after'] as const)('aborts with the reason of a parent that aborted %s', (when) => {
    vi.useFakeTimers()
    const parent = new AbortController()
    const reason = new Error('enough')
    if (when === 'before') parent.abort(reason)
    const limit = timeLimit(100, new AbortController().signal, parent.signal)
    if (when === 'after') parent.abort(reason)
    expect(limit.signal.reason).toBe(reason)
    expect(limit.hasPassed).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer and ignores its parents once disposed', () => {
    vi.useFakeTimers()
    const parent = new AbortController()
    const limit = timeLimit(100, parent.signal)
    limit.dispose()
    expect(vi.getTimerCount()).toBe(0)
    parent.abort()
    expect(limit.signal.aborted).toBe(false)
  })

  it('fires although memory is collected while somebody waits', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void // the flag above makes it
    const parent = new AbortController()
    const aborted = new Promise<void>((resolve) => {
      timeLimit(100, parent.signal).signal.addEventListener('abort', () => resolve())
    })
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      collect()
    }
    await aborted
  }, 2_000)
})
