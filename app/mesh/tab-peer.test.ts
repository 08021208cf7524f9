import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EngineCapabilities } from '../../shared/engine/compute-engine.ts'
import { serveEngine } from '../../shared/engine/serve-engine.ts'
import { WorkerEngine } from '../../shared/engine/worker-engine.ts'
import type { MeshErrorObject } from '../../shared/errors.ts'
import { Gossip, GOSSIP_OPTIONS, type GossipNode } from '../../shared/mesh/gossip.ts'
import { silentLogger, systemClock } from '../../shared/mesh/ports.ts'
import { LoadableToyEngine, TOY_LAYERS } from '../../shared/mesh/testing/toy-model.fixture.ts'
import type { StageAdvert } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { ComputeInit } from '../worker/compute-messages.ts'
import type { NetworkCommand } from '../worker/network-messages.ts'
import { TabPeer, type TabPeerOptions } from './tab-peer.ts'

/** Moments of a start at which a test holds it. */
type Moment = 'asks the relay' | 'opens the device' | 'opens its node' | 'joins'

const edge = vi.hoisted(() => ({
  nodes: [] as GossipNode[],
  /** Told of each moment; what it returns is waited for. */
  onMoment: (_moment: Moment): Promise<void> | void => {},
}))

vi.mock(import('./create-tab-node.ts'), async (importOriginal) => {
  const { createTabNode } = await importOriginal()
  return {
    async createTabNode(...args) {
      const node = await createTabNode(...args)
      edge.nodes.push(node)
      await edge.onMoment('opens its node')
      return node
    },
  }
})

type Posted = ComputeInit | NetworkCommand | { kind: 'call'; id: number; verb: string }

/** Stands in for both threads: the compute worker has a toy engine, the network worker answers and has no links. */
class FakeWorker extends EventTarget {
  static readonly all: FakeWorker[] = []
  readonly name: string
  readonly posted: Posted[] = []
  isTerminated = false
  /** As a thread that hangs. */
  isSilent = false

  constructor(_url: URL, { name }: { name: string }) {
    super()
    this.name = name
    FakeWorker.all.push(this)
  }

  postMessage(message: Posted): void {
    this.posted.push(message)
    if (message.kind === 'init' && 'ports' in message)
      for (const port of message.ports) serveEngine(port, new ToyDevice())
    if (message.kind === 'init' && 'enginePort' in message) void edge.onMoment('joins')
    if (message.kind === 'call' && !this.isSilent) {
      const value = message.verb === 'links' ? [] : undefined
      const data = { kind: 'result', id: message.id, value }
      queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data })))
    }
  }

  terminate(): void {
    this.isTerminated = true
    const [init] = this.posted
    if (init?.kind === 'init')
      for (const port of 'ports' in init ? init.ports : [init.enginePort]) port.close()
  }

  /** An uncaught error; without a message, as when the worker's file cannot be loaded. */
  die(message?: string): void {
    this.dispatchEvent(Object.assign(new Event('error'), message === undefined ? {} : { message }))
  }
}

class ToyDevice extends LoadableToyEngine {
  constructor() {
    super({ start: 0, end: TOY_LAYERS }, 0)
  }

  override async capabilities(): Promise<EngineCapabilities> {
    await edge.onMoment('opens the device')
    return { ...(await super.capabilities()), memoryBudgetBytes: 1 << 29 }
  }
}

const worker = (name: 'compute' | 'network'): FakeWorker =>
  FakeWorker.all.find((each) => each.name === `racemesh-${name}`)!
const initOf = <Init>(from: FakeWorker): Init => from.posted[0] as Init // the first message is always this

let relay: GossipNode
let relayGossip: Gossip
let adverts: StageAdvert[]
let isRelayUp: boolean
/** Timers of the mesh that nobody has stopped. */
let running: Set<object>
const peers: TabPeer[] = []

