import type { PeerIdText } from '../protocol/ids.ts'
import type { StageAdvert } from '../protocol/stage-advert/stage-advert.ts'

/**
 * Silence after which a peer is forgotten. The slow backstop: beats notice a death in under a second and call
 * {@link Membership.remove}; this catches peers that nobody of us is linked to. Three lost adverts of 30 s.
 */
export const ADVERT_TTL_MS = 90_000
/**
 * How long a generation that has left stays out. Gossip repeats a message for a few seconds, so what arrives later
 * with a higher sequence was said after the departure: by a peer that was lost by mistake and is still there.
 */
export const TOMBSTONE_MS = 30_000
/** A relay core carries 1,000 idle tabs; the federation of twenty is the largest mesh that one map should hold. */
export const MAX_PEERS = 20_000

/** A live peer. The object is a view that later adverts replace; its `lastHeardMs` moves on. */
export interface MemberPeer {
  readonly advert: StageAdvert
  /** When this generation was first heard of. */
  readonly firstSeenMs: number
  readonly lastHeardMs: number
}

/** `full`: there is no room for a new peer; those who are here keep their place. */
export type AdvertOutcome = 'added' | 'updated' | 'stale' | 'full'

interface Tombstone {
  readonly generation: number
  /** Highest sequence seen of that generation, -1 where none was. */
  readonly sequence: number
  readonly untilMs: number
}

/** Who is in the mesh, by the adverts that arrived. Time is an argument everywhere and must not go back. */
export class Membership {
  readonly #advertTtlMs: number
  readonly #tombstoneMs: number
  readonly #maxPeers: number
  readonly #members = new Map<PeerIdText, { -readonly [K in keyof MemberPeer]: MemberPeer[K] }>()
  /** In the order of departure, so that the oldest are the first to be forgotten. */
  readonly #tombstones = new Map<PeerIdText, Tombstone>()
  readonly #listeners = new Set<() => void>()
  #peers: readonly MemberPeer[] | null = null
  #nowMs = 0

  constructor(
    options: {
      advertTtlMs?: number | undefined
      tombstoneMs?: number | undefined
      maxPeers?: number | undefined
    } = {},
  ) {
    this.#advertTtlMs = options.advertTtlMs ?? ADVERT_TTL_MS
    this.#tombstoneMs = options.tombstoneMs ?? TOMBSTONE_MS
    this.#maxPeers = options.maxPeers ?? MAX_PEERS
  }

  get size(): number {
    return this.#members.size
  }

  /**
   * Takes an advert in: a newer generation replaces an older one, within a generation the larger sequence counts.
   * What is stale does not prove life either, because anyone can repeat it.
   */
  applyAdvert(advert: StageAdvert, nowMs: number): AdvertOutcome {
    this.#nowMs = nowMs
    const member = this.#members.get(advert.peerId)
    if (member !== undefined) {
      const isNewer =
        advert.generation > member.advert.generation ||
        (advert.generation === member.advert.generation && advert.sequence > member.advert.sequence)
      if (!isNewer) return 'stale'
      // A peer that started anew has the seniority of its new generation.
      if (advert.generation > member.advert.generation) member.firstSeenMs = nowMs
      member.advert = advert
      member.lastHeardMs = nowMs
      this.#changed()
      return 'updated'
    }
    if (this.#isBuried(advert)) return 'stale'
    if (this.#members.size >= this.#maxPeers) return 'full'
    this.#tombstones.delete(advert.peerId)
    this.#members.set(advert.peerId, { advert, firstSeenMs: nowMs, lastHeardMs: nowMs })
    this.#changed()
    return 'added'
  }

  /** Notes a sign of life other than an advert: a beat, a frame, a control stream. Unknown peers stay unknown. */
  markHeard(peerId: PeerIdText, nowMs: number): void {
    this.#nowMs = nowMs
    const member = this.#members.get(peerId)
    if (member !== undefined) member.lastHeardMs = nowMs
  }

  /**
   * Removes a peer and keeps its generation out for a while; true if it was here. With `generation`, a newer
   * generation of the peer is not meant and stays, and one that was never seen is kept out all the same.
   */
  remove(peerId: PeerIdText, generation?: number): boolean {
    const member = this.#members.get(peerId)
    if (member === undefined) {
      if (generation !== undefined) this.#bury(peerId, generation, -1)
      return false
    }
    const { advert } = member
    if (generation !== undefined && generation < advert.generation) return false
    const left = Math.max(generation ?? 0, advert.generation)
    this.#members.delete(peerId)
    this.#bury(peerId, left, left === advert.generation ? advert.sequence : -1)
    this.#changed()
    return true
  }

  /** Removes the peers that were not heard of for the TTL and returns them. Any later advert brings them back. */
  sweep(nowMs: number): PeerIdText[] {
    this.#nowMs = nowMs
    const removed: PeerIdText[] = []
    for (const [peerId, member] of this.#members) {
      if (nowMs - member.lastHeardMs < this.#advertTtlMs) continue
      this.#members.delete(peerId)
      removed.push(peerId)
    }
    for (const [peerId, tombstone] of this.#tombstones) {
      // A departed peer whose quarantine is over only has to be newer, which the sequence shows for one TTL more.
      if (nowMs >= tombstone.untilMs + this.#advertTtlMs) this.#tombstones.delete(peerId)
    }
    if (removed.length > 0) this.#changed()
    return removed
  }

  get(peerId: PeerIdText): MemberPeer | undefined {
    return this.#members.get(peerId)
  }

  /** In the order in which they joined; the same array until something changes. */
  peers(): readonly MemberPeer[] {
    this.#peers ??= [...this.#members.values()]
    return this.#peers
  }

  /** Calls `listener` after each advert that counted and each departure; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #isBuried(advert: StageAdvert): boolean {
    const tombstone = this.#tombstones.get(advert.peerId)
    if (tombstone === undefined || advert.generation > tombstone.generation) return false
    if (advert.generation < tombstone.generation || this.#nowMs < tombstone.untilMs) return true
    return advert.sequence <= tombstone.sequence
  }

  #bury(peerId: PeerIdText, generation: number, sequence: number): void {
    const before = this.#tombstones.get(peerId)
    if (before !== undefined && before.generation > generation) return
    this.#tombstones.delete(peerId)
    this.#tombstones.set(peerId, {
      generation,
      sequence: before?.generation === generation ? Math.max(before.sequence, sequence) : sequence,
      untilMs: this.#nowMs + this.#tombstoneMs,
    })
    // As many dead as living: a flood of notices forgets the oldest departures, not the newest.
    if (this.#tombstones.size > this.#maxPeers) {
      for (const oldest of this.#tombstones.keys()) {
        this.#tombstones.delete(oldest)
        break
      }
    }
  }

  #changed(): void {
    this.#peers = null
    for (const listener of this.#listeners) listener()
  }
}
