import type { Connection, Stream } from '@libp2p/interface'
import type { ComputeEngine, EngineCapabilities } from '../engine/compute-engine.ts'
import type { MeshErrorObject } from '../errors.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import type { StageAdvert } from '../protocol/stage-advert/stage-advert.ts'
import {
  decodeStageOffer,
  encodeStageOfferReply,
  STAGE_OFFER_LIMITS,
  STAGE_OFFER_V1,
} from '../protocol/stage-offer/stage-offer.ts'
import type { DataPlaneApi, DataPlaneEvent, LinkStatus } from './data-plane-api.ts'
import { Gossip, mayGiveNotice, type GossipNode } from './gossip.ts'
import { LinkService, type LinkAdopter } from './link-service.ts'
import { Membership } from './membership.ts'
import type { Clock, Logger } from './ports.ts'
import { PresenceSender } from './presence.ts'
import { SessionService } from './session-service.ts'
import { StageHost, type HeldStage, type MemoryShortage, type ModelSource } from './stage-host.ts'
import { WireStream } from './wire-stream.ts'

/** An unchanged advert is repeated this often, well inside the 90 s after which silence alone removes a peer. */
const ADVERT_REPEAT_MS = 20_000
/** Changes within this window travel in one advert. */
const ADVERT_DEBOUNCE_MS = 50
/** Load figures alone do not deserve more than one advert a second. */
const ADVERT_LOAD_INTERVAL_MS = 1_000
/** An advert that nobody got is sent again, until a relay's stream is open. */
const ADVERT_RETRY_MS = 250
const OFFER_TIMEOUT_MS = 10_000

export interface MeshPeerOptions {
  readonly libp2p: GossipNode
  readonly kind: 'tab' | 'native'
  readonly isBackstop: boolean
  /** Larger than in any earlier life of the same peer id: milliseconds since 1970 shifted to fit 32 bits, say. */
  readonly generation: number
  readonly engine: ComputeEngine
  readonly capabilities: EngineCapabilities
  readonly dataPlane: DataPlaneApi
  readonly adopter: LinkAdopter
  readonly source: ModelSource
  readonly relays: readonly RelayAddress[]
  readonly memoryBudgetBytes: number
  readonly pinnedLayers: LayerRange | null
  readonly clock: Clock
  readonly logger: Logger
  readonly onChange: () => void
  readonly onStageFailed: (error: MeshErrorObject) => void
}

/** A relay that the peer has joined. */
export interface RelayAddress {
  readonly peerId: PeerIdText
  /** With `/p2p/<peerId>` at the end, without `/p2p-circuit`. */
  readonly address: string
}

/** The state of a peer for those who show it. */
export interface MeshPeerStatus {
  readonly stages: readonly HeldStage[]
  /** Set where this peer holds nothing because it lends too little memory. */
  readonly shortage: MemoryShortage | null
  readonly links: readonly LinkStatus[]
  readonly openSessions: number
  readonly tokensServed: number
  readonly recentStepMs: number | null
}

/** A peer that serves stages, tab or native alike: adverts, offers, sessions, links and beats in one place. */
export class MeshPeer {
  readonly membership: Membership
  readonly host: StageHost
  readonly #options: MeshPeerOptions
  readonly #self: PeerIdText
  readonly #gossip: Gossip
  readonly #links: LinkService
  readonly #sessions: SessionService
  readonly #presence: PresenceSender
  #linkStatus: readonly LinkStatus[] = []
  #recentStepMs: number | null = null
  #sequence = 0
  #isAwake = true
  #isStopped = false
  #advertTimer: (() => void) | null = null
  #lastAdvertMs = Number.NEGATIVE_INFINITY
  #stopRepeat = (): void => {}

