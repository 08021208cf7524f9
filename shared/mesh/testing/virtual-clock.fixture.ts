import type { Clock } from '../ports.ts'

interface Timer {
  atMs: number
  readonly order: number
  readonly everyMs: number | null
  readonly handler: () => void
}

/** A clock that moves only when told to; timers run in order of time, then of creation. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, handler: () => void): () => void {
    return this.#add(delayMs, null, handler)
  }

  every(intervalMs: number, handler: () => void): () => void {
    return this.#add(intervalMs, intervalMs, handler)
  }

  /** Runs everything due within `durationMs`, letting promises settle between timers. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs
    await settle()
    for (let timer = this.#next(endMs); timer !== null; timer = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      if (timer.everyMs === null) this.#timers.delete(timer)
      else timer.atMs += timer.everyMs
      timer.handler()
      await settle()
    }
    this.#nowMs = endMs
  }

  #add(delayMs: number, everyMs: number | null, handler: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + delayMs, order: this.#order++, everyMs, handler }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #next(endMs: number): Timer | null {
    let next: Timer | null = null
    for (const timer of this.#timers)
      if (
        timer.atMs <= endMs &&
        (next === null || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
      )
        next = timer
    return next
  }
}

/** Lets every promise that is ready run, and those that they make ready. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve()
}
