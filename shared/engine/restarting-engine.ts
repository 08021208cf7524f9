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
import { EngineError } from './engine-error.ts'
import { RESTART_WINDOW_MS, RestartAllowance } from './restart-allowance.ts'
import type { SessionId } from '../protocol/ids.ts'

/** An engine in a worker that can die on its own. */
export interface RunningEngine {
  readonly engine: ComputeEngine
  /** Ends the worker at once, whatever it does; never rejects. */
  readonly end: () => Promise<void>
}

export interface RestartingEngineOptions {
  /** Starts a worker. `onFailed` is called once, when it has died; open calls of its engine have failed by then. */
  readonly start: (onFailed: (error: EngineError) => void) => RunningEngine
  readonly clock: Clock
  /** The worker died with all that it held: sessions are to be ended and stages loaded again. A new one is on its way. */
  readonly onLost: (error: EngineError) => void
  /** It died too often: every call fails from now on. */
  readonly onGivenUp: (error: EngineError) => void
}

/**
 * A {@link ComputeEngine} that outlives its worker. When the worker dies, open calls fail with its error; later ones wait
 * for the next worker, which starts empty: the owner states anew what should be loaded.
 */
export class RestartingEngine implements ComputeEngine {
  readonly #options: RestartingEngineOptions
  #running: RunningEngine
  /** Calls wait for it. Rejects once given up or disposed of. */
  #next: Promise<RunningEngine>
  readonly #allowance = new RestartAllowance()
  #isOver = false
  #cancelRestart = (): void => {}

  constructor(options: RestartingEngineOptions) {
    this.#options = options
    this.#running = this.#start()
    this.#next = Promise.resolve(this.#running)
  }

  async capabilities(): Promise<EngineCapabilities> {
    return (await this.#next).engine.capabilities()
  }

  async loadStage(params: LoadStageParams): Promise<LoadedStage> {
    return (await this.#next).engine.loadStage(params)
  }

  async unloadStage(stageId: StageId): Promise<void> {
    await (await this.#next).engine.unloadStage(stageId)
  }

  async openSession(params: OpenSessionParams): Promise<void> {
    await (await this.#next).engine.openSession(params)
  }

  async closeSession(stageId: StageId, sessionId: SessionId): Promise<void> {
    await (await this.#next).engine.closeSession(stageId, sessionId)
  }

  async forward(params: ForwardParams): Promise<ForwardResult> {
    return (await this.#next).engine.forward(params)
  }

  /** Ends the worker without waiting for the step that it is in. */
  async dispose(): Promise<void> {
    this.#finish(new EngineError('The engine was disposed of.', { data: { code: 'WORKER_FAILED' } }))
    await this.#running.end()
  }

  #start(): RunningEngine {
    return this.#options.start((error) => this.#onFailed(error))
  }

  #onFailed(error: EngineError): void {
    if (this.#isOver) return
    const { clock, onLost, onGivenUp } = this.#options
    void this.#running.end()
    const delayMs = this.#allowance.afterDeath(clock.now())
    if (delayMs === null) {
      const final = new EngineError(
        `The compute worker died ${this.#allowance.deaths} times within ${RESTART_WINDOW_MS / 60_000} minutes.`,
        {
          data: { code: 'WORKER_FAILED' },
          metaMessages: [
            `The last time: ${error.shortMessage}`,
            'Too little memory for what is loaded is the usual cause. Start again with a smaller budget.',
          ],
          cause: error,
        },
      )
      this.#finish(final)
      onGivenUp(final)
      return
    }
    this.#next = new Promise((resolve) => {
      this.#cancelRestart = clock.after(delayMs, () => {
        this.#running = this.#start()
        resolve(this.#running)
      })
    })
    onLost(error)
  }

  #finish(error: EngineError): void {
    this.#isOver = true
    this.#cancelRestart()
    this.#next = Promise.reject(error)
    // Whoever calls hears of it; that nobody calls is no error of its own.
    this.#next.catch(() => undefined)
  }
}
