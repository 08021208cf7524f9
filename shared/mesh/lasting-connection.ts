import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerIdText } from '../protocol/ids.ts'
import { circuitAddresses, isLimited, relaysOf } from './connection-addresses.ts'
import { systemClock } from './ports.ts'
import { RelayedAllowance } from './relayed-allowance.ts'

/**
 * A connection to a peer for a stream that lasts as long as an answer: a direct one, or a relayed one that its relay
 * will not soon cut for its age, or a new one. Bytes do not matter here: tokens are a dozen bytes each.
 * @throws Error when no connection can be made
 */
export async function lastingConnection(
  libp2p: Pick<Libp2p, 'getConnections' | 'dial'>,
  peerId: PeerIdText,
  relayAddresses: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const open = libp2p.getConnections(peerIdFromString(peerId)).filter(({ status }) => status === 'open')
  const lasting = open.find((connection) => !isLimited(connection)) ?? open.find(isYoung)
  if (lasting !== undefined) return lasting
  const relays = relayAddresses.length > 0 ? relayAddresses : relaysOf(open)
  try {
    // Without `force` libp2p would dial, find the old connection beside the new one, and drop the new one.
    return await libp2p.dial(circuitAddresses(peerId, relays), { signal, force: true })
  } catch (error) {
    const [old] = open
    if (old === undefined || signal.aborted) throw error
    return old
  }
}

function isYoung({ limits, timeline }: Connection): boolean {
  return new RelayedAllowance(limits, Date.now() - timeline.open, systemClock).urgency === 'none'
}
