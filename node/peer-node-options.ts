import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { FaultTolerance } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { GOSSIP_OPTIONS } from '../shared/mesh/gossip.ts'

/** What every peer in Node runs, whatever its transports are; the relay bench opens idle peers with the same. */
export function peerNodeOptions() {
  return {
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
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
  }
}
