import {
  checkEncodedSize,
  checkInteger,
  checkVersion,
  decodeProtobuf,
  MAX_UINT32,
  required,
  WIRE_VERSION,
  WireEnum,
} from '../checks.ts'
import { parsePeerIdText } from '../ids.ts'
import type { PeerIdText } from '../ids.ts'
import * as pb from './pb/peer-notice.ts'

/** GossipSub topic of {@link PeerNotice}. */
export const PEER_NOTICES_V1 = '/mesh/peer-notices/1.0.0'

/** What a relay tells the mesh of a peer that it has lost: the socket closed or its beats stopped for a second. */
export interface PeerNotice {
  readonly kind: 'left'
  readonly peerId: PeerIdText
  /** The generation that left; a newer one of the same peer is not meant. */
  readonly generation: number
}

export const PEER_NOTICE_LIMITS = {
  /** A peer id of 80 characters and three varints take 94 bytes. */
  maxBytes: 256,
} as const

const KINDS = new WireEnum<PeerNotice['kind'], pb.PeerNoticeKind>('kind', { left: pb.PeerNoticeKind.LEFT })

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID` */
export function encodePeerNotice(notice: PeerNotice): Uint8Array<ArrayBuffer> {
  checkPeerNotice(notice)
  const bytes = pb.PeerNotice.encode({
    version: WIRE_VERSION,
    kind: KINDS.encode(notice.kind),
    peerId: notice.peerId,
    generation: notice.generation,
  })
  return checkEncodedSize(bytes, PEER_NOTICE_LIMITS.maxBytes)
}

/** @throws ProtocolError */
export function decodePeerNotice(bytes: Uint8Array): PeerNotice {
  const wire = decodeProtobuf(bytes, PEER_NOTICE_LIMITS.maxBytes, (input) => pb.PeerNotice.decode(input))
  checkVersion(wire.version)
  const notice: PeerNotice = {
    kind: KINDS.decode(wire.kind),
    peerId: parsePeerIdText(required(wire.peerId, 'peerId')),
    generation: required(wire.generation, 'generation'),
  }
  checkPeerNotice(notice)
  return notice
}

function checkPeerNotice(notice: PeerNotice): void {
  parsePeerIdText(notice.peerId)
  checkInteger(notice.generation, 'generation', 0, MAX_UINT32)
}
