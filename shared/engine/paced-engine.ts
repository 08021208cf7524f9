import type { Clock } from '../mesh/ports.ts'
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

/**
 * An engine that rests after each step, so that it computes at most `duty` of the time: the power positions of a tab.
 *
 * The rest of one stage falls into the time in which the others of a pipeline work, so a single answer over two stages
 * is hardly slower at a duty of one half.
 */
export class PacedEngine implements ComputeEngine {
  readonly #inner: ComputeEngine
  readonly #clock: Clock
  #duty: number
  #restUntilMs = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** @param duty share of the time, above 0 and at most 1 */
  constructor(inner: ComputeEngine, clock: Clock, duty: number) {
    this.#inner = inner
    this.#clock = clock
    this.#duty = duty
  }

  setDuty(duty: number): void {
    this.#duty = duty
  }

  forward(params: ForwardParams): Promise<ForwardResult> {
    const result = this.#turn.then(async () => {
      const restMs = this.#restUntilMs - this.#clock.now()
      // Timers are 1 ms coarse and browsers round 4 ms down to nothing: shorter rests are added to the next one.
      if (restMs >= 1) await new Promise<void>((resolve) => this.#clock.after(restMs, resolve))
      const startMs = this.#clock.now()
      try {
        return await this.#inner.forward(params)
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
