import type { LayerRange } from '../layer-range.ts'
import type { ModelId, PeerIdText, SessionId } from '../ids.ts'
import type { LinkPath } from '../stage-advert/stage-advert.ts'

/**
 * Stream protocol: asker -> each stage of the route, open as long as the session. The asker sends `open`, the stage
 * answers `opened` or `ended`; the asker sends `prompt` to the head; the last stage sends `tokens`; closing the stream
 * on either side ends the session there.
 */
export const SESSION_V1 = '/mesh/session/1.0.0'

export type SessionMessage =
  | { readonly kind: 'open'; readonly open: SessionOpen }
  | { readonly kind: 'opened'; readonly opened: SessionOpened }
  | { readonly kind: 'prompt'; readonly prompt: SessionPrompt }
  | { readonly kind: 'tokens'; readonly tokens: SessionTokens }
  | { readonly kind: 'ended'; readonly ended: SessionEnded }

/** The whole route is named, so that each stage knows its neighbours; this stage is `route[stageIndex]`. */
export interface SessionOpen {
  readonly sessionId: SessionId
  readonly modelId: ModelId
  readonly stageIndex: number
  readonly route: readonly SessionHop[]
  /** Prompt plus new tokens. */
  readonly capacityTokens: number
  readonly promptTokenCount: number
  readonly maxNewTokens: number
  /** Ids that end the answer, at most 16. */
  readonly endTokenIds: readonly number[]
  /** From now until the session ends by itself, milliseconds. */
  readonly deadlineMs: number
  /** Present for the last stage only. */
  readonly sampling: SessionSampling | null
}

export interface SessionHop {
  readonly peerId: PeerIdText
  readonly generation: number
  readonly layers: LayerRange
  readonly relayAddresses: readonly string[]
}

/** Doubles travel as protobuf doubles: exact. `historyTokenIds` is empty unless the repetition penalty needs it. */
export interface SessionSampling {
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly minP: number
  readonly repetitionPenalty: number
  readonly seed: number
  readonly historyTokenIds: readonly number[]
}

export interface SessionOpened {
  /** How this stage reaches the next one (the last stage: the head); null where both are the same peer. */
  readonly link: { readonly path: LinkPath; readonly roundTripMicros: number } | null
}

export interface SessionPrompt {
  readonly tokenIds: readonly number[]
}

export interface SessionTokens {
  /** Position of the first token in the whole sequence (prompt included). */
  readonly position: number
  readonly tokenIds: readonly number[]
}

/** Why a session ended at a stage, and what the stage did for it. */
export interface SessionEnded {
  readonly reason: SessionEndReason
  readonly report: StageReport
}

export type SessionEndReason =
  | 'end-token'
  | 'length'
  | 'closed-by-asker'
  | 'deadline'
  | 'refused-not-serving'
  | 'refused-busy'
  | 'refused-capacity'
  | 'refused-malformed'
  | 'link-failed'
  | 'peer-silent'
  | 'bad-tensor'
  | 'engine-failed'
  | 'leaving'

export const SESSION_END_REASONS: readonly SessionEndReason[] = [
  'end-token',
  'length',
  'closed-by-asker',
  'deadline',
  'refused-not-serving',
  'refused-busy',
  'refused-capacity',
  'refused-malformed',
  'link-failed',
  'peer-silent',
  'bad-tensor',
  'engine-failed',
  'leaving',
]

export interface StageReport {
  /** Engine time, microseconds, prefill and decode apart. */
  readonly prefillMicros: number
  readonly decodeMicros: number
  readonly decodeSteps: number
  readonly tensorBytesSent: number
  /** The part of `tensorBytesSent` that went through a relay. */
  readonly tensorBytesRelayed: number
}