beforeEach(async () => {
  adverts = []
  isRelayUp = true
  running = new Set()
  relay = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), pubsub: gossipsub(GOSSIP_OPTIONS), relay: circuitRelayServer() },
  })
  relayGossip = new Gossip(
    relay,
    { onAdvert: (advert) => adverts.push(advert), onNotice() {}, onListener() {} },
    silentLogger,
  )
  relayGossip.start()
  vi.stubGlobal('Worker', FakeWorker)
  vi.stubGlobal('fetch', async () => {
    await edge.onMoment('asks the relay')
    if (!isRelayUp) throw new TypeError('fetch failed')
    return Response.json({ relay: { peerId: relay.peerId.toString() } })
  })
  const every = systemClock.every.bind(systemClock)
  vi.spyOn(systemClock, 'every').mockImplementation((...args) => {
    const cancel = every(...args)
    const timer = {}
    running.add(timer)
    return () => {
      running.delete(timer)
      cancel()
    }
  })
})
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop()
  for (const node of edge.nodes.splice(0)) await node.stop()
  for (const each of FakeWorker.all.splice(0)) each.terminate()
  edge.onMoment = () => {}
  relayGossip.stop()
  await relay.stop()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function createPeer(change: Partial<TabPeerOptions> = {}) {
  const crashes: MeshErrorObject[] = []
  const [address] = relay.getMultiaddrs()
  const peer = new TabPeer({
    relayOrigin: `http://127.0.0.1:${address!.toString().split('/')[4]}`,
    power: 'quiet',
    duty: 0.5,
    isRelayOnly: true,
    pinnedLayers: null,
    onChange() {},
    onStageFailed() {},
    onCrash: (error) => crashes.push(error),
    ...change,
  })
  peers.push(peer)
  return { peer, crashes }
}

/** Nothing that a peer can have is left. */
function expectNothingLeft(peer: TabPeer): void {
  expect(FakeWorker.all.filter(({ isTerminated }) => !isTerminated)).toEqual([])
  expect(edge.nodes.map(({ status }) => status)).toEqual(edge.nodes.map(() => 'stopped'))
  expect(running.size).toBe(0)
  expect(peer.peerId).toBeNull()
}

