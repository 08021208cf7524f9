import {
  checkEncodedSize,
  checkInteger,
  checkLayerRange,
  checkVersion,
  decodeProtobuf,
  MAX_MEMORY_BYTES,
  protocolError,
  readId,
  readLayerRange,
  required,
  WIRE_VERSION,
  WireEnum,
  writeId,
} from '../checks.ts'
import { parseModelId } from '../ids.ts'
import type { ModelId } from '../ids.ts'
import type { LayerRange } from '../layer-range.ts'
import * as pb from './pb/stage-offer.ts'

/** Stream protocol: relay -> peer, one request and one reply. */
export const STAGE_OFFER_V1 = '/mesh/stage-offer/1.0.0'

/** A relay asks a peer to serve a stage, or (layers null) to drop every stage of the model. */
export interface StageOffer {
  readonly modelId: ModelId
  readonly modelName: string
  readonly layers: LayerRange | null
  /**
   * Why `layers` is null, where memory is the reason: what the smallest stage of the model takes of a budget, with room
   * for sessions. The peer's budget is less, so it waits in vain. Null otherwise.
   */
  readonly leastMemoryBytes: number | null
}

export interface StageOfferReply {
  /** `accepted` means: loading starts now, the advert will say `ready`. */
  readonly status:
    'accepted' | 'refused-budget' | 'refused-encoding' | 'refused-paused' | 'refused-unknown-model'
}

export const STAGE_OFFER_LIMITS = {
  /** A name of 128 characters, each of up to 3 bytes of UTF-8, and 48 bytes of the rest. */
  maxBytes: 1024,
  /** Longer than any name on the hub; it is shown to people. */
  maxNameChars: 128,
} as const

const STATUSES = new WireEnum<StageOfferReply['status'], pb.StageOfferStatus>('status', {
  accepted: pb.StageOfferStatus.ACCEPTED,
  'refused-budget': pb.StageOfferStatus.REFUSED_BUDGET,
  'refused-encoding': pb.StageOfferStatus.REFUSED_ENCODING,
  'refused-paused': pb.StageOfferStatus.REFUSED_PAUSED,
  'refused-unknown-model': pb.StageOfferStatus.REFUSED_UNKNOWN_MODEL,
})

// Control characters would break a log line or a terminal, lone surrogates do not survive UTF-8.
const MODEL_NAME = /^[^\p{Cc}\p{Cs}]{1,128}$/u

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID` */
export function encodeStageOffer(offer: StageOffer): Uint8Array<ArrayBuffer> {
  checkStageOffer(offer)
  const bytes = pb.StageOffer.encode({
    version: WIRE_VERSION,
    modelId: writeId(offer.modelId),
    modelName: offer.modelName,
    ...(offer.layers === null ? {} : { layers: offer.layers }),
    ...(offer.leastMemoryBytes === null ? {} : { leastMemoryBytes: offer.leastMemoryBytes }),
  })
  return checkEncodedSize(bytes, STAGE_OFFER_LIMITS.maxBytes)
}

/** @throws ProtocolError */
export function decodeStageOffer(bytes: Uint8Array): StageOffer {
  const wire = decodeProtobuf(bytes, STAGE_OFFER_LIMITS.maxBytes, (input) => pb.StageOffer.decode(input))
  checkVersion(wire.version)
  const offer: StageOffer = {
    modelId: parseModelId(readId(wire.modelId, 'modelId', 32)),
    modelName: required(wire.modelName, 'modelName'),
    layers: wire.layers === undefined ? null : readLayerRange(wire.layers, 'layers'),
    leastMemoryBytes: wire.leastMemoryBytes ?? null,
  }
  checkStageOffer(offer)
  return offer
}

function checkStageOffer(offer: StageOffer): void {
  parseModelId(offer.modelId)
  if (!MODEL_NAME.test(offer.modelName)) {
    throw protocolError(
      'OUT_OF_RANGE',
      `modelName must have 1 to ${STAGE_OFFER_LIMITS.maxNameChars} printable characters.`,
    )
  }
  if (offer.layers !== null) checkLayerRange(offer.layers, 'layers')
  if (offer.leastMemoryBytes === null) return
  checkInteger(offer.leastMemoryBytes, 'leastMemoryBytes', 1, MAX_MEMORY_BYTES)
  if (offer.layers !== null)
    throw protocolError('OUT_OF_RANGE', 'leastMemoryBytes says why there are no layers, and there are some.')
}

/** @throws ProtocolError `OUT_OF_RANGE` */
export function encodeStageOfferReply(reply: StageOfferReply): Uint8Array<ArrayBuffer> {
  return pb.StageOfferReply.encode({ version: WIRE_VERSION, status: STATUSES.encode(reply.status) })
}

/** @throws ProtocolError */
export function decodeStageOfferReply(bytes: Uint8Array): StageOfferReply {
  const wire = decodeProtobuf(bytes, STAGE_OFFER_LIMITS.maxBytes, (input) => pb.StageOfferReply.decode(input))
  checkVersion(wire.version)
  return { status: STATUSES.decode(wire.status) }
}
