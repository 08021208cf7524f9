import {
  checkEncodedSize,
  checkInteger,
  checkVersion,
  decodeProtobuf,
  protocolError,
  required,
  WIRE_VERSION,
  WireEnum,
} from '../checks.ts'
import * as pb from './pb/link.ts'

/** Stream protocol between neighbours on their direct connection: agree on data channel ids before any payload. */
export const LINK_V1 = '/mesh/link/1.0.0'

/** `request` asks the other side to open the link (the smaller peer id opens, so that two sides never collide). */
export type LinkMessage =
  | { readonly kind: 'request' }
  | { readonly kind: 'open'; readonly hotChannelId: number; readonly beatChannelId: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused' }

export const LINK_LIMITS = {
  /** Four small varints take 13 bytes; the rest is room for one field more. */
  maxBytes: 64,
  /** Chromium opens 1,024 SCTP streams and 1,023 is the last that every stack accepts. */
  maxChannelId: 1022,
} as const

const KINDS = new WireEnum<LinkMessage['kind'], pb.LinkMessageKind>('kind', {
  ready: pb.LinkMessageKind.READY,
  refused: pb.LinkMessageKind.REFUSED,
  request: pb.LinkMessageKind.REQUEST,
  open: pb.LinkMessageKind.OPEN,
})

/** @throws ProtocolError `OUT_OF_RANGE` */
export function encodeLinkMessage(message: LinkMessage): Uint8Array<ArrayBuffer> {
  checkLinkMessage(message)
  const kind = KINDS.encode(message.kind)
  const bytes = pb.LinkMessage.encode(
    message.kind === 'open'
      ? {
          version: WIRE_VERSION,
          kind,
          hotChannelId: message.hotChannelId,
          beatChannelId: message.beatChannelId,
        }
      : { version: WIRE_VERSION, kind },
  )
  return checkEncodedSize(bytes, LINK_LIMITS.maxBytes)
}

/** @throws ProtocolError */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage {
  const wire = decodeProtobuf(bytes, LINK_LIMITS.maxBytes, (input) => pb.LinkMessage.decode(input))
  checkVersion(wire.version)
  const kind = KINDS.decode(wire.kind)
  if (kind !== 'open') {
    if (wire.hotChannelId !== undefined || wire.beatChannelId !== undefined) {
      throw protocolError('MALFORMED', 'Only an open message names channels.')
    }
    return { kind }
  }
  const message: LinkMessage = {
    kind,
    hotChannelId: required(wire.hotChannelId, 'hotChannelId'),
    beatChannelId: required(wire.beatChannelId, 'beatChannelId'),
  }
  checkLinkMessage(message)
  return message
}

function checkLinkMessage(message: LinkMessage): void {
  if (message.kind !== 'open') return
  checkInteger(message.hotChannelId, 'hotChannelId', 0, LINK_LIMITS.maxChannelId)
  checkInteger(message.beatChannelId, 'beatChannelId', 0, LINK_LIMITS.maxChannelId)
  if (message.hotChannelId === message.beatChannelId) {
    throw protocolError('OUT_OF_RANGE', 'hotChannelId and beatChannelId must differ.')
  }
}
