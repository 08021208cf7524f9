import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { ModelManifest } from '../shared/model/manifest.ts'
import { assignmentModel } from '../shared/mesh/assignment-model.ts'
import type { Membership, MemberPeer } from '../shared/mesh/membership.ts'
import { planModels, type SharingPeer } from '../shared/mesh/model-assignment.ts'
import type { Clock, Logger } from '../shared/mesh/ports.ts'
import { leastMemoryBytes } from '../shared/mesh/window-plan.ts'
import { WireStream } from '../shared/mesh/wire-stream.ts'
import type { ModelId, PeerIdText } from '../shared/protocol/ids.ts'
import { formatRange, type LayerRange } from '../shared/protocol/layer-range.ts'
import type { AdvertisedStage, StageAdvert } from '../shared/protocol/stage-advert/stage-advert.ts'
import {
  decodeStageOfferReply,
  encodeStageOffer,
  STAGE_OFFER_LIMITS,
  STAGE_OFFER_V1,
  type StageOffer,
} from '../shared/protocol/stage-offer/stage-offer.ts'

/** Joins that come together are planned together, so that two tabs opened at once get halves and not two wholes. */
const PLAN_DELAY_MS = 250
const OFFER_TIMEOUT_MS = 10_000
/** A peer that refused is asked again after this, or when the plan for it changes. */
const REFUSED_RETRY_MS = 30_000

/** What a peer is asked to hold, or why it is given nothing; see {@link StageOffer}. */
type Wanted = Pick<StageOffer, 'layers' | 'leastMemoryBytes'>

interface Offered extends Wanted {
  readonly state: 'offered' | 'accepted' | 'refused'
  readonly atMs: number
}

/** Decides which layers the peers of this relay hold, and asks them to. Peers of other relays are theirs to ask. */
export class Assigner {
  readonly #libp2p: Libp2p
  readonly #membership: Membership
  readonly #models: readonly ModelManifest[]
  /** What the smallest stage of each model takes of a budget, least first. */
  readonly #leastStages: readonly { readonly manifest: ModelManifest; readonly bytes: number }[]
  readonly #minStages: number
  readonly #isLocal: (peerId: PeerIdText) => boolean
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #offered = new Map<string, Offered>()
  #cancelPlan: (() => void) | null = null
  #stopListening = (): void => {}

  constructor(options: {
    libp2p: Libp2p
    membership: Membership
    models: readonly ModelManifest[]
    minStages: number
    /** True for a peer that is connected to this relay. */
    isLocal: (peerId: PeerIdText) => boolean
    clock: Clock
    logger: Logger
  }) {
    this.#libp2p = options.libp2p
    this.#membership = options.membership
    this.#models = options.models
    this.#leastStages = options.models
      .map((manifest) => ({ manifest, bytes: leastMemoryBytes(assignmentModel(manifest)) }))
      .sort((a, b) => a.bytes - b.bytes)
    this.#minStages = options.minStages
    this.#isLocal = options.isLocal
    this.#clock = options.clock
    this.#logger = options.logger
  }

