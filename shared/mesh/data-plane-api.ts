import type { LayerRange } from '../protocol/layer-range.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import type { SessionEndReason, StageReport } from '../protocol/session/session.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import type { SamplingParams, StageId } from '../engine/compute-engine.ts'

/**
 * The hot half of a peer: links to neighbours and the sessions that run over them. In a tab it lives in the network
 * worker, so that a busy page cannot stall a token; in Node it lives in the process.
 */
export interface DataPlaneApi {
  /** Reserves the session's cache and accepts its frames. @throws EngineError, LinkError `NO_LINK` */
  openSession(spec: StageSessionSpec): Promise<void>
  /** Starts the answer; on the head only. */
  prompt(sessionId: SessionId, tokenIds: readonly number[]): Promise<void>
  /** Ends the session here; its `session-ended` event carries `reason`. Unknown ids are ignored. */
  closeSession(sessionId: SessionId, reason: SessionEndReason): Promise<void>
  /** Ends every session of a stage that is about to be unloaded, or all of them. */
  closeSessions(stageId: StageId | null, reason: SessionEndReason): Promise<void>
  removeLink(peerId: PeerIdText): Promise<void>
  links(): Promise<readonly LinkStatus[]>
  /** Round trips of `payloadBytes` over the frame path, milliseconds each. @throws LinkError */
  measure(peerId: PeerIdText, payloadBytes: number, rounds: number): Promise<readonly number[]>
}

/** One session at one stage. `previous` is null at the head, `next` null at the last stage. */
export interface StageSessionSpec {
  readonly sessionId: SessionId
  readonly stageId: StageId
  readonly layers: LayerRange
  readonly hiddenSize: number
  readonly previous: SessionPeer | null
  readonly next: SessionPeer | null
  /** Where the last stage sends the sampled token; itself when the head is the last stage. */
  readonly head: SessionPeer
  /** Who may send tokens to the head. */
  readonly last: SessionPeer
  readonly capacityTokens: number
  readonly promptTokenCount: number
  readonly maxNewTokens: number
  readonly endTokenIds: readonly number[]
  readonly deadlineMs: number
  /** Last stage only. */
  readonly sampling: { readonly params: SamplingParams; readonly historyTokenIds: readonly number[] } | null
}

export interface SessionPeer {
  readonly peerId: PeerIdText
  readonly generation: number
}

export interface LinkStatus {
  readonly peerId: PeerIdText
  readonly path: LinkPath
  readonly roundTripMs: number | null
  readonly bytesSent: number
}

export type DataPlaneEvent =
  /** The last stage sampled a token; end tokens are not reported. */
  | {
      readonly kind: 'token'
      readonly sessionId: SessionId
      readonly position: number
      readonly tokenId: number
    }
  | {
      readonly kind: 'session-ended'
      readonly sessionId: SessionId
      readonly reason: SessionEndReason
      readonly report: StageReport
    }
  /** Nothing came from the neighbour for the silence limit; its link is gone. */
  | { readonly kind: 'peer-silent'; readonly peerId: PeerIdText }
  | {
      readonly kind: 'link-closed'
      readonly peerId: PeerIdText
      /** `malformed` and `overflow` are the other side's doing; `replaced` and `removed` are ours. */
      readonly cause: 'closed' | 'overflow' | 'malformed' | 'silent' | 'removed' | 'not-opened'
    }
  /** Every `PRESENCE_INTERVAL_MS`: the thread that serves is alive. */
  | {
      readonly kind: 'alive'
      /** Median of the last decode steps, null before the first. */
      readonly recentStepMs: number | null
      readonly openSessions: number
    }
