import type { Connection } from '@libp2p/interface'
import type { Clock } from './ports.ts'

/** Whether a link should move to a fresh connection: at the next pause between sessions, or at once. */
export type RenewalUrgency = 'none' | 'when-quiet' | 'now'

/** What is left where a link moves at its next pause: half of the bytes, so that every session begins with at least that. */
const QUIET_BYTES_LEFT = 1 / 2
const QUIET_TIME_LEFT = 1 / 4
/**
 * What is left where a link moves in the middle of a session, which would be cut otherwise. The old connection carries
 * on until the new one is there: 32 of 128 MiB are 3 s at 11 MB/s, the most that was measured through a relay.
 */
const URGENT_BYTES_LEFT = 1 / 4
const URGENT_TIME_LEFT = 1 / 10

/**
 * A duration of this many units or more is in milliseconds. The specification of circuit relay v2 ("Hop protocol", field
 * `limit`) counts seconds, but the relay of js-libp2p 4.2 sends the milliseconds that it enforces (`createLimitedRelay`
 * in its `utils.ts`). 10,000 seconds are more than any relay grants (go-libp2p: 120), 10 seconds less.
 */
const FIRST_DURATION_IN_MS = 10_000

/**
 * What a relay lets pass over one connection before it cuts it, and how much of that is left.
 *
 * libp2p counts both directions together, as js-libp2p's relay does. Other relays count each alone: there a link moves
 * up to twice as often as it must.
 */
export class RelayedAllowance {
  readonly #limits: Connection['limits']
  readonly #clock: Clock
  /** Bytes left at the beginning, null without a limit. */
  readonly #totalBytes: number | null
  /** On the clock; null without a limit. */
  readonly #time: { readonly endsAtMs: number; readonly totalMs: number } | null

  /** @param ageMs how long the connection has been open; it should have carried next to nothing yet */
  constructor(limits: Connection['limits'], ageMs: number, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#totalBytes = limits?.bytes === undefined ? null : Number(limits.bytes)
    const totalMs = limits?.seconds === undefined ? null : durationMs(limits.seconds + ageMs / 1000)
    this.#time = totalMs === null ? null : { totalMs, endsAtMs: clock.now() + totalMs - ageMs }
  }

  get urgency(): RenewalUrgency {
    const bytes = this.#bytesLeft()
    const time = this.#timeLeft()
    if (bytes < URGENT_BYTES_LEFT || time < URGENT_TIME_LEFT) return 'now'
    return bytes < QUIET_BYTES_LEFT || time < QUIET_TIME_LEFT ? 'when-quiet' : 'none'
  }

  /** Shares of the whole; 1 without a limit. */
  #bytesLeft(): number {
    return this.#totalBytes === null ? 1 : Number(this.#limits?.bytes ?? 0n) / this.#totalBytes
  }

  #timeLeft(): number {
    return this.#time === null ? 1 : (this.#time.endsAtMs - this.#clock.now()) / this.#time.totalMs
  }
}

function durationMs(declared: number): number {
  return declared >= FIRST_DURATION_IN_MS ? declared : declared * 1000
}
