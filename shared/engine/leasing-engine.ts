import type { ComputeEngine, ForwardParams, ForwardResult } from './compute-engine.ts'
import { EngineWrapper } from './engine-wrapper.ts'

/** Longer than any step; a worker that dies in a step gives the device back this late. */
export const STEP_LEASE_MS = 10_000
/** The next token of an answer comes after a trip through the other stages, and nothing should fill the pause before it. */
export const LINGER_MS = 250

/**
 * An engine that says when it computes for users, so that work of less urgency on the same device waits: a lease before
 * each step, and a short one after it.
 */
export class LeasingEngine extends EngineWrapper {
  readonly #lease: (durationMs: number) => void
  #stepsUnderWay = 0

  /** @param lease takes the device for so many milliseconds from now, in place of the lease before */
  constructor(inner: ComputeEngine, lease: (durationMs: number) => void) {
    super(inner)
    this.#lease = lease
  }

  override async forward(params: ForwardParams): Promise<ForwardResult> {
    this.#stepsUnderWay++
    this.#lease(STEP_LEASE_MS)
    try {
      return await this.inner.forward(params)
    } finally {
      this.#stepsUnderWay--
      if (this.#stepsUnderWay === 0) this.#lease(LINGER_MS)
    }
  }
}
