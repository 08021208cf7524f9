// One process full of idle peers for bench/relay.bench.ts, which starts it with an IPC channel and tells it how many.
import '../shared/node-polyfill.ts'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { peerNodeOptions } from '../node/peer-node-options.ts'
import { Gossip, type GossipNode } from '../shared/mesh/gossip.ts'
import { silentLogger } from '../shared/mesh/ports.ts'
import { STAGE_ADVERTS_V1 } from '../shared/protocol/stage-advert/stage-advert.ts'

export interface OpenPeers {
  /** Multiaddress of the relay, with its peer id. */
  readonly relay: string
  readonly count: number
  /** Joins that are under way at any time. */
  readonly concurrency: number
}

/** The joins of one process, or why they failed. */
export type PeersOpened =
  | { readonly joinMs: readonly number[]; readonly rampMs: number; readonly error?: undefined }
  | { readonly error: string }

/** A relay that does not know a peer by then will not. */
const JOIN_TIMEOUT_MS = 30_000

/** The nodes stay referenced until the process ends. */
const nodes: GossipNode[] = []

process.once('message', (order) => {
  void open(order as OpenPeers) // our own parent
    .catch((error: unknown): PeersOpened => ({ error: String(error) }))
    .then((answer) => process.send?.(answer))
})
// The idle peers live exactly as long as the bench does.
process.once('disconnect', () => process.exit())

async function open({ relay, count, concurrency }: OpenPeers): Promise<PeersOpened> {
  const startedAtMs = performance.now()
  const joinMs: number[] = []
  let begun = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (begun++ < count) joinMs.push(await join(relay))
    }),
  )
  return { joinMs, rampMs: performance.now() - startedAtMs }
}

/** Opens a peer as a tab does, WebRTC excepted; done once it has a reservation and hears the relay's subscriptions. */
async function join(relay: string): Promise<number> {
  const startedAtMs = performance.now()
  const node = (await createLibp2p({
    ...peerNodeOptions(),
    start: false,
    addresses: { listen: [`${relay}/p2p-circuit`] },
    transports: [webSockets(), circuitRelayTransport()],
  })) as unknown as GossipNode // the service map is wider than what the mesh asks for
  nodes.push(node)
  const { pubsub } = node.services
  const heard = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the relay was not heard in time')), JOIN_TIMEOUT_MS)
    pubsub.addEventListener('subscription-change', () => {
      if (pubsub.getSubscribers(STAGE_ADVERTS_V1).length === 0) return
      clearTimeout(timer)
      resolve()
    })
  })
  const ignore = (): void => {}
  await node.start()
  new Gossip(node, { onAdvert: ignore, onNotice: ignore, onListener: ignore }, silentLogger).start()
  // A refused reservation is not fatal to a node: it merely has no address.
  if (!node.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit')))
    throw new Error('the relay gave no reservation')
  await heard
  return performance.now() - startedAtMs
}
