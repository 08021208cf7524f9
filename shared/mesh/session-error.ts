import { MeshError } from '../errors.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import type { SessionEndReason } from '../protocol/session/session.ts'

/** Why a generation could not start or finish. */
export class SessionError extends MeshError<
  /** Nobody serves `missing`; try again when a peer has joined. */
  | { code: 'NO_ROUTE'; missing: readonly LayerRange[] }
  | { code: 'STAGE_FAILED'; peerId: PeerIdText; reason: SessionEndReason }
  | { code: 'PEER_LOST'; peerId: PeerIdText }
  | { code: 'DEADLINE_PASSED'; deadlineMs: number }
  | { code: 'BUSY' }
> {
  override readonly name = 'SessionError'
}
