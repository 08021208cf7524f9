import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { PeerIdText } from '../../protocol/ids.ts'
import { GOSSIP_OPTIONS, type GossipNode } from '../gossip.ts'

const LOOPBACK = {
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
  transports: [webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionMonitor: { enabled: false },
}

/** A libp2p node that is reached over WebSockets on the loopback interface, and nothing else. */
export function createLoopbackNode(): Promise<Libp2p> {
  return createLibp2p({ ...LOOPBACK, services: { identify: identify() } })
}

/** The same with GossipSub. */
export function createGossipNode(): Promise<GossipNode> {
  return createLibp2p({ ...LOOPBACK, services: { identify: identify(), pubsub: gossipsub(GOSSIP_OPTIONS) } })
}

/** Connects every pair once. */
export async function connectAll(nodes: readonly Libp2p[]): Promise<void> {
  for (const [index, node] of nodes.entries())
    for (const other of nodes.slice(index + 1)) await node.dial(other.getMultiaddrs())
}

export function idOf(node: Libp2p): PeerIdText {
  return node.peerId.toString() as PeerIdText // libp2p made it
}
