import type { MeshErrorObject } from '../errors.ts'
import type { SessionId } from '../protocol/ids.ts'
import type {
  EngineCapabilities,
  ForwardParams,
  ForwardResult,
  LoadedStage,
  LoadStageParams,
  OpenSessionParams,
  StageId,
} from './compute-engine.ts'

/** Every call that crosses the worker seam: what goes in and what comes back. */
export interface EngineCalls {
  capabilities: { params: null; result: EngineCapabilities }
  loadStage: { params: LoadStageParams; result: LoadedStage }
  unloadStage: { params: { readonly stageId: StageId }; result: null }
  openSession: { params: OpenSessionParams; result: null }
  closeSession: { params: { readonly stageId: StageId; readonly sessionId: SessionId }; result: null }
  forward: { params: ForwardParams; result: ForwardResult }
  dispose: { params: null; result: null }
}

export type EngineMethod = keyof EngineCalls

/** From the client. A call is answered by one reply with its id. */
export type EngineRequest =
  | {
      [Method in EngineMethod]: {
        readonly kind: 'engine-call'
        readonly id: number
        readonly method: Method
        readonly params: EngineCalls[Method]['params']
      }
    }[EngineMethod]
  /** Asks whether the worker lives; answered as soon as its thread is free. */
  | { readonly kind: 'engine-ping' }

/** From the engine's side. */
export type EngineReply =
  | {
      readonly kind: 'engine-result'
      readonly id: number
      readonly result: EngineCalls[EngineMethod]['result']
    }
  | { readonly kind: 'engine-error'; readonly id: number; readonly error: MeshErrorObject }
  | { readonly kind: 'engine-pong' }

/** What client and server need of a port: a `Worker`, a worker's own scope or a `MessagePort` of tab or Node. */
export interface EnginePort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: string, listener: (event: { data: unknown }) => void): void
  removeEventListener(type: string, listener: (event: { data: unknown }) => void): void
  /** Message ports deliver nothing before; workers have no such method. */
  start?(): void
}

/** Buffers whose ownership passes to the other side, none of them twice. */
export function transferablesOf(message: EngineRequest | EngineReply): ArrayBuffer[] {
  if (message.kind === 'engine-call' && message.method === 'forward') {
    const { input } = message.params
    return [input.kind === 'tokens' ? input.tokenIds.buffer : input.hidden.buffer]
  }
  if (message.kind === 'engine-call' && message.method === 'loadStage') {
    const buffers = [...message.params.files.values()].map(({ buffer }) => buffer)
    return [...new Set(buffers)]
  }
  if (message.kind === 'engine-result' && message.result !== null && 'kind' in message.result) {
    if (message.result.kind === 'hidden') return [message.result.hidden.buffer]
    if (message.result.kind === 'logits') return [message.result.logits.buffer]
  }
  return []
}
