import type { Libp2p, PeerId } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerIdText } from '../protocol/ids.ts'
import {
  decodePeerNotice,
  encodePeerNotice,
  PEER_NOTICES_V1,
  type PeerNotice,
} from '../protocol/peer-notice/peer-notice.ts'
import {
  decodeStageAdvert,
  encodeStageAdvert,
  STAGE_ADVERTS_V1,
  type StageAdvert,
} from '../protocol/stage-advert/stage-advert.ts'
import type { Logger } from './ports.ts'

export interface GossipEvents {
  /** An advert, signed by the peer that it describes. */
  onAdvert(advert: StageAdvert): void
  /** A notice and the peer that signed it; whether it may speak for the peer in question is the listener's to decide. */
  onNotice(notice: PeerNotice, from: PeerIdText): void
  /** A neighbour has begun to listen to adverts: what was published before never reached it. */
  onListener(): void
}

/** A libp2p node with GossipSub as its `pubsub` service. */
export type GossipNode = Libp2p<{ pubsub: GossipSub }>

/** How every node of the mesh runs GossipSub. */
export const GOSSIP_OPTIONS = {
  allowPublishToZeroTopicPeers: true,
  emitSelf: false,
  doPX: false,
  // By default more than ten peers of one address are ignored for an hour. A household, an office and everybody behind
  // one proxy share an address, and so do all tabs of a test.
  scoreParams: { IPColocationFactorWeight: 0 },
} as const

/** Adverts and notices over GossipSub. Messages are signed by GossipSub itself (`StrictSign`). */
export class Gossip {
  readonly #libp2p: GossipNode
  readonly #events: GossipEvents
  readonly #logger: Logger
  readonly #onMessage = (event: { detail: { topic: string; data: Uint8Array; from?: PeerId } }): void =>
    this.#receive(event.detail)
  readonly #onSubscription = (event: {
    detail: { subscriptions: readonly { topic: string; subscribe: boolean }[] }
  }): void => {
    const { subscriptions } = event.detail
    if (subscriptions.some(({ topic, subscribe }) => subscribe && topic === STAGE_ADVERTS_V1))
      this.#events.onListener()
  }

  constructor(libp2p: GossipNode, events: GossipEvents, logger: Logger) {
    this.#libp2p = libp2p
    this.#events = events
    this.#logger = logger
  }

  start(): void {
    const { pubsub } = this.#libp2p.services
    pubsub.addEventListener('message', this.#onMessage)
    pubsub.addEventListener('subscription-change', this.#onSubscription)
    pubsub.subscribe(STAGE_ADVERTS_V1)
    pubsub.subscribe(PEER_NOTICES_V1)
  }

  stop(): void {
    const { pubsub } = this.#libp2p.services
    pubsub.removeEventListener('message', this.#onMessage)
    pubsub.removeEventListener('subscription-change', this.#onSubscription)
  }

  /** Returns the number of neighbours that it was sent to: 0 while their streams are still being set up. */
  advertise(advert: StageAdvert): Promise<number> {
    return this.#publish(STAGE_ADVERTS_V1, encodeStageAdvert(advert))
  }

  async notify(notice: PeerNotice): Promise<void> {
    await this.#publish(PEER_NOTICES_V1, encodePeerNotice(notice))
  }

  async #publish(topic: string, bytes: Uint8Array): Promise<number> {
    try {
      return (await this.#libp2p.services.pubsub.publish(topic, bytes)).recipients.length
    } catch (error) {
      // A node that is stopping has nobody to tell.
      this.#logger.debug('gossip was not sent', { topic, error: String(error) })
      return 0
    }
  }

  #receive({ topic, data, from }: { topic: string; data: Uint8Array; from?: PeerId }): void {
    if (from === undefined) return
    try {
      if (topic === STAGE_ADVERTS_V1) {
        const advert = decodeStageAdvert(data)
        // INVARIANT: a peer speaks for itself only.
        if (advert.peerId === from.toString()) this.#events.onAdvert(advert)
      } else if (topic === PEER_NOTICES_V1)
        this.#events.onNotice(decodePeerNotice(data), from.toString() as PeerIdText) // libp2p has parsed it
    } catch (error) {
      this.#logger.debug('gossip refused', { topic, error: String(error) })
    }
  }
}

/** True if `relay` is one of the relays that the advert names: only they may say that the peer left. */
export function mayGiveNotice(advert: StageAdvert, relay: PeerIdText): boolean {
  return advert.relayAddresses.some((address) => address.endsWith(`/p2p/${relay}`))
}
