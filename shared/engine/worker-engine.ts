import { MeshError } from '../errors.ts'
import type { SessionId } from '../protocol/ids.ts'
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
import {
  transferablesOf,
  type EngineCalls,
  type EngineMethod,
  type EnginePort,
  type EngineReply,
  type EngineRequest,
} from './engine-messages.ts'

export interface WorkerEngineOptions {
  /** Called once when the worker stays silent; every call fails from then on. The owner starts a new worker. */
  readonly onFailed?: ((error: EngineError) => void) | undefined
  /** Silence that counts as death while a call is open. */
  readonly silenceLimitMs?: number | undefined
}

// A worker answers pings between two tasks of its thread. The longest such task is the creation of a session for a
// big stage, which was never seen above some seconds per 100 MB; a minute leaves room for slow devices.
const SILENCE_LIMIT_MS = 60_000

/**
 * A {@link ComputeEngine} that lives behind a port, see `serveEngine`. Buffers of `forward` and `loadStage` are
 * transferred: the caller's views of them are empty afterwards.
 */
export class WorkerEngine implements ComputeEngine {
  readonly #port: EnginePort
  readonly #options: WorkerEngineOptions
  readonly #silenceLimitMs: number
  readonly #pending = new Map<number, PendingCall>()
  #nextId = 1
  #heardAtMs = 0
  #heartbeat: ReturnType<typeof setInterval> | null = null
  #failure: EngineError | null = null

  constructor(port: EnginePort, options: WorkerEngineOptions = {}) {
    this.#port = port
    this.#options = options
    this.#silenceLimitMs = options.silenceLimitMs ?? SILENCE_LIMIT_MS
    port.addEventListener('message', this.#onMessage)
    port.start?.()
  }

  capabilities(): Promise<EngineCapabilities> {
    return this.#call('capabilities', null)
  }

  loadStage(params: LoadStageParams): Promise<LoadedStage> {
    return this.#call('loadStage', params)
  }

  async unloadStage(stageId: StageId): Promise<void> {
    await this.#call('unloadStage', { stageId })
  }

  async openSession(params: OpenSessionParams): Promise<void> {
    await this.#call('openSession', params)
  }

  async closeSession(stageId: StageId, sessionId: SessionId): Promise<void> {
    await this.#call('closeSession', { stageId, sessionId })
  }

  forward(params: ForwardParams): Promise<ForwardResult> {
    return this.#call('forward', params)
  }

  /** Disposes of the engine behind the port; the port itself belongs to whoever made it. */
  async dispose(): Promise<void> {
    if (this.#failure !== null) return
    await this.#call('dispose', null)
    this.fail(new EngineError('The engine was disposed of.', { data: { code: 'WORKER_FAILED' } }))
  }

  /** Gives the worker up, for instance after its `error` event: open calls and all later ones fail with `error`. */
  fail(error: EngineError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#port.removeEventListener('message', this.#onMessage)
    for (const call of this.#pending.values()) call.reject(error)
    this.#pending.clear()
    this.#stopHeartbeat()
  }

  #call<Method extends EngineMethod>(
    method: Method,
    params: EngineCalls[Method]['params'],
  ): Promise<EngineCalls[Method]['result']> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      const request = { kind: 'engine-call', id, method, params } as EngineRequest // Method ties method and params
      this.#port.postMessage(request, transferablesOf(request))
      // The reply's type follows from the method of the same id.
      this.#pending.set(id, { resolve: resolve as PendingCall['resolve'], reject })
      this.#startHeartbeat()
    })
  }

  readonly #onMessage = ({ data }: { data: unknown }): void => {
    const reply = data as EngineReply | { readonly kind?: undefined } | null // from our own worker
    switch (reply?.kind) {
      case 'engine-pong':
        this.#heardAtMs = performance.now()
        return
      case 'engine-result':
        this.#take(reply.id)?.resolve(reply.result)
        return
      case 'engine-error':
        this.#take(reply.id)?.reject(MeshError.fromObject(reply.error))
        return
      default: // Another conversation on the same port, such as a worker's own start-up messages.
        return
    }
  }

  #take(id: number): PendingCall | undefined {
    this.#heardAtMs = performance.now()
    const call = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#stopHeartbeat()
    return call
  }

  #startHeartbeat(): void {
    if (this.#heartbeat !== null) return
    this.#heardAtMs = performance.now()
    this.#heartbeat = setInterval(() => this.#beat(), this.#silenceLimitMs / 4)
  }

  #stopHeartbeat(): void {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat)
    this.#heartbeat = null
  }

  #beat(): void {
    const silentMs = performance.now() - this.#heardAtMs
    if (silentMs < this.#silenceLimitMs) {
      this.#port.postMessage({ kind: 'engine-ping' } satisfies EngineRequest, [])
      return
    }
    const error = new EngineError(
      `The compute worker has been silent for ${Math.round(silentMs / 1000)} s.`,
      {
        data: { code: 'WORKER_FAILED' },
        metaMessages: ['A device that ran out of memory is the usual cause. A new worker can take over.'],
      },
    )
    this.fail(error)
    this.#options.onFailed?.(error)
  }
}

interface PendingCall {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}
