import type { Clock } from '../../mesh/ports.ts'

/**
 * Lets requests of users go before the Race on the same device. Whoever computes for a user takes a lease before each
 * step and lets it lapse; a contest waits at its next checkpoint, which is one dispatch away.
 *
 * Leases end by themselves, so that a worker that died in the middle of an answer does not stop the Race for ever.
 */
export class UserFirstGate {
  readonly #clock: Clock
  #untilMs = -Infinity
  #waiters: (() => void)[] = []
  #cancelTimer = (): void => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isTaken(): boolean {
    return this.#clock.now() < this.#untilMs
  }

  /** Takes the device for `durationMs` from now; replaces the lease before, so that 0 gives the device back. */
  lease(durationMs: number): void {
    this.#untilMs = this.#clock.now() + durationMs
    this.#cancelTimer()
    if (durationMs <= 0) this.#open()
    else this.#cancelTimer = this.#clock.after(durationMs, () => this.#open())
  }

  /** Settles when no lease runs; at once where none does. */
  whenFree(): Promise<void> {
    if (!this.isTaken) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  #open(): void {
    this.#untilMs = -Infinity
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}
