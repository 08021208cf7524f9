import type { PeerIdText } from '../ids.ts'

/** GossipSub topic of {@link PeerNotice}. */
export const PEER_NOTICES_V1 = '/mesh/peer-notices/1.0.0'

/** What a relay tells the mesh of a peer that it has lost: the socket closed or its beats stopped for a second. */
export interface PeerNotice {
  readonly kind: 'left'
  readonly peerId: PeerIdText
  /** The generation that left; a newer one of the same peer is not meant. */
  readonly generation: number
}
