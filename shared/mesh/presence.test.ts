import type { Libp2p, Stream } from '@libp2p/interface'
import type { GossipSub } from '@libp2p/gossipsub'
import { streamPair } from '@libp2p/utils'
import { peerIdFromString } from '@libp2p/peer-id'
import { describe, expect, it, vi } from 'vitest'
import { encodePeerNotice, PEER_NOTICES_V1 } from '../protocol/peer-notice/peer-notice.ts'
import { encodeStageAdvert, STAGE_ADVERTS_V1 } from '../protocol/stage-advert/stage-advert.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import { Gossip, mayGiveNotice, type GossipNode } from './gossip.ts'
import { silentLogger } from './ports.ts'
import { PRESENCE_LIMIT_MS, PresenceSender, PresenceWatch } from './presence.ts'
import { RelayKeeper } from './relay-keeper.ts'
import { toyAdvert } from './testing/toy-model.fixture.ts'
import { VirtualClock } from './testing/virtual-clock.fixture.ts'

const PEER = '12D3KooWGJLpnPd9NRCCR1bntU1Ct3dDotBwLodcYV9PqvvToLL7' as PeerIdText // a well-formed id
const RELAY = '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE' as PeerIdText // a well-formed id

const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15))

/** A relay's watch and a peer's sender with a pair of streams between them. */
async function watched() {
  const clock = new VirtualClock()
  let serve = (_stream: Stream): void => {}
  const relaySide = {
    handle: (_protocol: string, handler: (stream: Stream, connection: unknown) => void) => {
      serve = (stream) => handler(stream, { remotePeer: peerIdFromString(PEER) })
    },
    unhandle: () => {},
  }
  const silent: PeerIdText[] = []
  const watch = new PresenceWatch({
    libp2p: relaySide as unknown as Libp2p, // all that a watch calls
    clock,
    onSilent: (peerId) => silent.push(peerId),
    onHeard: () => {},
  })
  await watch.start()
  let isConnected = true
  const dials = vi.fn(async () => {
    const [mine, theirs] = await streamPair()
    serve(theirs)
    return mine
  })
  const peerSide = { dialProtocol: dials, getConnections: () => (isConnected ? [{}] : []) }
  const sender = new PresenceSender(peerSide as unknown as Libp2p, 1, silentLogger) // all that a sender calls
  const beat = async (): Promise<void> => {
    sender.beat([RELAY], clock.now())
    await breathe()
  }
  return { clock, watch, sender, silent, dials, beat, connect: (is: boolean) => (isConnected = is) }
}

describe('presence', () => {
  it('calls a peer silent within 1.1 s of its last beat, once', async () => {
    const { clock, watch, silent, beat } = await watched()
    await beat()
    await beat()
    await clock.advance(900)
    await beat()
    await clock.advance(PRESENCE_LIMIT_MS)
    expect(silent).toEqual([])
    await clock.advance(101)
    expect(silent).toEqual([PEER])
    await clock.advance(5_000)
    expect(silent).toEqual([PEER])
    await watch.stop()
  })

  it('forgives a silence in which the process itself was held up', async () => {
    const { clock, watch, silent, beat } = await watched()
    await beat()
    await beat()
    const now = vi.spyOn(clock, 'now').mockReturnValue(clock.now() + 4_000)
    await clock.advance(100)
    expect(silent).toEqual([])
    now.mockRestore()
    await watch.stop()
  })

  it('does not call a peer silent that closed its stream or was forgotten', async () => {
    const { clock, watch, sender, silent, beat } = await watched()
    await beat()
    await beat()
    sender.stop()
    await breathe()
    await clock.advance(5_000)
    expect(silent).toEqual([])
    await watch.stop()
  })

  it('opens a stream only over a connection that exists, and only once at a time', async () => {
    const { watch, sender, dials, beat, connect } = await watched()
    connect(false)
    await beat()
    expect(dials).not.toHaveBeenCalled()
    connect(true)
    sender.beat([RELAY], 0)
    sender.beat([RELAY], 0)
    await breathe()
    expect(dials).toHaveBeenCalledOnce()
    sender.stop()
    await watch.stop()
  })

  it('closes a stream that opens after the stop', async () => {
    const { watch, sender, dials } = await watched()
    sender.beat([RELAY], 0)
    sender.stop()
    const raw = (await dials.mock.results[0]?.value) as Stream // the mock returns a stream
    await vi.waitFor(() => expect(raw.writeStatus).not.toBe('writable'))
    await watch.stop()
  })
})

