import {
  ADDRESS_LIMITS,
  checkCount,
  checkEncodedSize,
  checkInteger,
  checkLayerRange,
  checkNumber,
  checkRelayAddresses,
  checkTokenIds,
  checkVersion,
  decodeProtobuf,
  MAX_DURATION_MICROS,
  MAX_UINT32,
  protocolError,
  readId,
  readLayerRange,
  readTokenIds,
  required,
  WIRE_VERSION,
  WireEnum,
  writeId,
  writeTokenIds,
} from '../checks.ts'
import { parseModelId, parsePeerIdText, parseSessionId } from '../ids.ts'
import type { ModelId, PeerIdText, SessionId } from '../ids.ts'
import type { LayerRange } from '../layer-range.ts'
import * as pb from './pb/session.ts'
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

export const SESSION_LIMITS = {
  /** 512 KiB of prompt or history at 4 bytes a token, and 128 KiB for a route of 64 hops with 4 addresses each. */
  maxBytes: 640 * 1024,
  /** A tensor passes every hop for every token: longer routes would be slower than waiting for fewer peers. */
  maxHops: 64,
  /** The longest context of the models that we pack. */
  maxTokens: 131_072,
  /** Models name one to five. */
  maxEndTokenIds: 16,
  /** One hour. */
  maxDeadlineMs: 3_600_000,
  maxTemperature: 10,
  minRepetitionPenalty: 0.1,
  maxRepetitionPenalty: 10,
  /** Sampling over more candidates than any vocabulary has is `topK` off. */
  maxTopK: 0x7fff_ffff,
} as const

