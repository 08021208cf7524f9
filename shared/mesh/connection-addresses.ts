import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { PeerIdText } from '../protocol/ids.ts'

/** True for a connection through a relay, which the relay ends sooner or later. */
export function isLimited(connection: Connection): boolean {
  return connection.limits !== undefined || !connection.direct
}

/** Where the peer can be dialled for a direct connection, by way of its relays. */
export function webrtcAddresses(peerId: PeerIdText, relayAddresses: readonly string[]): Multiaddr[] {
  return relayAddresses.map((address) => multiaddr(`${address}/p2p-circuit/webrtc/p2p/${peerId}`))
}

/** Where the peer can be dialled through its relays. */
export function circuitAddresses(peerId: PeerIdText, relayAddresses: readonly string[]): Multiaddr[] {
  return relayAddresses.map((address) => multiaddr(`${address}/p2p-circuit/p2p/${peerId}`))
}

/** The relays that connections to a peer go through, where there are such. */
export function relaysOf(connections: readonly Connection[]): string[] {
  return connections.flatMap((connection) => {
    const text = connection.remoteAddr.toString()
    const at = text.indexOf('/p2p-circuit')
    return at < 0 ? [] : [text.slice(0, at)]
  })
}
