import type { LayerRange } from '../layer-range.ts'
import type { ModelId } from '../ids.ts'

/** Stream protocol: relay -> peer, one request and one reply. */
export const STAGE_OFFER_V1 = '/mesh/stage-offer/1.0.0'

/** A relay asks a peer to serve a stage, or (layers null) to drop every stage of the model. */
export interface StageOffer {
  readonly modelId: ModelId
  readonly modelName: string
  readonly layers: LayerRange | null
}

export interface StageOfferReply {
  /** `accepted` means: loading starts now, the advert will say `ready`. */
  readonly status:
    'accepted' | 'refused-budget' | 'refused-encoding' | 'refused-paused' | 'refused-unknown-model'
}
