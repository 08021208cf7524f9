import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const COMMON = {
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionMonitor: { enabled: false },
}

/**
 * A libp2p node on the loopback interface that introduces others to each other.
 * @param limits of each relayed connection; js-libp2p's own (128 KiB, 2 min) where not given
 */
export function createRelayingNode(
  limits: {
    readonly applyDefaultLimit?: boolean
    readonly defaultDataLimit?: bigint
    readonly defaultDurationLimit?: number
  } = {},
): Promise<Libp2p> {
  return createLibp2p({
    ...COMMON,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    // The default lets five connections a second in from one address, and all of a test share one.
    connectionManager: { inboundConnectionThreshold: Number.POSITIVE_INFINITY },
    services: {
      identify: identify(),
      relay: circuitRelayServer({ reservations: { maxReservations: 64, ...limits } }),
    },
  })
}

/**
 * A libp2p node behind a relay, as a peer of the mesh is.
 * @param isDirect false leaves WebRTC out: whoever wants it must go through the relay
 */
export function createRelayedNode(relayAddress: string, isDirect = true): Promise<Libp2p> {
  return createLibp2p({
    ...COMMON,
    addresses: { listen: [`${relayAddress}/p2p-circuit`, ...(isDirect ? ['/webrtc'] : [])] },
    transports: [
      webSockets(),
      circuitRelayTransport(),
      ...(isDirect ? [webRTC({ rtcConfiguration: { iceServers: [] } })] : []),
    ],
    services: { identify: identify() },
  })
}