const PATHS = new WireEnum<LinkPath, pb.LinkPath>('link.path', {
  'worker-channel': pb.LinkPath.WORKER_CHANNEL,
  'main-channel': pb.LinkPath.MAIN_CHANNEL,
  stream: pb.LinkPath.STREAM,
  'relayed-stream': pb.LinkPath.RELAYED_STREAM,
})
const END_REASONS = new WireEnum<SessionEndReason, pb.SessionEndReason>('reason', {
  'end-token': pb.SessionEndReason.END_TOKEN,
  length: pb.SessionEndReason.LENGTH,
  'closed-by-asker': pb.SessionEndReason.CLOSED_BY_ASKER,
  deadline: pb.SessionEndReason.DEADLINE,
  'refused-not-serving': pb.SessionEndReason.REFUSED_NOT_SERVING,
  'refused-busy': pb.SessionEndReason.REFUSED_BUSY,
  'refused-capacity': pb.SessionEndReason.REFUSED_CAPACITY,
  'refused-malformed': pb.SessionEndReason.REFUSED_MALFORMED,
  'link-failed': pb.SessionEndReason.LINK_FAILED,
  'peer-silent': pb.SessionEndReason.PEER_SILENT,
  'bad-tensor': pb.SessionEndReason.BAD_TENSOR,
  'engine-failed': pb.SessionEndReason.ENGINE_FAILED,
  leaving: pb.SessionEndReason.LEAVING,
})

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID`, `MISSING_FIELD` (sampling of the last stage) */
export function encodeSessionMessage(message: SessionMessage): Uint8Array<ArrayBuffer> {
  checkSessionMessage(message)
  const bytes = pb.SessionMessage.encode({ version: WIRE_VERSION, ...writeBody(message) })
  return checkEncodedSize(bytes, SESSION_LIMITS.maxBytes)
}

function writeBody(message: SessionMessage): Omit<Partial<pb.SessionMessage>, 'version'> {
  switch (message.kind) {
    case 'open':
      return { open: writeOpen(message.open) }
    case 'opened': {
      const { link } = message.opened
      return {
        opened:
          link === null
            ? {}
            : { link: { path: PATHS.encode(link.path), roundTripMicros: link.roundTripMicros } },
      }
    }
    case 'prompt':
      return { prompt: { tokenIds: writeTokenIds(message.prompt.tokenIds) } }
    case 'tokens':
      return {
        tokens: {
          position: message.tokens.position,
          tokenIds: writeTokenIds(message.tokens.tokenIds),
        },
      }
    case 'ended':
      return {
        ended: { reason: END_REASONS.encode(message.ended.reason), report: message.ended.report },
      }
    default:
      return message satisfies never
  }
}

function writeOpen(open: SessionOpen): pb.SessionOpen {
  return {
    sessionId: writeId(open.sessionId),
    modelId: writeId(open.modelId),
    stageIndex: open.stageIndex,
    route: open.route.map((hop) => ({ ...hop, relayAddresses: [...hop.relayAddresses] })),
    capacityTokens: open.capacityTokens,
    promptTokenCount: open.promptTokenCount,
    maxNewTokens: open.maxNewTokens,
    endTokenIds: writeTokenIds(open.endTokenIds),
    deadlineMs: open.deadlineMs,
    ...(open.sampling === null
      ? {}
      : {
          sampling: {
            temperature: open.sampling.temperature,
            topK: open.sampling.topK,
            topP: open.sampling.topP,
            minP: open.sampling.minP,
            repetitionPenalty: open.sampling.repetitionPenalty,
            seed: open.sampling.seed,
            historyTokenIds: writeTokenIds(open.sampling.historyTokenIds),
          },
        }),
  }
}

/** @throws ProtocolError; `UNKNOWN_KIND` where none of the known bodies is present */
export function decodeSessionMessage(bytes: Uint8Array): SessionMessage {
  const wire = decodeProtobuf(bytes, SESSION_LIMITS.maxBytes, (input) =>
    pb.SessionMessage.decode(input, {
      limits: {
        open: { route: SESSION_LIMITS.maxHops, route$: { relayAddresses: ADDRESS_LIMITS.maxAddresses } },
      },
    }),
  )
  checkVersion(wire.version)
  const message = readBody(wire)
  checkSessionMessage(message)
  return message
}

function readBody(wire: pb.SessionMessage): SessionMessage {
  if (wire.open !== undefined) return { kind: 'open', open: readOpen(wire.open) }
  if (wire.opened !== undefined) {
    const { link } = wire.opened
    return {
      kind: 'opened',
      opened: {
        link:
          link === undefined
            ? null
            : {
                path: PATHS.decode(link.path),
                roundTripMicros: required(link.roundTripMicros, 'link.roundTripMicros'),
              },
      },
    }
  }
  if (wire.prompt !== undefined) {
    const tokenIds = readTokenIds(wire.prompt.tokenIds, 'tokenIds', SESSION_LIMITS.maxTokens)
    return { kind: 'prompt', prompt: { tokenIds } }
  }
  if (wire.tokens !== undefined) {
    return {
      kind: 'tokens',
      tokens: {
        position: required(wire.tokens.position, 'position'),
        tokenIds: readTokenIds(wire.tokens.tokenIds, 'tokenIds', SESSION_LIMITS.maxTokens),
      },
    }
  }
  if (wire.ended !== undefined) {
    const report = required(wire.ended.report, 'report')
    return {
      kind: 'ended',
      ended: {
        reason: END_REASONS.decode(wire.ended.reason),
        report: {
          prefillMicros: required(report.prefillMicros, 'report.prefillMicros'),
          decodeMicros: required(report.decodeMicros, 'report.decodeMicros'),
          decodeSteps: required(report.decodeSteps, 'report.decodeSteps'),
          tensorBytesSent: required(report.tensorBytesSent, 'report.tensorBytesSent'),
          tensorBytesRelayed: required(report.tensorBytesRelayed, 'report.tensorBytesRelayed'),
        },
      },
    }
  }
  throw protocolError('UNKNOWN_KIND', 'The session message has no known body.')
}

function readOpen(wire: pb.SessionOpen): SessionOpen {
  const { sampling } = wire
  return {
    sessionId: parseSessionId(readId(wire.sessionId, 'sessionId', 16)),
    modelId: parseModelId(readId(wire.modelId, 'modelId', 32)),
    stageIndex: required(wire.stageIndex, 'stageIndex'),
    route: wire.route.map((hop) => ({
      peerId: parsePeerIdText(required(hop.peerId, 'route.peerId')),
      generation: required(hop.generation, 'route.generation'),
      layers: readLayerRange(hop.layers, 'route.layers'),
      relayAddresses: hop.relayAddresses,
    })),
    capacityTokens: required(wire.capacityTokens, 'capacityTokens'),
    promptTokenCount: required(wire.promptTokenCount, 'promptTokenCount'),
    maxNewTokens: required(wire.maxNewTokens, 'maxNewTokens'),
    endTokenIds: readTokenIds(wire.endTokenIds, 'endTokenIds', SESSION_LIMITS.maxEndTokenIds),
    deadlineMs: required(wire.deadlineMs, 'deadlineMs'),
    sampling:
      sampling === undefined
        ? null
        : {
            temperature: required(sampling.temperature, 'sampling.temperature'),
            topK: required(sampling.topK, 'sampling.topK'),
            topP: required(sampling.topP, 'sampling.topP'),
            minP: required(sampling.minP, 'sampling.minP'),
            repetitionPenalty: required(sampling.repetitionPenalty, 'sampling.repetitionPenalty'),
            seed: required(sampling.seed, 'sampling.seed'),
            historyTokenIds: readTokenIds(
              sampling.historyTokenIds,
              'sampling.historyTokenIds',
              SESSION_LIMITS.maxTokens,
            ),
          },
  }
}

function checkSessionMessage(message: SessionMessage): void {
  switch (message.kind) {
    case 'open':
      checkOpen(message.open)
      return
    case 'opened':
      if (message.opened.link !== null) {
        checkInteger(message.opened.link.roundTripMicros, 'link.roundTripMicros', 0, MAX_DURATION_MICROS)
      }
      return
    case 'prompt':
      checkTokenIds(message.prompt.tokenIds, 'tokenIds', 1, SESSION_LIMITS.maxTokens)
      return
    case 'tokens':
      checkInteger(message.tokens.position, 'position', 0, SESSION_LIMITS.maxTokens - 1)
      checkTokenIds(message.tokens.tokenIds, 'tokenIds', 1, SESSION_LIMITS.maxTokens)
      return
    case 'ended':
      checkReport(message.ended.report)
      return
    default:
      message satisfies never
  }
}

function checkOpen(open: SessionOpen): void {
  const limits = SESSION_LIMITS
  parseSessionId(open.sessionId)
  parseModelId(open.modelId)
  checkCount(open.route, 'route', limits.maxHops)
  checkInteger(open.stageIndex, 'stageIndex', 0, open.route.length - 1)
  let nextLayer = 0
  for (const hop of open.route) {
    parsePeerIdText(hop.peerId)
    checkInteger(hop.generation, 'route.generation', 0, MAX_UINT32)
    checkLayerRange(hop.layers, 'route.layers')
    if (hop.layers.start !== nextLayer) {
      throw protocolError('OUT_OF_RANGE', 'The hops of route must join without gap or overlap, from layer 0.')
    }
    nextLayer = hop.layers.end
    checkRelayAddresses(hop.relayAddresses, 'route.relayAddresses')
  }
  checkInteger(open.capacityTokens, 'capacityTokens', 1, limits.maxTokens)
  checkInteger(open.promptTokenCount, 'promptTokenCount', 1, open.capacityTokens)
  checkInteger(open.maxNewTokens, 'maxNewTokens', 1, limits.maxTokens)
  checkTokenIds(open.endTokenIds, 'endTokenIds', 0, limits.maxEndTokenIds)
  checkInteger(open.deadlineMs, 'deadlineMs', 1, limits.maxDeadlineMs)
  const isLast = open.stageIndex === open.route.length - 1
  if (isLast && open.sampling === null) throw protocolError('MISSING_FIELD', 'The last stage needs sampling.')
  if (!isLast && open.sampling !== null) {
    throw protocolError('MALFORMED', 'Only the last stage may have sampling.')
  }
  if (open.sampling !== null) checkSampling(open.sampling)
}

function checkSampling(sampling: SessionSampling): void {
  const limits = SESSION_LIMITS
  checkNumber(sampling.temperature, 'sampling.temperature', 0, limits.maxTemperature)
  checkInteger(sampling.topK, 'sampling.topK', 0, limits.maxTopK)
  checkNumber(sampling.topP, 'sampling.topP', Number.MIN_VALUE, 1)
  checkNumber(sampling.minP, 'sampling.minP', 0, 1)
  checkNumber(
    sampling.repetitionPenalty,
    'sampling.repetitionPenalty',
    limits.minRepetitionPenalty,
    limits.maxRepetitionPenalty,
  )
  checkInteger(sampling.seed, 'sampling.seed', 0, MAX_UINT32)
  checkTokenIds(sampling.historyTokenIds, 'sampling.historyTokenIds', 0, limits.maxTokens)
}

function checkReport(report: StageReport): void {
  const most = Number.MAX_SAFE_INTEGER
  checkInteger(report.prefillMicros, 'report.prefillMicros', 0, most)
  checkInteger(report.decodeMicros, 'report.decodeMicros', 0, most)
  checkInteger(report.decodeSteps, 'report.decodeSteps', 0, MAX_UINT32)
  checkInteger(report.tensorBytesSent, 'report.tensorBytesSent', 0, most)
  checkInteger(report.tensorBytesRelayed, 'report.tensorBytesRelayed', 0, report.tensorBytesSent)
}
