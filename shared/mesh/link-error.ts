import { MeshError } from '../errors.ts'
import type { PeerIdText } from '../protocol/ids.ts'

/** No usable connection to a neighbour. */
export class LinkError extends MeshError<
  { code: 'NO_LINK'; peerId: PeerIdText } | { code: 'LINK_TIMEOUT'; peerId: PeerIdText; timeoutMs: number }
> {
  override readonly name = 'LinkError'
}
