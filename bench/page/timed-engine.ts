import { EngineError } from '../../shared/engine/engine-error.ts'
import type {
  ComputeEngine,
  EngineCapabilities,
  ForwardParams,
  ForwardResult,
  LoadedStage,
  StageId,
} from '../../shared/engine/compute-engine.ts'

/**
 * An engine that takes a set time per step and computes nothing. It stands for a stage on a device of its own: on a
 * machine with two cores, stages that compute would wait for each other and not for the mesh.
 */
export class TimedEngine implements ComputeEngine {
  readonly #stepMs: number
  readonly #hiddenSize: number
  readonly #lastStages: ReadonlySet<StageId>
  #turn: Promise<unknown> = Promise.resolve()

  /** @param options.lastStages stages that end the model: they answer with a token */
  constructor(options: { stepMs: number; hiddenSize: number; lastStages: readonly StageId[] }) {
    this.#stepMs = options.stepMs
    this.#hiddenSize = options.hiddenSize
    this.#lastStages = new Set(options.lastStages)
  }

  capabilities(): Promise<EngineCapabilities> {
    return Promise.resolve({
      backend: 'wasm',
      encodings: ['q8'],
      memoryBudgetBytes: 2 ** 30,
      maxSessionsPerStage: 64,
    })
  }

  loadStage(): Promise<LoadedStage> {
    return Promise.reject(
      new EngineError('A timed engine has no model to load.', { data: { code: 'UNSUPPORTED' } }),
    )
  }

  unloadStage(): Promise<void> {
    return Promise.resolve()
  }

  openSession(): Promise<void> {
    return Promise.resolve()
  }

  closeSession(): Promise<void> {
    return Promise.resolve()
  }

  forward(params: ForwardParams): Promise<ForwardResult> {
    const result = this.#turn.then(() => this.#forward(params))
    this.#turn = result
    return result
  }

  dispose(): Promise<void> {
    return Promise.resolve()
  }

  async #forward({ stageId, input, want }: ForwardParams): Promise<ForwardResult> {
    const startMs = performance.now()
    await new Promise((resolve) => setTimeout(resolve, this.#stepMs))
    const computeMs = performance.now() - startMs
    if (this.#lastStages.has(stageId))
      return want === 'token' ? { kind: 'token', tokenId: 1, computeMs } : { kind: 'none', computeMs }
    const rows = input.kind === 'tokens' ? input.tokenIds.length : input.tokenCount
    return { kind: 'hidden', hidden: new Float32Array(rows * this.#hiddenSize), computeMs }
  }
}
