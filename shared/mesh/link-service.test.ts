import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeLinkMessage, LINK_LIMITS, LINK_V1, type LinkMessage } from '../protocol/link/link.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import { systemClock } from './ports.ts'
import { startLinkedPeer, type LinkedPeer } from './testing/linked-peer.fixture.ts'
import { ToyEngine } from './testing/toy-engine.fixture.ts'
import { createRelayedNode, createRelayingNode } from './testing/webrtc-node.fixture.ts'
import { WireStream } from './wire-stream.ts'

let relay: Libp2p
let relayAddress: string
const cleanups: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  relay = await createRelayingNode()
  relayAddress = relay.getMultiaddrs()[0]!.toString() // it listens on one address
})
afterAll(async () => {
  await relay.stop()
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A peer with its data plane; `isDirect: false` has no WebRTC. */
async function join(options: { isDirect?: boolean; allowStreams?: boolean } = {}): Promise<LinkedPeer> {
  const libp2p = await createRelayedNode(relayAddress, options.isDirect)
  const engine = new ToyEngine({
    layers: { start: 0, end: 1 },
    layerCount: 1,
    hiddenSize: 8,
    stepMs: 0,
    clock: systemClock,
  })
  const peer = await startLinkedPeer({ libp2p, engine, generation: 1, allowStreams: options.allowStreams })
  cleanups.push(() => peer.stop())
  await vi.waitFor(() => expect(libp2p.getMultiaddrs().map(String).join(' ')).toContain('p2p-circuit'))
  return peer
}

/** Two peers in the order of their ids: the first opens, the second asks it to. */
async function joinPair(
  options: Parameters<typeof join>[0] = {},
): Promise<[opener: LinkedPeer, asker: LinkedPeer]> {
  const [a, b] = [await join(options), await join(options)]
  return a.self < b.self ? [a, b] : [b, a]
}

function ensure(from: LinkedPeer, to: LinkedPeer): Promise<LinkPath> {
  return from.links.ensure(to.self, [relayAddress])
}

function connectionTo(from: LinkedPeer, to: LinkedPeer): Connection {
  const connection = from.libp2p
    .getConnections(peerIdFromString(to.self))
    .find((candidate) => candidate.limits === undefined)
  if (connection === undefined) throw new Error('there is no direct connection')
  return connection
}

/** Makes a connection look as it would with a version of libp2p that keeps its peer connection to itself. */
function hidePeerConnection(connection: Connection): void {
  const holder = connection as unknown as { muxer: object } // undocumented
  holder.muxer = new Proxy(holder.muxer, {
    get(muxer, key) {
      const value: unknown = key === 'peerConnection' ? undefined : Reflect.get(muxer, key, muxer)
      return typeof value === 'function' ? (value.bind(muxer) as unknown) : value
    },
  })
}

describe('LinkService over WebRTC', () => {
  it('gives both sides one link of data channels, and frames flow both ways', async () => {
    const [opener, asker] = await joinPair()
    expect(await Promise.all([ensure(opener, asker), ensure(asker, opener)])).toEqual([
      'main-channel',
      'main-channel',
    ])
    expect(opener.adopted).toEqual([{ peerId: asker.self, path: 'main-channel', speaksFirst: false }])
    expect(asker.adopted).toEqual([{ peerId: opener.self, path: 'main-channel', speaksFirst: true }])
    expect(await opener.dataPlane.measure(asker.self, 1_000, 3)).toHaveLength(3)
    expect(await asker.dataPlane.measure(opener.self, 65_536, 3)).toHaveLength(3)
    expect([opener.closed, asker.closed]).toEqual([[], []])
  })

  it('lets the larger id ask the smaller to open', async () => {
    const [opener, asker] = await joinPair()
    expect(await ensure(asker, opener)).toBe('main-channel')
    expect(opener.adopted).toMatchObject([{ speaksFirst: false }])
    expect(await asker.dataPlane.measure(opener.self, 1_000, 1)).toHaveLength(1)
  })

  it('shares one attempt between calls, and makes another link once the first was forgotten', async () => {
    const [opener, asker] = await joinPair()
    const first = ensure(opener, asker)
    expect(ensure(opener, asker)).toBe(first)
    await first
    await opener.dataPlane.removeLink(asker.self)
    await vi.waitFor(() => expect(asker.closed).toHaveLength(1))
    expect(await ensure(opener, asker)).toBe('main-channel')
    expect(opener.adopted).toHaveLength(2)
    expect(await asker.dataPlane.measure(opener.self, 1_000, 1)).toHaveLength(1)
  })

  it('drops the connections of a silent peer at once, and reaches it anew', async () => {
    const [opener, asker] = await joinPair()
    await ensure(opener, asker)
    opener.links.disconnect(asker.self)
    expect(opener.libp2p.getConnections(peerIdFromString(asker.self))).toEqual([])
    await vi.waitFor(() => expect(asker.closed).toHaveLength(1), { timeout: 5_000 })
    expect(await ensure(opener, asker)).toBe('main-channel')
  })

  it('carries frames in a stream of the direct connection when it hides its peer connection', async () => {
    const [opener, asker] = await joinPair()
    await ensure(opener, asker)
    hidePeerConnection(connectionTo(opener, asker))
    await opener.dataPlane.removeLink(asker.self)
    await vi.waitFor(() => expect(asker.closed).toHaveLength(1))
    expect(await ensure(opener, asker)).toBe('stream')
    expect(await opener.dataPlane.measure(asker.self, 1_000, 1)).toHaveLength(1)
    expect(asker.adopted.at(-1)).toMatchObject({ path: 'stream' })
  })

  it.each<[string, (send: (message: LinkMessage) => void) => void]>([
    ['says that it refuses', (send) => send({ kind: 'refused' })],
    ['answers with a request', (send) => send({ kind: 'request' })],
    ['closes the stream without a word', () => {}],
  ])('says NO_LINK when the other side %s', async (_, answer) => {
    const [opener, asker] = await joinPair()
    await asker.libp2p.unhandle(LINK_V1)
    await asker.libp2p.handle(LINK_V1, async (raw) => {
      const stream = new WireStream(raw, LINK_LIMITS.maxBytes)
      await stream.next()
      answer((message) => stream.send(encodeLinkMessage(message)))
      stream.close()
    })
    await expect(ensure(opener, asker)).rejects.toMatchObject({
      name: 'LinkError',
      data: { code: 'NO_LINK', peerId: asker.self },
    })
  })
})

describe('LinkService without a direct way', () => {
  it('carries frames through the relay and says so', async () => {
    const [opener, asker] = await joinPair({ isDirect: false })
    expect(await ensure(opener, asker)).toBe('relayed-stream')
    expect(await opener.dataPlane.measure(asker.self, 1_000, 1)).toHaveLength(1)
    expect(asker.adopted).toEqual([{ peerId: opener.self, path: 'relayed-stream', speaksFirst: true }])
  })

  it('lets the larger id ask the smaller to open, which then dials back the way that it was asked', async () => {
    const [opener, asker] = await joinPair({ isDirect: false })
    expect(await ensure(asker, opener)).toBe('relayed-stream')
    await vi.waitFor(() => expect(opener.adopted).toMatchObject([{ path: 'relayed-stream' }]))
    expect(await asker.dataPlane.measure(opener.self, 1_000, 1)).toHaveLength(1)
  })

  it('says NO_LINK where streams are switched off', async () => {
    const [opener, asker] = await joinPair({ isDirect: false, allowStreams: false })
    await expect(ensure(opener, asker)).rejects.toMatchObject({ data: { code: 'NO_LINK' } })
  })

  it('says NO_LINK for a peer that nobody knows, and tries again when asked again', async () => {
    const [opener, asker] = await joinPair({ isDirect: false })
    await asker.libp2p.stop()
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(ensure(opener, asker)).rejects.toMatchObject({ data: { code: 'NO_LINK' } })
  })
})
