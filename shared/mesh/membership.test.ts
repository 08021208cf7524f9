import { describe, expect, it } from 'vitest'
import type { PeerIdText } from '../protocol/ids.ts'
import { createRandom } from '../protocol/testing/create-random.fixture.ts'
import type { StageAdvert } from '../protocol/stage-advert/stage-advert.ts'
import { Membership } from './membership.ts'

const A = 'a' as PeerIdText // opaque to membership
const B = 'b' as PeerIdText // opaque to membership
const C = 'c' as PeerIdText // opaque to membership

function advert(peerId: PeerIdText, generation: number, sequence: number): StageAdvert {
  return {
    peerId,
    generation,
    sequence,
    kind: 'tab',
    isBackstop: false,
    isAwake: true,
    relayAddresses: [],
    memoryBudgetBytes: 0,
    encodings: [],
    pinnedLayers: null,
    stages: [],
    links: [],
  }
}

describe('adverts', () => {
  it.each<[string, number, number, string]>([
    ['the same again', 5, 5, 'stale'],
    ['an older sequence', 5, 4, 'stale'],
    ['an older generation with a larger sequence', 4, 9, 'stale'],
    ['a newer sequence', 5, 6, 'updated'],
    ['a newer generation with a smaller sequence', 6, 0, 'updated'],
  ])('after (5, 5): %s', (_title, generation, sequence, outcome) => {
    const membership = new Membership()
    expect(membership.applyAdvert(advert(A, 5, 5), 1000)).toBe('added')
    expect(membership.applyAdvert(advert(A, generation, sequence), 2000)).toBe(outcome)
    const expected = outcome === 'stale' ? advert(A, 5, 5) : advert(A, generation, sequence)
    expect(membership.get(A)?.advert).toEqual(expected)
    expect(membership.get(A)?.lastHeardMs).toBe(outcome === 'stale' ? 1000 : 2000)
  })

  it('keeps the seniority of a generation and gives a new one its own', () => {
    const membership = new Membership()
    membership.applyAdvert(advert(A, 1, 1), 100)
    membership.applyAdvert(advert(A, 1, 2), 200)
    expect(membership.get(A)).toMatchObject({ firstSeenMs: 100, lastHeardMs: 200 })
    membership.applyAdvert(advert(A, 2, 0), 300)
    expect(membership.get(A)).toMatchObject({ firstSeenMs: 300, lastHeardMs: 300 })
  })

  it('lists peers in the order in which they joined, and the same list until it changes', () => {
    const membership = new Membership()
    for (const [index, peerId] of [B, A, C].entries()) membership.applyAdvert(advert(peerId, 1, 1), index)
    membership.applyAdvert(advert(B, 1, 2), 9)
    const peers = membership.peers()
    expect(peers.map((peer) => peer.advert.peerId)).toEqual([B, A, C])
    membership.markHeard(A, 10)
    expect(membership.peers()).toBe(peers)
    membership.remove(A)
    expect(membership.peers()).not.toBe(peers)
  })
})

describe('departures', () => {
  it('keeps the generation that left out, and lets the next one in at once', () => {
    const membership = new Membership()
    membership.applyAdvert(advert(A, 3, 7), 1000)
    expect(membership.remove(A, 3)).toBe(true)
    expect(membership.get(A)).toBeUndefined()
    expect(membership.applyAdvert(advert(A, 3, 8), 1001)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 2, 99), 1001)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 4, 0), 1001)).toBe('added')
  })

  it('does not mean a newer generation', () => {
    const membership = new Membership()
    membership.applyAdvert(advert(A, 3, 7), 1000)
    expect(membership.remove(A, 2)).toBe(false)
    expect(membership.get(A)).toBeDefined()
    expect(membership.applyAdvert(advert(A, 3, 8), 1001)).toBe('updated')
  })

  it('removes whatever generation is here where none is named', () => {
    const membership = new Membership()
    membership.applyAdvert(advert(A, 3, 7), 1000)
    expect(membership.remove(A)).toBe(true)
    expect(membership.remove(A)).toBe(false)
    expect(membership.applyAdvert(advert(A, 3, 8), 1001)).toBe('stale')
  })

  it('keeps a generation out that left before its first advert arrived', () => {
    const membership = new Membership()
    expect(membership.remove(A, 3)).toBe(false)
    expect(membership.applyAdvert(advert(A, 3, 1), 10)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 4, 1), 10)).toBe('added')
  })

  it('lets a peer that was lost by mistake back in after the quarantine, but not by an old advert', () => {
    const membership = new Membership({ tombstoneMs: 500 })
    membership.applyAdvert(advert(A, 3, 7), 1000)
    membership.remove(A, 3)
    expect(membership.applyAdvert(advert(A, 3, 9), 1499)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 3, 7), 1500)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 2, 8), 1500)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 3, 8), 1500)).toBe('added')
  })

  it('remembers the newest generation of several departures', () => {
    const membership = new Membership()
    membership.remove(A, 5)
    membership.remove(A, 4)
    expect(membership.applyAdvert(advert(A, 5, 1), 10)).toBe('stale')
    expect(membership.applyAdvert(advert(A, 6, 1), 10)).toBe('added')
  })
})