  start(): void {
    this.#stopListening = this.#membership.onChange(() => {
      this.#cancelPlan ??= this.#clock.after(PLAN_DELAY_MS, () => {
        this.#cancelPlan = null
        this.#plan()
      })
    })
  }

  stop(): void {
    this.#stopListening()
    this.#cancelPlan?.()
    this.#cancelPlan = null
  }

  #plan(): void {
    const peers = this.#membership.peers()
    for (const key of this.#offered.keys())
      if (!peers.some((peer) => key.startsWith(`${peer.advert.peerId}|`))) this.#offered.delete(key)
    const awake = peers.filter((peer) => peer.advert.isAwake)
    const plans = planModels({
      models: this.#models.map(assignmentModel),
      peers: awake.map((peer) => this.#sharingPeer(peer)),
      options: { minStages: this.#minStages },
    })
    for (const manifest of this.#models) {
      for (const { peerId, layers } of plans.get(manifest.id) ?? []) {
        if (!this.#isLocal(peerId)) continue
        const held = stageOf(this.#membership.get(peerId), manifest.id)?.layers ?? null
        if (!isSameRange(held, layers)) this.#offer(peerId, manifest, { layers, leastMemoryBytes: null })
      }
    }
    for (const { advert } of awake) if (this.#isLocal(advert.peerId)) this.#explainShortage(advert)
  }

  /** A peer whose budget is too small for every model that it can run would wait for ever and not know why. */
  #explainShortage({ peerId, encodings, memoryBudgetBytes, stages }: StageAdvert): void {
    if (stages.length > 0) return
    const smallest = this.#leastStages.find(({ manifest }) => encodings.includes(manifest.encoding))
    if (smallest === undefined || smallest.bytes <= memoryBudgetBytes) return
    this.#offer(peerId, smallest.manifest, { layers: null, leastMemoryBytes: smallest.bytes })
  }

  #sharingPeer(peer: MemberPeer): SharingPeer {
    const { advert, firstSeenMs } = peer
    return {
      peerId: advert.peerId,
      joinedAtMs: firstSeenMs,
      kind: advert.kind,
      isBackstop: advert.isBackstop,
      budgetBytes: advert.memoryBudgetBytes,
      encodings: advert.encodings,
      pinnedLayers: advert.pinnedLayers,
      held: new Map(
        this.#models.map(({ id }) => {
          const stage = stageOf(peer, id)
          const isMeasured = stage !== undefined && stage.decodeStepMicros !== 0
          return [
            id,
            {
              current: stage?.layers ?? this.#pending(advert.peerId, id),
              decodeStepMs: isMeasured ? stage.decodeStepMicros / 1000 : null,
            },
          ]
        }),
      ),
    }
  }

  /** What a peer was asked to hold and has not yet advertised. */
  #pending(peerId: PeerIdText, modelId: ModelId): LayerRange | null {
    const offered = this.#offered.get(`${peerId}|${modelId}`)
    return offered === undefined || offered.state === 'refused' ? null : offered.layers
  }

  #offer(peerId: PeerIdText, manifest: ModelManifest, wanted: Wanted): void {
    const key = `${peerId}|${manifest.id}`
    const before = this.#offered.get(key)
    const now = this.#clock.now()
    const { layers, leastMemoryBytes } = wanted
    const isRepeated =
      before !== undefined &&
      isSameRange(before.layers, layers) &&
      before.leastMemoryBytes === leastMemoryBytes
    if (isRepeated) {
      // Offered and accepted: its advert will follow. Refused: do not nag.
      if (now - before.atMs < REFUSED_RETRY_MS) return
      // No advert follows a reason, and one that was heard needs no repeating.
      if (leastMemoryBytes !== null && before.state === 'accepted') return
    }
    const offered: Offered = { ...wanted, state: 'offered', atMs: now }
    this.#offered.set(key, offered)
    void this.#send(peerId, manifest, wanted).then(
      (status) => {
        this.#logger.info('stage offered', {
          peerId,
          model: manifest.name,
          layers: layers === null ? 'none' : formatRange(layers),
          ...(leastMemoryBytes === null ? {} : { leastMemoryBytes }),
          status,
        })
        // A later offer may have overtaken this answer; then that one is what the peer was asked.
        if (this.#offered.get(key) === offered)
          this.#offered.set(key, { ...offered, state: status === 'accepted' ? 'accepted' : 'refused' })
      },
      (error: unknown) => {
        if (this.#offered.get(key) === offered) this.#offered.delete(key)
        this.#logger.warn('stage offer failed', { peerId, error: String(error) })
      },
    )
  }

  async #send(peerId: PeerIdText, { id, name }: ModelManifest, wanted: Wanted): Promise<string> {
    const signal = AbortSignal.timeout(OFFER_TIMEOUT_MS)
    const raw = await this.#libp2p.dialProtocol(peerIdFromString(peerId), STAGE_OFFER_V1, { signal })
    const stream = new WireStream(raw, STAGE_OFFER_LIMITS.maxBytes)
    try {
      stream.send(encodeStageOffer({ modelId: id, modelName: name, ...wanted }))
      const reply = await stream.next(signal)
      if (reply === null) throw new Error('the peer closed the stream')
      return decodeStageOfferReply(reply).status
    } finally {
      stream.close()
    }
  }
}

function stageOf(peer: MemberPeer | undefined, modelId: ModelId): AdvertisedStage | undefined {
  return peer?.advert.stages.find((stage) => stage.modelId === modelId)
}

function isSameRange(a: LayerRange | null, b: LayerRange | null): boolean {
  return a === b || (a !== null && b !== null && a.start === b.start && a.end === b.end)
}
