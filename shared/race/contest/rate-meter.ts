import type { Clock } from '../../mesh/ports.ts'

/** A rate over less jumps with every batch; over more it lags behind the device. */
const WINDOW_MS = 5_000

interface Entry {
  readonly nonces: number
  readonly activeMs: number
  readonly startMs: number
}

/** Nonces per second over the last seconds, or over the last batch where one takes longer. */
export class RateMeter {
  readonly #clock: Clock
  #entries: Entry[] = []
  #batchEndMs = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param activeMs time of computing, without rests and waits */
  note(nonces: number, activeMs: number): void {
    const nowMs = this.#clock.now()
    this.#entries.push({
      nonces,
      activeMs,
      startMs: this.#entries.length === 0 ? nowMs - activeMs : this.#batchEndMs,
    })
    this.#batchEndMs = nowMs
    const last = this.#entries.length - 1
    this.#entries = this.#entries.filter((entry, i) => i === last || nowMs - entry.startMs <= WINDOW_MS)
  }

  /** Rests and waits included. */
  get perSecond(): number | null {
    const first = this.#entries[0]
    if (first === undefined) return null
    return rate(this.#nonces(), this.#batchEndMs - first.startMs)
  }

  /** Of computing alone. */
  get perActiveSecond(): number | null {
    return rate(
      this.#nonces(),
      this.#entries.reduce((sum, { activeMs }) => sum + activeMs, 0),
    )
  }

  #nonces(): number {
    return this.#entries.reduce((sum, { nonces }) => sum + nonces, 0)
  }
}

function rate(nonces: number, elapsedMs: number): number | null {
  return elapsedMs > 0 ? (1000 * nonces) / elapsedMs : null
}
