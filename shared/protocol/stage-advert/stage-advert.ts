import {
  ADDRESS_LIMITS,
  checkCount,
  checkEncodedSize,
  checkInteger,
  checkLayerRange,
  checkRelayAddresses,
  checkVersion,
  decodeProtobuf,
  MAX_DURATION_MICROS,
  MAX_MEMORY_BYTES,
  MAX_UINT32,
  protocolError,
  readId,
  readLayerRange,
  required,
  WIRE_VERSION,
  WireEnum,
  writeId,
} from '../checks.ts'
import { parseModelId, parsePeerIdText } from '../ids.ts'
import type { ModelId, PeerIdText } from '../ids.ts'
import type { LayerRange } from '../layer-range.ts'
import * as pb from './pb/stage-advert.ts'

/** GossipSub topic of {@link StageAdvert}. */
export const STAGE_ADVERTS_V1 = '/mesh/stage-adverts/1.0.0'

/** What a peer says of itself: where it is, what it could hold, what it serves. The newest `sequence` of a `generation` counts. */
export interface StageAdvert {
  readonly peerId: PeerIdText
  /** Grows each time that the peer starts or wakes from a freeze; stale frames are refused by it. */
  readonly generation: number
  readonly sequence: number
  readonly kind: 'tab' | 'native'
  /** A backstop serves only the layers that nobody else covers (the native peer of `npm start`). */
  readonly isBackstop: boolean
  /** False while the peer drains or sleeps: no new session may choose it. */
  readonly isAwake: boolean
  /** Where the peer holds circuit reservations, as multiaddrs without the `/p2p-circuit` part, at most 4. */
  readonly relayAddresses: readonly string[]
  /** Bytes that it is willing to hold, in weights and in the caches of sessions. */
  readonly memoryBudgetBytes: number
  /** Encodings that its engine runs well. */
  readonly encodings: readonly ('q4' | 'q8')[]
  /** The owner's wish for exactly these layers (`--layers`, `?layers=`); null lets the relay decide. */
  readonly pinnedLayers: LayerRange | null
  readonly stages: readonly AdvertisedStage[]
  /** Measured links to neighbours, at most 32. */
  readonly links: readonly AdvertisedLink[]
}

export interface AdvertisedStage {
  readonly modelId: ModelId
  readonly layers: LayerRange
  readonly state: 'loading' | 'ready'
  /** Median time of one decode step, microseconds. */
  readonly decodeStepMicros: number
  readonly openSessions: number
  readonly maxSessions: number
}

export interface AdvertisedLink {
  readonly peerId: PeerIdText
  readonly path: LinkPath
  /** Median round trip of the last beats, microseconds. */
  readonly roundTripMicros: number
}

/** The rungs of the fallback ladder, best first (design section 6). */
export type LinkPath = 'worker-channel' | 'main-channel' | 'stream' | 'relayed-stream'
export const LINK_PATHS: readonly LinkPath[] = ['worker-channel', 'main-channel', 'stream', 'relayed-stream']

/** True for the rung whose bytes a relay carries. */
export function isRelayedPath(path: LinkPath): boolean {
  return path === 'relayed-stream'
}

export const STAGE_ADVERT_LIMITS = {
  /** The largest legal advert takes about 6 KiB; gossip repeats each one, so not much more. */
  maxBytes: 16 * 1024,
  maxRelayAddresses: ADDRESS_LIMITS.maxAddresses,
  maxAddressChars: ADDRESS_LIMITS.maxChars,
  /** There are two. */
  maxEncodings: 2,
  /** Few fat stages: one or two models of which a native peer holds some pieces. */
  maxStages: 16,
  /** A route has few hops; a peer that neighbours more reports the links that it uses. */
  maxLinks: 32,
  maxMemoryBudgetBytes: MAX_MEMORY_BYTES,
  /** Counts that fit 16 bits are counts, larger ones are lies. */
  maxSessions: 65_535,
} as const

