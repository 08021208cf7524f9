import { checkInteger, MAX_TOKEN_ID, MAX_UINT32, protocolError } from '../checks.ts'
import { parseSessionId, toHex } from '../ids.ts'
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

/**
 * A whole frame after reassembly. `payload` is owned by the receiver, who may transfer `payload.buffer`; its
 * `byteOffset` is a multiple of 4 (48 where the message was kept, else 0), so a `Float32Array` fits over it.
 */
export interface Frame {
  readonly header: FrameHeader
  readonly payload: Uint8Array<ArrayBuffer>
}

/** One message of a frame. `fragment` is a view of the message's buffer. */
export interface FrameFragment {
  readonly header: FrameHeader
  readonly totalPayloadBytes: number
  readonly fragmentOffset: number
  readonly fragment: Uint8Array
}

/** An echo measures the link; one full message is the largest that anybody times. */
export const MAX_ECHO_PAYLOAD_BYTES = 65_536

const KIND_TO_WIRE: Readonly<Record<FrameKind, number>> = {
  hidden: 1,
  token: 2,
  ack: 3,
  echo: 4,
  'echo-reply': 5,
}
const KIND_FROM_WIRE: readonly (FrameKind | undefined)[] = [
  undefined,
  'hidden',
  'token',
  'ack',
  'echo',
  'echo-reply',
]
const FLAG_WANTS_ACK = 1
const MAX_UINT16 = 0xffff
const SESSION_ID_BYTES = 16

/**
 * Cuts a frame into messages of at most `maxMessageBytes`, header included; fragments start at multiples of 4.
 * The payload is copied, once.
 * @throws ProtocolError `OUT_OF_RANGE`, `TOO_LARGE`, `BAD_ID`, `MALFORMED` (payload size against the header)
 */
export function encodeFrame(
  header: FrameHeader,
  payload: Uint8Array,
  maxMessageBytes: number = MAX_MESSAGE_BYTES,
): Uint8Array<ArrayBuffer>[] {
  checkInteger(maxMessageBytes, 'maxMessageBytes', FRAME_HEADER_BYTES + 4, MAX_MESSAGE_BYTES)
  checkHeader(header)
  checkPayloadBytes(header, payload.length)
  const fragmentBytes = (maxMessageBytes - FRAME_HEADER_BYTES) & ~3
  const messages: Uint8Array<ArrayBuffer>[] = []
  let offset = 0
  do {
    const fragment = payload.subarray(offset, offset + fragmentBytes)
    const message = new Uint8Array(FRAME_HEADER_BYTES + fragment.length)
    writeHeader(message, header, payload.length, offset, fragment.length)
    message.set(fragment, FRAME_HEADER_BYTES)
    messages.push(message)
    offset += fragmentBytes
  } while (offset < payload.length)
  return messages
}

/**
 * Reads one message without copying the payload.
 * @throws ProtocolError `TOO_LARGE`, `TRUNCATED`, `UNKNOWN_VERSION`, `UNKNOWN_KIND`, `OUT_OF_RANGE`, `MALFORMED`
 */
export function decodeMessage(bytes: Uint8Array): FrameFragment {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw protocolError('TOO_LARGE', `A frame message has at most ${MAX_MESSAGE_BYTES} bytes.`)
  }
  if (bytes.length < FRAME_HEADER_BYTES) {
    throw protocolError('TRUNCATED', `A frame message has at least ${FRAME_HEADER_BYTES} bytes.`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== FRAME_VERSION) {
    throw protocolError('UNKNOWN_VERSION', `Frame version ${FRAME_VERSION} was expected.`)
  }
  const kind = KIND_FROM_WIRE[view.getUint8(1)]
  if (kind === undefined) throw protocolError('UNKNOWN_KIND', 'The frame kind is unknown.')
  const flags = view.getUint16(2, true)
  if ((flags & ~FLAG_WANTS_ACK) !== 0) throw protocolError('OUT_OF_RANGE', 'A frame flag is unknown.')
  const header: FrameHeader = {
    kind,
    wantsAck: (flags & FLAG_WANTS_ACK) !== 0,
    generation: view.getUint32(4, true),
    sessionId: toHex(bytes.subarray(8, 24)) as SessionId, // 16 bytes are 32 digits
    position: view.getUint32(24, true),
    tokenCount: view.getUint16(28, true),
    hiddenSize: view.getUint16(30, true),
    tokenId: view.getUint32(44, true),
  }
  const totalPayloadBytes = view.getUint32(32, true)
  const fragmentOffset = view.getUint32(36, true)
  const fragmentBytes = view.getUint32(40, true)
  checkTokenId(header)
  checkPayloadBytes(header, totalPayloadBytes)
  if (fragmentBytes > bytes.length - FRAME_HEADER_BYTES) {
    throw protocolError('TRUNCATED', 'The frame message is shorter than its fragment.')
  }
  if (fragmentBytes < bytes.length - FRAME_HEADER_BYTES) {
    throw protocolError('MALFORMED', 'The frame message is longer than its fragment.')
  }
  if (fragmentOffset + fragmentBytes > totalPayloadBytes) {
    throw protocolError('MALFORMED', 'The fragment reaches beyond its frame.')
  }
  // Else a frame could be kept open for ever by messages that bring nothing.
  if (fragmentBytes === 0 && totalPayloadBytes > 0) {
    throw protocolError('MALFORMED', 'The fragment of a frame with a payload is empty.')
  }
  return { header, totalPayloadBytes, fragmentOffset, fragment: bytes.subarray(FRAME_HEADER_BYTES) }
}