describe('TabPeer', () => {
  it('starts both workers, connects them, and tells the relay what the tab lends', async () => {
    const { peer } = createPeer({ pinnedLayers: { start: 2, end: 4 } })
    expect(peer).toMatchObject({ peerId: null, backend: null })
    expect(peer.status()).toMatchObject({ stages: [], links: [], tokensServed: 0 })
    await peer.start()
    expect(peer).toMatchObject({ peerId: edge.nodes[0]?.peerId.toString(), backend: 'wasm' })
    expect(FakeWorker.all.map(({ name }) => name)).toEqual(['racemesh-compute', 'racemesh-network'])
    const init = initOf<Extract<NetworkCommand, { kind: 'init' }>>(worker('network'))
    expect(init).toMatchObject({ self: peer.peerId, duty: 0.5 })
    // The network worker's own way to the compute worker, which the page has no part in.
    const throughNetwork = new WorkerEngine(init.enginePort)
    expect(await throughNetwork.capabilities()).toMatchObject({ backend: 'wasm' })
    await vi.waitFor(() => expect(adverts).not.toEqual([]))
    expect(adverts.at(-1)).toMatchObject({
      peerId: peer.peerId,
      kind: 'tab',
      isAwake: true,
      isBackstop: false,
      pinnedLayers: { start: 2, end: 4 },
      relayAddresses: [expect.stringMatching(`/ws/p2p/${relay.peerId.toString()}$`)],
    })
  })

  it.each([
    { power: 'quiet', allowed: 2 ** 28, lent: 2 ** 28 },
    // The device of this test has half a gigabyte.
    { power: 'balanced', allowed: 2 ** 30, lent: 2 ** 29 },
    { power: 'full', allowed: 2 ** 32, lent: 2 ** 29 },
  ] as const)('lends at $power no more than is allowed and than the device has', async (row) => {
    const { peer } = createPeer({ power: row.power })
    await peer.start()
    expect(initOf(worker('compute'))).toMatchObject({ preferWebGpu: true, memoryBudgetBytes: row.allowed })
    await vi.waitFor(() => expect(adverts).not.toEqual([]))
    expect(adverts.at(-1)?.memoryBudgetBytes).toBe(row.lent)
  })

  it.each([
    { isRelayOnly: true, others: [] },
    { isRelayOnly: false, others: ['webrtc'] },
  ])(
    'is reached by direct links unless it hides its address: $isRelayOnly',
    async ({ isRelayOnly, others }) => {
      const { peer } = createPeer({ isRelayOnly })
      await peer.start()
      const [node] = edge.nodes
      await vi.waitFor(() => expect(node?.getMultiaddrs()).not.toEqual([]))
      const addresses = node!.getMultiaddrs().map(String)
      for (const address of addresses) expect(address).toContain('/p2p-circuit')
      expect([...new Set(addresses.flatMap((address) => address.match(/webrtc/g) ?? []))]).toEqual(others)
    },
  )

  it('passes on how much of the time to compute, from before the start on', async () => {
    const { peer } = createPeer()
    peer.setDuty(0.25)
    await peer.start()
    expect(initOf(worker('network'))).toMatchObject({ duty: 0.25 })
    peer.setDuty(1)
    expect(worker('network').posted.at(-1)).toEqual({ kind: 'set-duty', duty: 1 })
  })

  it('says good-bye when it stops, and leaves nothing behind', async () => {
    const { peer } = createPeer()
    await peer.start()
    await vi.waitFor(() => expect(adverts).not.toEqual([]))
    await peer.stop()
    await vi.waitFor(() => expect(adverts.at(-1)?.isAwake).toBe(false))
    expect(worker('network').posted).toContainEqual(expect.objectContaining({ verb: 'closeSessions' }))
    expectNothingLeft(peer)
    expect(peer.status()).toMatchObject({ stages: [], links: [] })
  })

  it('stops although its network worker hangs', async () => {
    const { peer } = createPeer()
    await peer.start()
    worker('network').isSilent = true
    await peer.stop()
    expect(FakeWorker.all.every(({ isTerminated }) => isTerminated)).toBe(true)
    expect(edge.nodes[0]?.status).toBe('stopped')
  })

  it.each(['asks the relay', 'opens the device', 'opens its node', 'joins'] as const)(
    'leaves nothing behind when it is stopped while it %s',
    async (moment) => {
      const { peer } = createPeer()
      let go = (): void => {}
      const held = new Promise<void>((resolve) => (go = resolve))
      const reached = new Promise<void>((resolve) => {
        edge.onMoment = (now) => {
          if (now !== moment) return
          resolve()
          return held
        }
      })
      const refused = expect(peer.start()).rejects.toMatchObject({ name: 'AbortError' })
      await reached
      const workersBefore = FakeWorker.all.length
      const stopped = peer.stop()
      go()
      await Promise.all([stopped, refused])
      expect(FakeWorker.all).toHaveLength(workersBefore)
      expectNothingLeft(peer)
    },
  )

  it('starts no worker when the relay cannot be reached', async () => {
    const { peer } = createPeer()
    isRelayUp = false
    await expect(peer.start()).rejects.toMatchObject({
      name: 'RelayInfoError',
      data: { code: 'RELAY_UNREACHABLE' },
    })
    expect(FakeWorker.all).toEqual([])
  })

  it.each([
    { name: 'compute', message: 'out of memory', said: 'out of memory' },
    { name: 'network', message: 'out of memory', said: 'out of memory' },
    // A worker whose file is gone has no more to say.
    { name: 'compute', message: undefined, said: 'nothing' },
    { name: 'network', message: undefined, said: 'nothing' },
  ] as const)('says once that the $name worker died, and that the browser said: $said', async (row) => {
    const { peer, crashes } = createPeer()
    await peer.start()
    worker(row.name).die(row.message)
    // The other one often follows.
    for (const each of FakeWorker.all) each.die('boom')
    expect(crashes).toEqual([
      {
        name: 'MeshError',
        shortMessage: 'A worker of this tab stopped.',
        metaMessages: [
          `The browser said: ${row.said}`,
          'Often the device ran out of memory. Start again with less power.',
        ],
        data: { code: 'WORKER_FAILED' },
      },
    ])
    await peer.stop()
    expectNothingLeft(peer)
  })

  it('fails a start whose compute worker dies, with the reason', async () => {
    const { peer, crashes } = createPeer()
    edge.onMoment = (now) => {
      if (now === 'opens the device') worker('compute').die('the device is gone')
    }
    await expect(peer.start()).rejects.toMatchObject({
      name: 'EngineError',
      shortMessage: 'The compute worker stopped: the device is gone.',
    })
    expect(crashes).toHaveLength(1)
    expect(edge.nodes).toEqual([])
  })

  it('gives up all connections at once when the page goes away', async () => {
    const { peer } = createPeer()
    await peer.start()
    const [node] = edge.nodes
    await vi.waitFor(() => expect(node?.getConnections().map(({ status }) => status)).toEqual(['open']))
    peer.abort()
    // Its WebSocket is left to the browser, which closes it with the page: js-libp2p asks for the close code 1006, which
    // scripts may not use.
    expect(node?.getConnections().filter(({ status }) => status === 'open')).toEqual([])
  })
})