  constructor(options: MeshPeerOptions) {
    this.#options = options
    const { libp2p, logger, dataPlane } = options
    this.#self = libp2p.peerId.toString() as PeerIdText // libp2p made it
    this.membership = new Membership()
    this.#gossip = new Gossip(
      libp2p,
      {
        onAdvert: (advert) => {
          if (advert.peerId !== this.#self) this.membership.applyAdvert(advert, options.clock.now())
        },
        onListener: () => this.#scheduleAdvert(ADVERT_DEBOUNCE_MS),
        onNotice: (notice, from) => {
          const member = this.membership.get(notice.peerId)
          if (member !== undefined && mayGiveNotice(member.advert, from))
            this.#lose(notice.peerId, notice.generation)
        },
      },
      logger,
    )
    this.#links = new LinkService({ libp2p, self: this.#self, adopter: options.adopter, logger })
    this.host = new StageHost({
      engine: options.engine,
      source: options.source,
      logger,
      memoryBudgetBytes: options.memoryBudgetBytes,
      events: {
        onChange: () => this.#changed(ADVERT_DEBOUNCE_MS),
        onFailed: options.onStageFailed,
        onUnloading: (stageId) => dataPlane.closeSessions(stageId, 'leaving'),
      },
    })
    this.#sessions = new SessionService({
      libp2p,
      self: { peerId: this.#self, generation: options.generation },
      host: this.host,
      links: this.#links,
      dataPlane,
      maxSessions: options.capabilities.maxSessionsPerStage,
      logger,
      onActivity: () => this.#changed(ADVERT_LOAD_INTERVAL_MS),
    })
    this.#presence = new PresenceSender(libp2p, options.generation, logger)
  }

  async start(): Promise<void> {
    const { libp2p, clock } = this.#options
    this.#gossip.start()
    await this.#links.start()
    await this.#sessions.start()
    await libp2p.handle(STAGE_OFFER_V1, (stream, connection) => this.#onOffer(stream, connection), {
      maxInboundStreams: 4,
    })
    // Stopped meanwhile: nothing would ever end the timer.
    if (this.#isStopped) return
    this.#stopRepeat = clock.every(ADVERT_REPEAT_MS, () => {
      this.membership.sweep(clock.now())
      void this.#advertise()
    })
    await this.#advertise()
  }

  /** Says good-bye first, so that nobody chooses this peer any more; then ends sessions and frees the device. */
  async stop(): Promise<void> {
    this.#isAwake = false
    this.host.pause()
    this.#isStopped = true
    this.#stopRepeat()
    this.#advertTimer?.()
    try {
      await this.#advertise()
      await this.#options.dataPlane.closeSessions(null, 'leaving')
      this.#presence.stop()
      this.#gossip.stop()
      await this.#sessions.stop()
      await this.#links.stop()
    } finally {
      // Whatever of the network failed to stop: the owner gets the device back.
      await this.host.stop()
    }
  }

  /** Advertises again at once: after a relay came back. */
  refresh(): void {
    void this.#advertise()
  }

  status(): MeshPeerStatus {
    return {
      stages: this.host.stages(),
      shortage: this.host.shortage,
      links: this.#linkStatus,
      openSessions: this.#sessions.openSessions,
      tokensServed: this.#sessions.tokensServed,
      recentStepMs: this.#recentStepMs,
    }
  }

  /** The platform feeds everything that its data plane says. */
  onDataPlaneEvent(event: DataPlaneEvent): void {
    switch (event.kind) {
      case 'token':
      case 'session-ended':
        this.#sessions.onDataPlaneEvent(event)
        return
      case 'peer-silent':
        this.#links.disconnect(event.peerId)
        this.#lose(event.peerId, undefined)
        return
      case 'link-closed':
        this.#links.forget(event.peerId)
        return
      case 'alive':
        this.#recentStepMs = event.recentStepMs
        if (this.host.stages().length > 0)
          this.#presence.beat(
            this.#options.relays.map((relay) => relay.peerId),
            this.#options.clock.now(),
          )
        void this.#refreshLinks()
        return
      default:
        event satisfies never
    }
  }

  async #refreshLinks(): Promise<void> {
    const before = this.#linkStatus
    this.#linkStatus = await this.#options.dataPlane.links()
    if (before.length !== this.#linkStatus.length) this.#changed(ADVERT_LOAD_INTERVAL_MS)
  }

  #lose(peerId: PeerIdText, generation: number | undefined): void {
    this.membership.remove(peerId, generation)
    void this.#options.dataPlane.removeLink(peerId)
  }

  async #onOffer(raw: Stream, connection: Connection): Promise<void> {
    const stream = new WireStream(raw, STAGE_OFFER_LIMITS.maxBytes)
    const relay = connection.remotePeer.toString()
    try {
      // INVARIANT: only a relay that this peer has joined decides what it holds.
      if (!this.#options.relays.some(({ peerId }) => peerId === relay)) return
      const bytes = await stream.next(AbortSignal.timeout(OFFER_TIMEOUT_MS))
      if (bytes === null) return
      const reply = await this.host.offer(decodeStageOffer(bytes))
      if (!stream.closed.aborted) stream.send(encodeStageOfferReply(reply))
    } catch (error) {
      this.#options.logger.debug('offer failed', { error: String(error) })
    } finally {
      stream.close()
    }
  }

  #changed(delayMs: number): void {
    this.#options.onChange()
    this.#scheduleAdvert(delayMs)
  }

  #scheduleAdvert(delayMs: number): void {
    if (this.#advertTimer !== null || this.#isStopped) return
    const { clock } = this.#options
    const dueMs = delayMs === ADVERT_LOAD_INTERVAL_MS ? this.#lastAdvertMs + delayMs - clock.now() : delayMs
    this.#advertTimer = clock.after(Math.max(ADVERT_DEBOUNCE_MS, dueMs), () => {
      this.#advertTimer = null
      void this.#advertise()
    })
  }

  async #advertise(): Promise<void> {
    this.#lastAdvertMs = this.#options.clock.now()
    this.#sequence++
    const recipients = await this.#gossip.advertise(this.#advert())
    if (recipients === 0 && this.#isAwake) this.#scheduleAdvert(ADVERT_RETRY_MS)
  }

  #advert(): StageAdvert {
    const { options, maxSessions } = {
      options: this.#options,
      maxSessions: this.#options.capabilities.maxSessionsPerStage,
    }
    return {
      peerId: this.#self,
      generation: options.generation,
      sequence: this.#sequence,
      kind: options.kind,
      isBackstop: options.isBackstop,
      isAwake: this.#isAwake,
      relayAddresses: options.relays.map((relay) => relay.address),
      memoryBudgetBytes: options.memoryBudgetBytes,
      encodings: options.capabilities.encodings,
      pinnedLayers: options.pinnedLayers,
      stages: this.host
        .stages()
        .filter((stage) => stage.state !== 'draining')
        .map((stage) => ({
          modelId: stage.manifest.id,
          layers: stage.layers,
          state: stage.state === 'ready' ? 'ready' : 'loading',
          decodeStepMicros: Math.round((stage.decodeStepMs ?? 0) * 1000),
          openSessions: this.#sessions.openSessions,
          maxSessions,
        })),
      links: this.#linkStatus.slice(0, 32).map((link) => ({
        peerId: link.peerId,
        path: link.path,
        roundTripMicros: Math.round((link.roundTripMs ?? 0) * 1000),
      })),
    }
  }
}