describe('silence', () => {
  it('sweeps at the limit and not before, and any sign of life counts', () => {
    const membership = new Membership({ advertTtlMs: 90_000 })
    membership.applyAdvert(advert(A, 1, 1), 0)
    membership.applyAdvert(advert(B, 1, 1), 0)
    membership.markHeard(B, 1)
    membership.markHeard(C, 1)
    expect(membership.sweep(89_999)).toEqual([])
    expect(membership.sweep(90_000)).toEqual([A])
    expect(membership.sweep(90_001)).toEqual([B])
    expect(membership.size).toBe(0)
  })

  it('takes a swept peer back', () => {
    const membership = new Membership()
    membership.applyAdvert(advert(A, 1, 1), 0)
    expect(membership.sweep(90_000)).toEqual([A])
    expect(membership.applyAdvert(advert(A, 1, 2), 90_001)).toBe('added')
  })
})

describe('bounds', () => {
  it('has room for maxPeers, and those who are here keep their place', () => {
    const membership = new Membership({ maxPeers: 2 })
    expect(membership.applyAdvert(advert(A, 1, 1), 0)).toBe('added')
    expect(membership.applyAdvert(advert(B, 1, 1), 0)).toBe('added')
    expect(membership.applyAdvert(advert(C, 1, 1), 0)).toBe('full')
    expect(membership.applyAdvert(advert(B, 1, 2), 0)).toBe('updated')
    membership.remove(A)
    expect(membership.applyAdvert(advert(C, 1, 2), 0)).toBe('added')
  })

  it('forgets the oldest departures beyond maxPeers', () => {
    const membership = new Membership({ maxPeers: 2 })
    for (const peerId of [A, B, C]) membership.remove(peerId, 1)
    expect(membership.applyAdvert(advert(A, 1, 1), 0)).toBe('added')
    expect(membership.applyAdvert(advert(B, 1, 1), 0)).toBe('stale')
    expect(membership.applyAdvert(advert(C, 1, 1), 0)).toBe('stale')
  })
})

describe('listeners', () => {
  it('hears of what counted and of nothing else, until it stops', () => {
    const membership = new Membership()
    let calls = 0
    const stop = membership.onChange(() => calls++)
    membership.applyAdvert(advert(A, 1, 1), 0)
    membership.applyAdvert(advert(A, 1, 2), 0)
    expect(calls).toBe(2)
    membership.applyAdvert(advert(A, 1, 2), 0)
    membership.markHeard(A, 5)
    membership.remove(B, 1)
    membership.sweep(6)
    expect(calls).toBe(2)
    membership.sweep(90_005)
    expect(calls).toBe(3)
    stop()
    membership.applyAdvert(advert(A, 2, 1), 90_006)
    expect(calls).toBe(3)
  })
})

it('never lists a departed generation within its quarantine, in 20,000 random steps', () => {
  const random = createRandom(11)
  const int = (bound: number): number => Math.floor(random() * bound)
  const names = ['a', 'b', 'c', 'd', 'e'] as PeerIdText[] // opaque to membership
  const membership = new Membership({ advertTtlMs: 40, tombstoneMs: 25, maxPeers: 4 })
  const left = new Map<PeerIdText, { generation: number; atMs: number }>()
  let nowMs = 0
  let departures = 0
  for (let step = 0; step < 20_000; step++) {
    nowMs += int(4)
    const peerId = names[int(names.length)] ?? A
    const before = membership.get(peerId)?.advert
    switch (int(5)) {
      case 0:
        if (membership.remove(peerId)) {
          departures++
          // The clock of a removal is that of the last call that had one.
          left.set(peerId, { generation: before?.generation ?? 0, atMs: nowMs })
        }
        break
      case 1:
        membership.markHeard(peerId, nowMs)
        break
      case 2:
        for (const swept of membership.sweep(nowMs)) expect(membership.get(swept)).toBeUndefined()
        break
      default:
        membership.applyAdvert(advert(peerId, int(1 + step / 500), int(50)), nowMs)
    }
    expect(membership.size, `step ${step}`).toBeLessThanOrEqual(4)
    expect(membership.peers().length, `step ${step}`).toBe(membership.size)
    const after = membership.get(peerId)?.advert
    const grave = left.get(peerId)
    // Four milliseconds: the removal may have been stamped with an earlier call's time.
    if (after !== undefined && grave !== undefined && nowMs < grave.atMs + 25 - 4)
      expect(after.generation, `step ${step}`).toBeGreaterThan(grave.generation)
    if (before !== undefined && after !== undefined) {
      const grew =
        after === before ||
        after.generation > before.generation ||
        (after.generation === before.generation && after.sequence > before.sequence)
      expect(grew, `step ${step}`).toBe(true)
    }
  }
  expect(departures).toBeGreaterThan(500)
})
