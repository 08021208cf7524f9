import type { LayerRange } from '../protocol/layer-range.ts'
import type { ModelId, PeerIdText, SessionId } from '../protocol/ids.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import type { SamplingParams } from '../engine/compute-engine.ts'

/** Turns a tokenised prompt into tokens by way of the mesh. Implemented by `MeshAsker`; relays and apps depend on this. */
export interface Asker {
  /**
   * Runs one generation. Yields `route` once every stage has confirmed, then `token`s in order, then one `end`.
   * Aborting `signal`, or leaving the loop, cancels the session on every stage.
   * @throws SessionError
   */
  generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationEvent>
}

export interface GenerationRequest {
  readonly sessionId: SessionId
  readonly modelId: ModelId
  readonly promptTokenIds: readonly number[]
  readonly maxNewTokens: number
  readonly endTokenIds: readonly number[]
  readonly sampling: SamplingParams
  /** Time that the whole answer may take. */
  readonly deadlineMs: number
}

export type GenerationEvent =
  | { readonly kind: 'route'; readonly stages: readonly RouteStage[] }
  /** `position` counts the prompt; an end token is not yielded. */
  | { readonly kind: 'token'; readonly tokenId: number; readonly position: number }
  | { readonly kind: 'end'; readonly reason: 'end-token' | 'length'; readonly stages: readonly ServedStage[] }

/** A stage of the route; `link` is how it reaches the next stage (the last: the head), null on the same peer. */
export interface RouteStage {
  readonly peerId: PeerIdText
  readonly kind: 'tab' | 'native'
  readonly layers: LayerRange
  readonly link: { readonly path: LinkPath; readonly roundTripMs: number } | null
}

/** What the stage reported when the session ended. */
export interface ServedStage extends RouteStage {
  readonly prefillMs: number
  /** Mean engine time of one decode step; 0 when there was none. */
  readonly decodeStepMs: number
  readonly tensorBytesSent: number
  readonly tensorBytesRelayed: number
}
