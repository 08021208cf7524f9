import type { Libp2p } from '@libp2p/interface'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MeshErrorObject } from '../errors.ts'
import type { StageAdvert } from '../protocol/stage-advert/stage-advert.ts'
import {
  decodeStageOfferReply,
  encodeStageOffer,
  STAGE_OFFER_LIMITS,
  STAGE_OFFER_V1,
} from '../protocol/stage-offer/stage-offer.ts'
import { DataPlane } from './data-plane.ts'
import { Gossip, type GossipNode } from './gossip.ts'
import { MeshPeer } from './mesh-peer.ts'
import { silentLogger, systemClock, type Clock } from './ports.ts'
import { createGossipNode, idOf } from './testing/loopback-node.fixture.ts'
import {
  LoadableToyEngine,
  TOY_LAYERS,
  TOY_MODEL,
  toyAdvert,
  toyManifest,
} from './testing/toy-model.fixture.ts'
import { WireStream } from './wire-stream.ts'

const GENERATION = 7
const HALF = { start: 0, end: 3 }

const cleanups: (() => Promise<void> | void)[] = []
/** What the relay hears from GossipSub. */
let adverts: StageAdvert[] = []
let relay: GossipNode
let relayGossip: Gossip

beforeEach(async () => {
  adverts = []
  relay = await gossipNode()
  relayGossip = new Gossip(
    relay,
    { onAdvert: (advert) => adverts.push(advert), onNotice() {}, onListener() {} },
    silentLogger,
  )
  relayGossip.start()
  cleanups.push(() => relayGossip.stop())
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function gossipNode(): Promise<GossipNode> {
  const node = await createGossipNode()
  cleanups.push(() => node.stop())
  return node
}

async function startPeer(options: { load?: () => Promise<never> } = {}) {
  const made = await makePeer(options)
  await made.peer.start()
  return made
}

async function makePeer(options: { load?: () => Promise<never>; clock?: Clock } = {}) {
  const libp2p = await gossipNode()
  await libp2p.dial(relay.getMultiaddrs())
  const engine = new LoadableToyEngine({ start: 0, end: TOY_LAYERS }, 0)
  const failures: MeshErrorObject[] = []
  const dataPlane: DataPlane = new DataPlane({
    engine,
    clock: systemClock,
    self: idOf(libp2p),
    generation: GENERATION,
    onEvent: (event) => peer.onDataPlaneEvent(event),
  })
  const peer: MeshPeer = new MeshPeer({
    libp2p,
    kind: 'native',
    isBackstop: false,
    generation: GENERATION,
    engine,
    capabilities: await engine.capabilities(),
    dataPlane,
    adopter: {
      adoptChannels: () => Promise.reject(new Error('no WebRTC here')),
      adoptStream: () => Promise.reject(new Error('no links here')),
    },
    source: {
      manifest: options.load ?? (() => Promise.resolve(toyManifest)),
      stageFiles: () => Promise.resolve(new Map()),
    },
    relays: [{ peerId: idOf(relay), address: `/dns4/relay/p2p/${idOf(relay)}` }],
    memoryBudgetBytes: 1_000_000,
    pinnedLayers: null,
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    onChange() {},
    onStageFailed: (error) => failures.push(error),
  })
  cleanups.push(async () => {
    await peer.stop()
    dataPlane.dispose()
  })
  return { peer, libp2p, failures, self: idOf(libp2p) }
}

/** Offers a stage as a relay does, from any node. Null when the peer hangs up without an answer. */
async function offer(from: Libp2p, to: Libp2p, layers = HALF) {
  const stream = new WireStream(
    await from.dialProtocol(to.getMultiaddrs(), STAGE_OFFER_V1),
    STAGE_OFFER_LIMITS.maxBytes,
  )
  stream.send(encodeStageOffer({ modelId: TOY_MODEL, modelName: 'toy', layers, leastMemoryBytes: null }))
  const reply = await stream.next()
  stream.close()
  return reply === null ? null : decodeStageOfferReply(reply)
}

function lastAdvert(): StageAdvert | undefined {
  return adverts.at(-1)
}

describe('MeshPeer', () => {
  it('advertises itself as soon as somebody listens, with what it can hold and where it is reached', async () => {
    const { self } = await startPeer()
    await vi.waitFor(() => expect(adverts).not.toEqual([]))
    expect(lastAdvert()).toMatchObject({
      peerId: self,
      generation: GENERATION,
      kind: 'native',
      isAwake: true,
      memoryBudgetBytes: 1_000_000,
      relayAddresses: [`/dns4/relay/p2p/${idOf(relay)}`],
      stages: [],
    })
  })

  it('loads what its relay offers, and advertises the stage when it is ready', async () => {
    const { libp2p, peer } = await startPeer()
    expect(await offer(relay, libp2p)).toMatchObject({ status: 'accepted' })
    await vi.waitFor(() =>
      expect(lastAdvert()?.stages).toMatchObject([{ modelId: TOY_MODEL, layers: HALF, state: 'ready' }]),
    )
    expect(peer.status().stages).toMatchObject([{ layers: HALF, state: 'ready' }])
  })

  it('hangs up on an offer from anybody but a relay that it joined', async () => {
    const { libp2p, peer } = await startPeer()
    const stranger = await gossipNode()
    expect(await offer(stranger, libp2p)).toBeNull()
    expect(peer.status().stages).toEqual([])
  })

  it('reports a stage that could not be loaded, and holds nothing', async () => {
    const { libp2p, peer, failures } = await startPeer({
      load: () => Promise.reject(new Error('the relay has no such model')),
    })
    await offer(relay, libp2p)
    await vi.waitFor(() => expect(failures).toHaveLength(1))
    expect(peer.status().stages).toEqual([])
  })

  it('leaves no timer behind when it is stopped in the middle of its start', async () => {
    let repeats = 0
    const clock: Clock = {
      ...systemClock,
      every(milliseconds, callback) {
        repeats++
        const stop = systemClock.every(milliseconds, callback)
        return () => {
          repeats--
          stop()
        }
      },
    }
    const { peer } = await makePeer({ clock })
    const started = peer.start()
    await peer.stop()
    await started
    expect(repeats).toBe(0)
  })

  it('says good-bye before it stops', async () => {
    const { peer } = await startPeer()
    await vi.waitFor(() => expect(adverts).not.toEqual([]))
    await peer.stop()
    await vi.waitFor(() => expect(lastAdvert()?.isAwake).toBe(false))
  })

  it('forgets a peer when a relay that the peer names says that it left, and only then', async () => {
    const { peer } = await startPeer()
    const other = await gossipNode()
    await other.dial(relay.getMultiaddrs())
    const gossip = new Gossip(other, { onAdvert() {}, onNotice() {}, onListener() {} }, silentLogger)
    gossip.start()
    cleanups.push(() => gossip.stop())
    const advert = toyAdvert(idOf(other), HALF, { relayAddresses: [`/dns4/relay/p2p/${idOf(relay)}`] })
    await vi.waitFor(async () => {
      await gossip.advertise(advert)
      expect(peer.membership.get(idOf(other))).toBeDefined()
    })
    // Not one of its relays: the peer itself speaks here, about a peer that names another relay.
    await gossip.notify({ peerId: idOf(other), generation: 7, kind: 'left' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(peer.membership.get(idOf(other))).toBeDefined()
    await relayGossip.notify({ peerId: idOf(other), generation: 7, kind: 'left' })
    await vi.waitFor(() => expect(peer.membership.get(idOf(other))).toBeUndefined())
  })
})