interface Assembly {
  readonly first: FrameFragment
  /** Grows with what has arrived; its length is the frame's only at the end. */
  buffer: Uint8Array<ArrayBuffer>
  receivedBytes: number
}

/**
 * Joins the fragments of one ordered, reliable channel. Frames of different sessions may interleave; the fragments
 * of one session's frame arrive in order and without another frame of that session between them.
 *
 * Memory: at most `maxConcurrentFrames` open frames, each at most 4 times what has arrived for it and never more
 * than `maxPayloadBytes`, whatever the headers declare.
 */
export class FrameAssembler {
  readonly #maxPayloadBytes: number
  readonly #maxConcurrentFrames: number
  readonly #assemblies = new Map<SessionId, Assembly>()

  constructor(options: { maxPayloadBytes: number; maxConcurrentFrames: number }) {
    this.#maxPayloadBytes = options.maxPayloadBytes
    this.#maxConcurrentFrames = options.maxConcurrentFrames
  }

  /** Frames that wait for more fragments. */
  get openFrames(): number {
    return this.#assemblies.size
  }

  /**
   * Takes ownership of `message` and returns the frame that it completes, or null. A frame of one message that fills
   * its whole `ArrayBuffer` (what a data channel delivers) is not copied; other payloads are.
   *
   * A fragment that does not continue its session's frame drops that frame.
   * @throws ProtocolError what {@link decodeMessage} throws, `MALFORMED` (order, overlap, changed header),
   * `TOO_LARGE` (`maxPayloadBytes`, `maxConcurrentFrames`)
   */
  push(message: Uint8Array): Frame | null {
    const part = decodeMessage(message)
    const { header, totalPayloadBytes, fragmentOffset, fragment } = part
    const open = this.#assemblies.get(header.sessionId)
    if (open === undefined) {
      if (fragmentOffset !== 0) throw protocolError('MALFORMED', 'The first fragment of a frame is missing.')
      if (totalPayloadBytes > this.#maxPayloadBytes) {
        throw protocolError('TOO_LARGE', `A frame has at most ${this.#maxPayloadBytes} payload bytes here.`)
      }
      if (fragment.length === totalPayloadBytes) return { header, payload: ownPayload(message) }
      this.#begin(part)
      return null
    }
    // Dropped first: whatever is wrong below, the frame is lost and its memory must be free.
    this.#assemblies.delete(header.sessionId)
    if (fragmentOffset !== open.receivedBytes) {
      throw protocolError('MALFORMED', 'A fragment is out of order, repeated or overlapping.')
    }
    if (totalPayloadBytes !== open.first.totalPayloadBytes || !isSameHeader(header, open.first.header)) {
      throw protocolError('MALFORMED', 'The fragments of a frame disagree about it.')
    }
    append(open, fragment)
    if (open.receivedBytes === totalPayloadBytes) return { header, payload: open.buffer }
    this.#assemblies.set(header.sessionId, open)
    return null
  }

  /** Forgets what has arrived of the session's frame, if anything. */
  dropSession(sessionId: SessionId): void {
    this.#assemblies.delete(sessionId)
  }

  #begin(first: FrameFragment): void {
    if (this.#assemblies.size >= this.#maxConcurrentFrames) {
      throw protocolError('TOO_LARGE', `At most ${this.#maxConcurrentFrames} frames may be open at once.`)
    }
    const assembly: Assembly = { first, buffer: new Uint8Array(0), receivedBytes: 0 }
    append(assembly, first.fragment)
    // The fragment's view would keep the message's buffer alive beside the copy.
    this.#assemblies.set(first.header.sessionId, {
      ...assembly,
      first: { ...first, fragment: new Uint8Array(0) },
    })
  }
}