const PEER_KINDS = new WireEnum<StageAdvert['kind'], pb.PeerKind>('kind', {
  tab: pb.PeerKind.TAB,
  native: pb.PeerKind.NATIVE,
})
const ENCODINGS = new WireEnum<StageAdvert['encodings'][number], pb.Encoding>('encodings', {
  q4: pb.Encoding.Q4,
  q8: pb.Encoding.Q8,
})
const STAGE_STATES = new WireEnum<AdvertisedStage['state'], pb.StageState>('stages.state', {
  loading: pb.StageState.LOADING,
  ready: pb.StageState.READY,
})
const PATHS = new WireEnum<LinkPath, pb.LinkPath>('links.path', {
  'worker-channel': pb.LinkPath.WORKER_CHANNEL,
  'main-channel': pb.LinkPath.MAIN_CHANNEL,
  stream: pb.LinkPath.STREAM,
  'relayed-stream': pb.LinkPath.RELAYED_STREAM,
})

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID` */
export function encodeStageAdvert(advert: StageAdvert): Uint8Array<ArrayBuffer> {
  checkStageAdvert(advert)
  const bytes = pb.StageAdvert.encode({
    version: WIRE_VERSION,
    peerId: advert.peerId,
    generation: advert.generation,
    sequence: advert.sequence,
    kind: PEER_KINDS.encode(advert.kind),
    isBackstop: advert.isBackstop,
    isAwake: advert.isAwake,
    relayAddresses: [...advert.relayAddresses],
    memoryBudgetBytes: advert.memoryBudgetBytes,
    encodings: advert.encodings.map((encoding) => ENCODINGS.encode(encoding)),
    ...(advert.pinnedLayers === null ? {} : { pinnedLayers: advert.pinnedLayers }),
    stages: advert.stages.map((stage) => ({
      modelId: writeId(stage.modelId),
      layers: stage.layers,
      state: STAGE_STATES.encode(stage.state),
      decodeStepMicros: stage.decodeStepMicros,
      openSessions: stage.openSessions,
      maxSessions: stage.maxSessions,
    })),
    links: advert.links.map((link) => ({
      peerId: link.peerId,
      path: PATHS.encode(link.path),
      roundTripMicros: link.roundTripMicros,
    })),
  })
  return checkEncodedSize(bytes, STAGE_ADVERT_LIMITS.maxBytes)
}

/** @throws ProtocolError */
export function decodeStageAdvert(bytes: Uint8Array): StageAdvert {
  const wire = decodeProtobuf(bytes, STAGE_ADVERT_LIMITS.maxBytes, (input) =>
    pb.StageAdvert.decode(input, {
      limits: {
        relayAddresses: STAGE_ADVERT_LIMITS.maxRelayAddresses,
        encodings: STAGE_ADVERT_LIMITS.maxEncodings,
        stages: STAGE_ADVERT_LIMITS.maxStages,
        links: STAGE_ADVERT_LIMITS.maxLinks,
      },
    }),
  )
  checkVersion(wire.version)
  const advert: StageAdvert = {
    peerId: parsePeerIdText(required(wire.peerId, 'peerId')),
    generation: required(wire.generation, 'generation'),
    sequence: required(wire.sequence, 'sequence'),
    kind: PEER_KINDS.decode(wire.kind),
    isBackstop: required(wire.isBackstop, 'isBackstop'),
    isAwake: required(wire.isAwake, 'isAwake'),
    relayAddresses: wire.relayAddresses,
    memoryBudgetBytes: required(wire.memoryBudgetBytes, 'memoryBudgetBytes'),
    encodings: wire.encodings.map((encoding) => ENCODINGS.decode(encoding)),
    pinnedLayers: wire.pinnedLayers === undefined ? null : readLayerRange(wire.pinnedLayers, 'pinnedLayers'),
    stages: wire.stages.map((stage) => ({
      modelId: parseModelId(readId(stage.modelId, 'stages.modelId', 32)),
      layers: readLayerRange(stage.layers, 'stages.layers'),
      state: STAGE_STATES.decode(stage.state),
      decodeStepMicros: required(stage.decodeStepMicros, 'stages.decodeStepMicros'),
      openSessions: required(stage.openSessions, 'stages.openSessions'),
      maxSessions: required(stage.maxSessions, 'stages.maxSessions'),
    })),
    links: wire.links.map((link) => ({
      peerId: parsePeerIdText(required(link.peerId, 'links.peerId')),
      path: PATHS.decode(link.path),
      roundTripMicros: required(link.roundTripMicros, 'links.roundTripMicros'),
    })),
  }
  checkStageAdvert(advert)
  return advert
}

function checkStageAdvert(advert: StageAdvert): void {
  const limits = STAGE_ADVERT_LIMITS
  parsePeerIdText(advert.peerId)
  checkInteger(advert.generation, 'generation', 0, MAX_UINT32)
  checkInteger(advert.sequence, 'sequence', 0, MAX_UINT32)
  checkRelayAddresses(advert.relayAddresses, 'relayAddresses')
  checkInteger(advert.memoryBudgetBytes, 'memoryBudgetBytes', 0, limits.maxMemoryBudgetBytes)
  checkCount(advert.encodings, 'encodings', limits.maxEncodings)
  if (new Set(advert.encodings).size !== advert.encodings.length) {
    throw protocolError('OUT_OF_RANGE', 'encodings names one encoding twice.')
  }
  if (advert.pinnedLayers !== null) checkLayerRange(advert.pinnedLayers, 'pinnedLayers')
  checkCount(advert.stages, 'stages', limits.maxStages)
  for (const stage of advert.stages) {
    parseModelId(stage.modelId)
    checkLayerRange(stage.layers, 'stages.layers')
    checkInteger(stage.decodeStepMicros, 'stages.decodeStepMicros', 0, MAX_DURATION_MICROS)
    checkInteger(stage.openSessions, 'stages.openSessions', 0, limits.maxSessions)
    checkInteger(stage.maxSessions, 'stages.maxSessions', 0, limits.maxSessions)
  }
  checkCount(advert.links, 'links', limits.maxLinks)
  for (const link of advert.links) {
    parsePeerIdText(link.peerId)
    checkInteger(link.roundTripMicros, 'links.roundTripMicros', 0, MAX_DURATION_MICROS)
  }
}
