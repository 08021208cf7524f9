import { EngineError } from '../../engine/engine-error.ts'
import type {
  ComputeEngine,
  EngineCapabilities,
  ForwardParams,
  ForwardResult,
  LoadedStage,
  OpenSessionParams,
  StageId,
} from '../../engine/compute-engine.ts'
import type { LayerRange } from '../../protocol/layer-range.ts'
import type { SessionId } from '../../protocol/ids.ts'
import type { Clock } from '../ports.ts'

/** Below 2^16, so that every value and every intermediate is exact in float32 and float64. */
const MODULUS = 65_521
export const TOY_VOCABULARY = 1_000

/**
 * A "model" of integers: each layer keeps one running value per session (its cache) and mixes every position into it.
 * Any slip in order, position or content changes all later tokens, which makes it a sharp referee for the mesh.
 */
export class ToyEngine implements ComputeEngine {
  readonly #layers: LayerRange
  readonly #layerCount: number
  readonly #hiddenSize: number
  readonly #clock: Clock
  readonly #stepMs: number
  readonly #sessions = new Map<SessionId, { caches: number[]; position: number; capacity: number }>()
  #turn: Promise<unknown> = Promise.resolve()
  forwards = 0

  /** @param options.stepMs time of one step on the clock, whatever its size */
  constructor(options: {
    layers: LayerRange
    layerCount: number
    hiddenSize: number
    clock: Clock
    stepMs: number
  }) {
    this.#layers = options.layers
    this.#layerCount = options.layerCount
    this.#hiddenSize = options.hiddenSize
    this.#clock = options.clock
    this.#stepMs = options.stepMs
  }

  get openSessions(): number {
    return this.#sessions.size
  }

  capabilities(): Promise<EngineCapabilities> {
    return Promise.resolve({
      backend: 'wasm',
      encodings: ['q8'],
      memoryBudgetBytes: 1 << 30,
      maxSessionsPerStage: 64,
    })
  }

  loadStage(): Promise<LoadedStage> {
    throw new Error('the toy engine is born loaded')
  }

  unloadStage(): Promise<void> {
    this.#sessions.clear()
    return Promise.resolve()
  }

  openSession({ sessionId, capacityTokens }: OpenSessionParams): Promise<void> {
    const caches = new Array<number>(this.#layers.end - this.#layers.start).fill(1)
    this.#sessions.set(sessionId, { caches, position: 0, capacity: capacityTokens })
    return Promise.resolve()
  }

  closeSession(_stageId: StageId, sessionId: SessionId): Promise<void> {
    this.#sessions.delete(sessionId)
    return Promise.resolve()
  }

  forward(params: ForwardParams): Promise<ForwardResult> {
    const result = this.#turn.then(() => this.#forward(params))
    this.#turn = result.catch(() => {})
    return result
  }

  dispose(): Promise<void> {
    return Promise.resolve()
  }

  async #forward({ sessionId, position, input, want }: ForwardParams): Promise<ForwardResult> {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) throw new EngineError('no session', { data: { code: 'UNKNOWN_SESSION' } })
    if (position !== session.position)
      throw new EngineError('wrong position', { data: { code: 'BAD_POSITION' } })
    const values =
      input.kind === 'tokens'
        ? [...input.tokenIds]
        : Array.from(
            { length: input.tokenCount },
            (_, row) => input.hidden[row * this.#hiddenSize] ?? Number.NaN,
          )
    if (values.some((value) => !Number.isFinite(value)))
      throw new EngineError('not finite', { data: { code: 'NOT_FINITE' } })
    if (this.#stepMs > 0) await new Promise<void>((resolve) => this.#clock.after(this.#stepMs, resolve))
    this.forwards++
    session.position += values.length
    const outputs = values.map((value) => {
      let mixed = value
      for (const [index, cache] of session.caches.entries()) {
        mixed = (cache * 31 + mixed + this.#layers.start + index) % MODULUS
        session.caches[index] = mixed
      }
      return mixed
    })
    const computeMs = this.#stepMs
    const last = outputs.at(-1) ?? 0
    if (this.#layers.end === this.#layerCount)
      return want === 'token'
        ? { kind: 'token', tokenId: last % TOY_VOCABULARY, computeMs }
        : { kind: 'none', computeMs }
    const hidden = new Float32Array(outputs.length * this.#hiddenSize)
    for (const [row, output] of outputs.entries()) hidden[row * this.#hiddenSize] = output
    return { kind: 'hidden', hidden, computeMs }
  }
}

/** What a whole toy model answers, computed without any of the mesh. */
export function toyAnswer(layerCount: number, prompt: readonly number[], newTokens: number): number[] {
  const caches = new Array<number>(layerCount).fill(1)
  const step = (token: number): number => {
    let mixed = token
    for (const [index, cache] of caches.entries()) {
      mixed = (cache * 31 + mixed + index) % MODULUS
      caches[index] = mixed
    }
    return mixed % TOY_VOCABULARY
  }
  let token = 0
  for (const id of prompt) token = step(id)
  const answer = [token]
  while (answer.length < newTokens) {
    token = step(token)
    answer.push(token)
  }
  return answer
}