describe('RelayKeeper', () => {
  function keeper() {
    const clock = new VirtualClock()
    const network = new EventTarget()
    let isConnected = true
    const attempts: number[] = []
    const listen = vi.fn(() => Promise.resolve())
    const log: string[] = []
    let isUp = false
    const libp2p = Object.assign(network, {
      getConnections: () => (isConnected ? [{}] : []),
      dial: () => {
        attempts.push(clock.now())
        if (!isUp) return Promise.reject(new Error('refused'))
        isConnected = true
        return Promise.resolve({})
      },
      components: { transportManager: { listen } },
    })
    const address = `/ip4/127.0.0.1/tcp/1/ws/p2p/${RELAY}`
    const created = new RelayKeeper({
      libp2p: libp2p as unknown as Libp2p, // all that a keeper calls
      relays: [{ peerId: RELAY, address }],
      clock,
      logger: silentLogger,
      random: () => 0,
      onLost: () => log.push('lost'),
      onRestored: () => log.push('restored'),
    })
    created.start()
    const drop = (): void => {
      isConnected = false
      network.dispatchEvent(Object.assign(new Event('peer:disconnect'), { detail: peerIdFromString(RELAY) }))
    }
    return {
      clock,
      keeper: created,
      attempts,
      listen,
      log,
      drop,
      address,
      setUp: (is: boolean) => (isUp = is),
      reconnect: () => (isConnected = true),
    }
  }

  it('backs off between attempts, and reserves again once the relay is back', async () => {
    const { clock, keeper: created, attempts, listen, log, drop, setUp, address } = keeper()
    await clock.advance(3_000)
    expect(log).toEqual([])
    drop()
    await clock.advance(60_000)
    expect(log).toEqual(['lost'])
    const gaps = attempts.slice(1).map((atMs, index) => atMs - (attempts[index] ?? 0))
    // 0.5, 1, 2, 4, 8 and then 15 s, seen by a check each second.
    expect(gaps.slice(0, 6)).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 15_000])
    setUp(true)
    await clock.advance(16_000)
    expect(log).toEqual(['lost', 'restored'])
    expect(listen.mock.calls.flat(2).map(String)).toEqual([`${address}/p2p-circuit`])
    const before = attempts.length
    await clock.advance(30_000)
    expect(attempts).toHaveLength(before)
    created.stop()
  })

  it('reserves again when the connection came back by itself between two checks', async () => {
    const { clock, keeper: created, listen, log, drop, setUp, reconnect } = keeper()
    setUp(true)
    drop()
    reconnect()
    await clock.advance(3_000)
    expect(log).toEqual(['lost', 'restored'])
    expect(listen).toHaveBeenCalledOnce()
    created.stop()
  })

  it('does nothing after the stop', async () => {
    const { clock, keeper: created, attempts, log, drop } = keeper()
    created.stop()
    drop()
    await clock.advance(10_000)
    expect([attempts, log]).toEqual([[], []])
  })
})

describe('Gossip', () => {
  function gossip() {
    const pubsub = Object.assign(new EventTarget(), { subscribe: vi.fn() })
    const heard = { onAdvert: vi.fn(), onNotice: vi.fn(), onListener: vi.fn() }
    const node = { services: { pubsub: pubsub as unknown as GossipSub } } as unknown as GossipNode // all that gossip calls
    const created = new Gossip(node, heard, silentLogger)
    created.start()
    const receive = (topic: string, data: Uint8Array, from: PeerIdText): void => {
      const detail = { topic, data, from: peerIdFromString(from) }
      pubsub.dispatchEvent(Object.assign(new Event('message'), { detail }))
    }
    return { gossip: created, heard, receive }
  }
  const advert = toyAdvert(PEER, { start: 0, end: 3 })

  it('takes an advert from the peer that it describes and from nobody else', () => {
    const { heard, receive } = gossip()
    receive(STAGE_ADVERTS_V1, encodeStageAdvert(advert), RELAY)
    expect(heard.onAdvert).not.toHaveBeenCalled()
    receive(STAGE_ADVERTS_V1, encodeStageAdvert(advert), PEER)
    expect(heard.onAdvert.mock.calls).toEqual([[advert]])
  })

  it('drops what is no message, and hands a notice on with its sender', () => {
    const { heard, receive, gossip: created } = gossip()
    receive(STAGE_ADVERTS_V1, Uint8Array.of(0xff, 0xff), PEER)
    receive(PEER_NOTICES_V1, Uint8Array.of(0xff, 0xff), PEER)
    const notice = { kind: 'left', peerId: PEER, generation: 7 } as const
    receive(PEER_NOTICES_V1, encodePeerNotice(notice), RELAY)
    created.stop()
    receive(PEER_NOTICES_V1, encodePeerNotice(notice), RELAY)
    expect(heard.onAdvert).not.toHaveBeenCalled()
    expect(heard.onNotice.mock.calls).toEqual([[notice, RELAY]])
  })

  it('lets only the relays of a peer give notice of it', () => {
    const joined = { ...advert, relayAddresses: [`/ip4/127.0.0.1/tcp/1/ws/p2p/${RELAY}`] }
    expect(mayGiveNotice(joined, RELAY)).toBe(true)
    expect(mayGiveNotice(joined, PEER)).toBe(false)
    expect(mayGiveNotice(advert, RELAY)).toBe(false)
  })
})
