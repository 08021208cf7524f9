import type {
  ComputeEngine,
  EngineCapabilities,
  ForwardParams,
  ForwardResult,
  LoadedStage,
  LoadStageParams,
  OpenSessionParams,
  StageId,
} from './compute-engine.ts'
import type { SessionId } from '../protocol/ids.ts'

/** Longer than any step; a worker that dies in a step gives the device back this late. */
export const STEP_LEASE_MS = 10_000
/** The next token of an answer comes after a trip through the other stages, and nothing should fill the pause before it. */
export const LINGER_MS = 250

/**
 * An engine that says when it computes for users, so that work of less urgency on the same device waits: a lease before
 * each step, and a short one after it.
 */
export class LeasingEngine implements ComputeEngine {
  readonly #inner: ComputeEngine
  readonly #lease: (durationMs: number) => void
  #stepsUnderWay = 0

  /** @param lease takes the device for so many milliseconds from now, in place of the lease before */
  constructor(inner: ComputeEngine, lease: (durationMs: number) => void) {
    this.#inner = inner
    this.#lease = lease
  }

  async forward(params: ForwardParams): Promise<ForwardResult> {
    this.#stepsUnderWay++
    this.#lease(STEP_LEASE_MS)
    try {
      return await this.#inner.forward(params)
    } finally {
      this.#stepsUnderWay--
      if (this.#stepsUnderWay === 0) this.#lease(LINGER_MS)
    }
  }

  capabilities(): Promise<EngineCapabilities> {
    return this.#inner.capabilities()
  }

  loadStage(params: LoadStageParams): Promise<LoadedStage> {
    return this.#inner.loadStage(params)
  }

  unloadStage(stageId: StageId): Promise<void> {
    return this.#inner.unloadStage(stageId)
  }

  openSession(params: OpenSessionParams): Promise<void> {
    return this.#inner.openSession(params)
  }

  closeSession(stageId: StageId, sessionId: SessionId): Promise<void> {
    return this.#inner.closeSession(stageId, sessionId)
  }

  dispose(): Promise<void> {
    return this.#inner.dispose()
  }
}
