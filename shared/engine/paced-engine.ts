import type { Clock } from '../mesh/ports.ts'
import type { ComputeEngine, ForwardParams, ForwardResult } from './compute-engine.ts'
import { EngineWrapper } from './engine-wrapper.ts'

/**
 * An engine that rests after each step, so that it computes at most `duty` of the time: the power positions of a tab.
 *
 * The rest of one stage falls into the time in which the others of a pipeline work, so a single answer over two stages
 * is hardly slower at a duty of one half.
 */
export class PacedEngine extends EngineWrapper {
  readonly #clock: Clock
  #duty: number
  #restUntilMs = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** @param duty share of the time, above 0 and at most 1 */
  constructor(inner: ComputeEngine, clock: Clock, duty: number) {
    super(inner)
    this.#clock = clock
    this.#duty = duty
  }

  setDuty(duty: number): void {
    this.#duty = duty
  }

  override forward(params: ForwardParams): Promise<ForwardResult> {
    const result = this.#turn.then(async () => {
      const restMs = this.#restUntilMs - this.#clock.now()
      // Timers are 1 ms coarse and browsers round 4 ms down to nothing: shorter rests are added to the next one.
      if (restMs >= 1) await new Promise<void>((resolve) => this.#clock.after(restMs, resolve))
      const startMs = this.#clock.now()
      try {
        return await this.inner.forward(params)
      } finally {
        const endMs = this.#clock.now()
        this.#restUntilMs = Math.max(this.#restUntilMs, startMs) + (endMs - startMs) / this.#duty
      }
    })
    this.#turn = result.catch(() => {
      // The caller has the rejection; the turn only keeps the order.
    })
    return result
  }
}
