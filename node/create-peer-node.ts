import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import type { GossipNode } from '../shared/mesh/gossip.ts'
import type { RelayAddress } from '../shared/mesh/mesh-peer.ts'
import { peerNodeOptions } from './peer-node-options.ts'

/** The libp2p node of a native peer: reservations on the relays, direct links by WebRTC, no open port. */
export async function createPeerNode(options: {
  readonly relays: readonly RelayAddress[]
  readonly iceServers: readonly { urls: string }[]
}): Promise<GossipNode> {
  return createLibp2p({
    ...peerNodeOptions(),
    addresses: { listen: [...options.relays.map(({ address }) => `${address}/p2p-circuit`), '/webrtc'] },
    transports: [
      webSockets(),
      circuitRelayTransport(),
      // Without a configuration libp2p would ask four public STUN servers of other companies.
      webRTC({
        rtcConfiguration: { iceServers: [...options.iceServers] },
        dataChannel: { maxMessageSize: 65_536 },
      }),
    ],
  })
}
