import type { SessionId } from '../ids.ts'

/**
 * The data plane's binary frame, little-endian, a 48-byte header and a payload. One frame may travel as several
 * messages (fragments) of at most {@link MAX_MESSAGE_BYTES}; each message repeats the header.
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u8 | version, 1 |
 * | 1 | u8 | kind: 1 hidden, 2 token, 3 ack, 4 echo, 5 echo reply |
 * | 2 | u16 | flags: bit 0 wants an ack |
 * | 4 | u32 | generation of the sender |
 * | 8 | 16 B | session id |
 * | 24 | u32 | position of the first token |
 * | 28 | u16 | token count |
 * | 30 | u16 | hidden size |
 * | 32 | u32 | payload bytes of the whole frame |
 * | 36 | u32 | offset of this fragment in the payload |
 * | 40 | u32 | payload bytes of this fragment |
 * | 44 | u32 | token id (kind 2), else 0 |
 */
export const FRAME_VERSION = 1
export const FRAME_HEADER_BYTES = 48
/** 64 KiB is what both Chromium and node-datachannel carry well; larger messages stall behind SCTP retransmission. */
export const MAX_MESSAGE_BYTES = 65_536
/** 512 positions of 8,192 float32: no stage sends more at once. */
export const MAX_FRAME_PAYLOAD_BYTES = 16 * 1024 * 1024

export type FrameKind = 'hidden' | 'token' | 'ack' | 'echo' | 'echo-reply'

export interface FrameHeader {
  readonly kind: FrameKind
  readonly wantsAck: boolean
  readonly generation: number
  readonly sessionId: SessionId
  readonly position: number
  readonly tokenCount: number
  readonly hiddenSize: number
  readonly tokenId: number
}

/** A whole frame after reassembly. `payload` is owned by the receiver. */
export interface Frame {
  readonly header: FrameHeader
  readonly payload: Uint8Array<ArrayBuffer>
}