/** Grows fourfold up to the declared size: frames of a few messages are allocated once, lies are not believed. */
function append(assembly: Assembly, fragment: Uint8Array): void {
  const needed = assembly.receivedBytes + fragment.length
  if (needed > assembly.buffer.length) {
    const grown = new Uint8Array(Math.min(assembly.first.totalPayloadBytes, 4 * needed))
    grown.set(assembly.buffer.subarray(0, assembly.receivedBytes))
    assembly.buffer = grown
  }
  assembly.buffer.set(fragment, assembly.receivedBytes)
  assembly.receivedBytes = needed
}

function ownPayload(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = message
  // Of a pooled buffer (Node) the receiver must not transfer what others still read.
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === message.byteLength
  return isWhole ? new Uint8Array(buffer, FRAME_HEADER_BYTES) : message.slice(FRAME_HEADER_BYTES)
}

function isSameHeader(a: FrameHeader, b: FrameHeader): boolean {
  return (
    a.kind === b.kind &&
    a.wantsAck === b.wantsAck &&
    a.generation === b.generation &&
    a.position === b.position &&
    a.tokenCount === b.tokenCount &&
    a.hiddenSize === b.hiddenSize &&
    a.tokenId === b.tokenId
  )
}

function checkHeader(header: FrameHeader): void {
  if (!Object.hasOwn(KIND_TO_WIRE, header.kind)) {
    throw protocolError('UNKNOWN_KIND', 'The frame kind is unknown.')
  }
  parseSessionId(header.sessionId)
  checkInteger(header.generation, 'generation', 0, MAX_UINT32)
  checkInteger(header.position, 'position', 0, MAX_UINT32)
  checkInteger(header.tokenCount, 'tokenCount', 0, MAX_UINT16)
  checkInteger(header.hiddenSize, 'hiddenSize', 0, MAX_UINT16)
  checkTokenId(header)
}

function checkTokenId(header: FrameHeader): void {
  checkInteger(header.tokenId, 'tokenId', 0, header.kind === 'token' ? MAX_TOKEN_ID : 0)
}

/** Holds the declared payload against the kind, before anything is allocated for it. */
function checkPayloadBytes(header: FrameHeader, payloadBytes: number): void {
  if (payloadBytes > MAX_FRAME_PAYLOAD_BYTES) {
    throw protocolError('TOO_LARGE', `A frame has at most ${MAX_FRAME_PAYLOAD_BYTES} payload bytes.`)
  }
  switch (header.kind) {
    case 'hidden':
      if (header.tokenCount === 0 || header.hiddenSize === 0) {
        throw protocolError('OUT_OF_RANGE', 'A hidden frame has at least one position and one element.')
      }
      if (payloadBytes !== header.tokenCount * header.hiddenSize * 4) {
        throw protocolError('MALFORMED', 'A hidden frame has 4 bytes per position and element.')
      }
      return
    case 'token':
    case 'ack':
      if (payloadBytes !== 0)
        throw protocolError('MALFORMED', `A frame of kind ${header.kind} has no payload.`)
      return
    case 'echo':
    case 'echo-reply':
      if (payloadBytes > MAX_ECHO_PAYLOAD_BYTES) {
        throw protocolError('TOO_LARGE', `An echo has at most ${MAX_ECHO_PAYLOAD_BYTES} payload bytes.`)
      }
      return
    default:
      header.kind satisfies never
  }
}

function writeHeader(
  message: Uint8Array<ArrayBuffer>,
  header: FrameHeader,
  totalPayloadBytes: number,
  fragmentOffset: number,
  fragmentBytes: number,
): void {
  const view = new DataView(message.buffer)
  view.setUint8(0, FRAME_VERSION)
  view.setUint8(1, KIND_TO_WIRE[header.kind])
  view.setUint16(2, header.wantsAck ? FLAG_WANTS_ACK : 0, true)
  view.setUint32(4, header.generation, true)
  for (let i = 0; i < SESSION_ID_BYTES; i++) {
    message[8 + i] = Number.parseInt(header.sessionId.slice(2 * i, 2 * i + 2), 16)
  }
  view.setUint32(24, header.position, true)
  view.setUint16(28, header.tokenCount, true)
  view.setUint16(30, header.hiddenSize, true)
  view.setUint32(32, totalPayloadBytes, true)
  view.setUint32(36, fragmentOffset, true)
  view.setUint32(40, fragmentBytes, true)
  view.setUint32(44, header.tokenId, true)
}
