import { checkInteger, MAX_UINT32, protocolError } from '../checks.ts'

/**
 * A sign of life on the unreliable channel, and its answer, little-endian, always 24 bytes.
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u8 | version, 1 |
 * | 1 | u8 | kind: 1 beat, 2 beat reply |
 * | 2 | u16 | 0 |
 * | 4 | u32 | generation of the sender |
 * | 8 | u32 | sequence; a reply repeats the beat's |
 * | 12 | u32 | 0 |
 * | 16 | u64 | sent at, microseconds of the beat's sender, below 2^53; a reply repeats the beat's |
 */
export interface Beat {
  readonly kind: 'beat' | 'beat-reply'
  readonly generation: number
  readonly sequence: number
  /** On the clock of who sent the `beat`: nobody else can read anything out of it. */
  readonly sentAtMicros: number
}

export const BEAT_VERSION = 1
/** Shorter than any frame header, so that beats and frames can share a channel. */
export const BEAT_BYTES = 24

const WIRE_BEAT = 1
const WIRE_BEAT_REPLY = 2
const TWO_POW_32 = 0x1_0000_0000

/** @throws ProtocolError `OUT_OF_RANGE` */
export function encodeBeat(beat: Beat): Uint8Array<ArrayBuffer> {
  checkInteger(beat.generation, 'generation', 0, MAX_UINT32)
  checkInteger(beat.sequence, 'sequence', 0, MAX_UINT32)
  checkInteger(beat.sentAtMicros, 'sentAtMicros', 0, Number.MAX_SAFE_INTEGER)
  const bytes = new Uint8Array(BEAT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, BEAT_VERSION)
  view.setUint8(1, beat.kind === 'beat' ? WIRE_BEAT : WIRE_BEAT_REPLY)
  view.setUint32(4, beat.generation, true)
  view.setUint32(8, beat.sequence, true)
  view.setUint32(16, beat.sentAtMicros % TWO_POW_32, true)
  view.setUint32(20, Math.floor(beat.sentAtMicros / TWO_POW_32), true)
  return bytes
}

/** @throws ProtocolError `TOO_LARGE`, `TRUNCATED`, `UNKNOWN_VERSION`, `UNKNOWN_KIND`, `MALFORMED`, `OUT_OF_RANGE` */
export function decodeBeat(bytes: Uint8Array): Beat {
  if (bytes.length > BEAT_BYTES) throw protocolError('TOO_LARGE', `A beat has ${BEAT_BYTES} bytes.`)
  if (bytes.length < BEAT_BYTES) throw protocolError('TRUNCATED', `A beat has ${BEAT_BYTES} bytes.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== BEAT_VERSION) {
    throw protocolError('UNKNOWN_VERSION', `Beat version ${BEAT_VERSION} was expected.`)
  }
  const kind = view.getUint8(1)
  if (kind !== WIRE_BEAT && kind !== WIRE_BEAT_REPLY) {
    throw protocolError('UNKNOWN_KIND', 'The beat kind is unknown.')
  }
  if (view.getUint16(2, true) !== 0 || view.getUint32(12, true) !== 0) {
    throw protocolError('MALFORMED', 'The spare bytes of a beat are 0.')
  }
  const sentAtMicros = view.getUint32(20, true) * TWO_POW_32 + view.getUint32(16, true)
  checkInteger(sentAtMicros, 'sentAtMicros', 0, Number.MAX_SAFE_INTEGER)
  return {
    kind: kind === WIRE_BEAT ? 'beat' : 'beat-reply',
    generation: view.getUint32(4, true),
    sequence: view.getUint32(8, true),
    sentAtMicros,
  }
}
