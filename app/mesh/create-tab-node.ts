import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { FaultTolerance } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { GOSSIP_OPTIONS, type GossipNode } from '../../shared/mesh/gossip.ts'
import type { RelayAddress } from '../../shared/mesh/mesh-peer.ts'

/**
 * The libp2p node of a tab. Its identity is new each time: a reload with the same id meets its own half-dead
 * connections for up to 13 s (js-libp2p issue 1835).
 * @param options `isRelayOnly`: peers reach it through its relays alone, and never learn its address
 */
export async function createTabNode(
  relays: readonly RelayAddress[],
  { isRelayOnly = false }: { readonly isRelayOnly?: boolean } = {},
): Promise<GossipNode> {
  // Without a configuration libp2p would ask four public STUN servers of other companies.
  const direct = webRTC({ rtcConfiguration: { iceServers: [] }, dataChannel: { maxMessageSize: 65_536 } })
  const reservations = relays.map(({ address }) => `${address}/p2p-circuit`)
  const node = await createLibp2p({
    // INVARIANT: a relay-only tab has no WebRTC, so it gathers no address that it could send to a peer.
    addresses: { listen: isRelayOnly ? reservations : [...reservations, '/webrtc'] },
    transports: [webSockets(), circuitRelayTransport(), ...(isRelayOnly ? [] : [direct])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // The browser default refuses ws:// and private addresses, which is where a home relay lives.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { pingInterval: 30_000 },
    // By default identify tells every peer the browser's or Node's version string.
    nodeInfo: { userAgent: 'racemesh' },
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub(GOSSIP_OPTIONS),
    },
  })
  return node // the service map is wider than what the mesh asks for
}
