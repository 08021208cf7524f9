import { describe, expect, it } from 'vitest'
import { fromHex, toHex, type SessionId } from '../ids.ts'
import { outcome } from '../testing/golden.suite.ts'
import {
  decodeMessage,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameAssembler,
  MAX_ECHO_PAYLOAD_BYTES,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_MESSAGE_BYTES,
  type Frame,
  type FrameHeader,
} from './frame.ts'
import vectors from './vectors/frame.json' with { type: 'json' }

const SESSION = '0123456789abcdef'.repeat(2) as SessionId // 32 digits
const OTHER = 'fedcba9876543210'.repeat(2) as SessionId // 32 digits

function hidden(tokenCount: number, hiddenSize: number, overrides: Partial<FrameHeader> = {}): FrameHeader {
  return {
    kind: 'hidden',
    wantsAck: false,
    generation: 3,
    sessionId: SESSION,
    position: 5,
    tokenCount,
    hiddenSize,
    tokenId: 0,
    ...overrides,
  }
}

function token(overrides: Partial<FrameHeader> = {}): FrameHeader {
  return hidden(1, 0, { kind: 'token', tokenId: 9, ...overrides })
}

function counted(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => index % 251)
}

function assembler(
  overrides: { maxPayloadBytes?: number; maxConcurrentFrames?: number } = {},
): FrameAssembler {
  return new FrameAssembler({ maxPayloadBytes: 1 << 20, maxConcurrentFrames: 4, ...overrides })
}

/** The first message of a frame, with some bytes changed: u8, u16 or u32 by their offset in the header. */
function patched(header: FrameHeader, payload: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const message = encodeFrame(header, payload)[0] ?? new Uint8Array()
  change(new DataView(message.buffer))
  return message
}

describe('golden bytes', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('keeps %s', (_name, vector) => {
    const header = vector.message.header as FrameHeader // the JSON was written from the table of the header
    const payload = fromHex(vector.message.payloadHex)
    const messages = encodeFrame(header, payload, vector.message.maxMessageBytes)
    expect(messages.map(toHex)).toEqual(vector.messages)
    const joined = assembler()
    const frames = vector.messages.map((hex) => joined.push(fromHex(hex)))
    expect(frames.slice(0, -1).every((frame) => frame === null)).toBe(true)
    expect(frames.at(-1)).toEqual({ header, payload })
  })
})

describe('encodeFrame', () => {
  it.each([
    [FRAME_HEADER_BYTES + 4, 1, 4],
    [FRAME_HEADER_BYTES + 4, 2, 8],
    [FRAME_HEADER_BYTES + 7, 2, 8],
    [FRAME_HEADER_BYTES + 8, 1, 8],
    [FRAME_HEADER_BYTES + 8, 2, 12],
  ])('at most %d bytes a message: %d messages for %d bytes', (maxMessageBytes, count, payloadBytes) => {
    const messages = encodeFrame(hidden(1, payloadBytes / 4), counted(payloadBytes), maxMessageBytes)
    expect(messages).toHaveLength(count)
    for (const message of messages) {
      expect(message.length).toBeLessThanOrEqual(maxMessageBytes)
      expect(decodeMessage(message).fragmentOffset % 4).toBe(0)
    }
  })

  it('fills messages of 64 KiB by default', () => {
    const room = MAX_MESSAGE_BYTES - FRAME_HEADER_BYTES
    expect(encodeFrame(hidden(1, room / 4), counted(room)).map(({ length }) => length)).toEqual([65_536])
    expect(encodeFrame(hidden(1, room / 4 + 1), counted(room + 4)).map(({ length }) => length)).toEqual([
      65_536,
      FRAME_HEADER_BYTES + 4,
    ])
  })

  it.each<[string, FrameHeader, number, string]>([
    ['the largest frame', hidden(512, 8192), MAX_FRAME_PAYLOAD_BYTES, 'ok'],
    ['a larger one', hidden(512, 8193), 512 * 8193 * 4, 'TOO_LARGE'],
    ['the largest echo', hidden(0, 0, { kind: 'echo' }), MAX_ECHO_PAYLOAD_BYTES, 'ok'],
    ['a larger one', hidden(0, 0, { kind: 'echo-reply' }), MAX_ECHO_PAYLOAD_BYTES + 1, 'TOO_LARGE'],
    ['a payload that is short', hidden(2, 3), 20, 'MALFORMED'],
    ['a payload that is long', hidden(2, 3), 28, 'MALFORMED'],
    ['no positions', hidden(0, 3), 0, 'OUT_OF_RANGE'],
    ['no elements', hidden(3, 0), 0, 'OUT_OF_RANGE'],
    ['too many positions', hidden(65_536, 1), 262_144, 'OUT_OF_RANGE'],
    ['a token with a payload', token(), 4, 'MALFORMED'],
    ['an ack with a payload', token({ kind: 'ack', tokenId: 0 }), 4, 'MALFORMED'],
    ['the largest token id', token({ tokenId: 2 ** 31 - 1 }), 0, 'ok'],
    ['a larger one', token({ tokenId: 2 ** 31 }), 0, 'OUT_OF_RANGE'],
    ['a token id on an ack', token({ kind: 'ack', tokenId: 1 }), 0, 'OUT_OF_RANGE'],
    ['the largest position', token({ position: 0xffff_ffff }), 0, 'ok'],
    ['a larger one', token({ position: 0x1_0000_0000 }), 0, 'OUT_OF_RANGE'],
    ['a negative generation', token({ generation: -1 }), 0, 'OUT_OF_RANGE'],
    ['a bad session id', token({ sessionId: 'x' as SessionId }), 0, 'BAD_ID'],
    ['an unknown kind', token({ kind: 'toString' as 'token' }), 0, 'UNKNOWN_KIND'],
  ])('%s', (_title, header, payloadBytes, expected) => {
    expect(outcome(() => encodeFrame(header, new Uint8Array(payloadBytes)))).toBe(expected)
  })

  it.each([FRAME_HEADER_BYTES + 3, MAX_MESSAGE_BYTES + 1])('refuses messages of at most %d bytes', (size) => {
    expect(outcome(() => encodeFrame(token(), new Uint8Array(0), size))).toBe('OUT_OF_RANGE')
  })
})

describe('decodeMessage', () => {
  const header = hidden(2, 3)
  const payload = counted(24)

  it.each<[string, (view: DataView) => void, string]>([
    ['as sent', () => {}, 'ok'],
    ['version 0', (view) => view.setUint8(0, 0), 'UNKNOWN_VERSION'],
    ['version 2', (view) => view.setUint8(0, 2), 'UNKNOWN_VERSION'],
    ['kind 0', (view) => view.setUint8(1, 0), 'UNKNOWN_KIND'],
    ['kind 6', (view) => view.setUint8(1, 6), 'UNKNOWN_KIND'],
    ['an unknown flag', (view) => view.setUint16(2, 2, true), 'OUT_OF_RANGE'],
    ['more positions than payload', (view) => view.setUint16(28, 3, true), 'MALFORMED'],
    ['no positions', (view) => view.setUint16(28, 0, true), 'OUT_OF_RANGE'],
    ['another total', (view) => view.setUint32(32, 28, true), 'MALFORMED'],
    ['4 GiB', (view) => view.setUint32(32, 0xffff_ffff, true), 'TOO_LARGE'],
    ['a fragment beyond the frame', (view) => view.setUint32(36, 4, true), 'MALFORMED'],
    ['an offset near 2^32', (view) => view.setUint32(36, 0xffff_fffc, true), 'MALFORMED'],
    ['a fragment that is longer than the message', (view) => view.setUint32(40, 25, true), 'TRUNCATED'],
    ['a fragment that is shorter', (view) => view.setUint32(40, 23, true), 'MALFORMED'],
    ['a token id', (view) => view.setUint32(44, 1, true), 'OUT_OF_RANGE'],
  ])('%s', (_title, change, expected) => {
    expect(outcome(() => decodeMessage(patched(header, payload, change)))).toBe(expected)
  })

  it.each<[string, number, string]>([
    ['47 bytes', 47, 'TRUNCATED'],
    ['64 KiB and one byte', MAX_MESSAGE_BYTES + 1, 'TOO_LARGE'],
  ])('%s', (_title, size, expected) => {
    expect(outcome(() => decodeMessage(new Uint8Array(size).fill(1)))).toBe(expected)
  })

  it('refuses an empty fragment of a frame with a payload', () => {
    const message = patched(header, payload, (view) => view.setUint32(40, 0, true)).subarray(0, 48)
    expect(outcome(() => decodeMessage(message))).toBe('MALFORMED')
  })

  it('does not copy the payload', () => {
    const message = encodeFrame(header, payload)[0] ?? new Uint8Array()
    expect(decodeMessage(message).fragment.buffer).toBe(message.buffer)
  })
})

describe('FrameAssembler', () => {
  const header = hidden(4, 8)
  const payload = counted(128)
  /** Four messages of 32 bytes each. */
  const cut = (overrides: Partial<FrameHeader> = {}): Uint8Array<ArrayBuffer>[] =>
    encodeFrame({ ...header, ...overrides }, payload, FRAME_HEADER_BYTES + 32)

  it('gives out a frame of one message without a copy, ready for a Float32Array', () => {
    const message = encodeFrame(header, payload)[0] ?? new Uint8Array(0)
    const frame = assembler().push(message)
    expect(frame?.payload.buffer).toBe(message.buffer)
    expect(frame?.payload.byteOffset).toBe(FRAME_HEADER_BYTES)
    expect(new Float32Array(frame?.payload.buffer ?? new ArrayBuffer(0), 48)).toHaveLength(32)
  })

  it.each([0, 1, 2, 3])('copies out of a pooled buffer at offset %d', (offset) => {
    const message = encodeFrame(header, payload)[0] ?? new Uint8Array(0)
    const pool = new Uint8Array(message.length + 8)
    pool.set(message, offset)
    const frame = assembler().push(pool.subarray(offset, offset + message.length))
    pool.fill(0xff)
    expect(frame).toEqual({ header, payload })
    expect(frame?.payload.byteOffset).toBe(0)
    expect(frame?.payload.buffer.byteLength).toBe(payload.length)
  })

  it('joins fragments and keeps no buffer of theirs', () => {
    const joined = assembler()
    const messages = cut()
    let frame: Frame | null = null
    for (const [index, message] of messages.entries()) {
      expect(joined.openFrames).toBe(index === 0 ? 0 : 1)
      frame = joined.push(message)
      message.fill(0xff)
      if (index < 3) expect(frame).toBeNull()
    }
    expect(frame).toEqual({ header, payload })
    expect(frame?.payload.byteOffset).toBe(0)
    expect(joined.openFrames).toBe(0)
  })

  it('joins frames of sessions that interleave', () => {
    const joined = assembler()
    const mine = cut()
    const theirs = cut({ sessionId: OTHER, generation: 8 })
    const frames = mine.flatMap((message, index) => [
      joined.push(message),
      joined.push(theirs[index] ?? new Uint8Array()),
    ])
    expect(frames.slice(0, 6)).toEqual(Array(6).fill(null))
    expect(frames[6]).toEqual({ header, payload })
    expect(frames[7]).toEqual({ header: { ...header, sessionId: OTHER, generation: 8 }, payload })
  })

  it.each<[string, (messages: Uint8Array<ArrayBuffer>[]) => (Uint8Array | undefined)[]]>([
    ['a lost first fragment', (messages) => [messages[1]]],
    ['a lost middle fragment', (messages) => [messages[0], messages[2]]],
    ['a repeated fragment', (messages) => [messages[0], messages[0]?.slice()]],
    ['swapped fragments', (messages) => [messages[0], messages[1], messages[3]]],
    ['a new frame before the old one is whole', (messages) => [messages[0], encodeFrame(header, payload)[0]]],
    [
      'a token of the session in between',
      (messages) => [messages[0], encodeFrame(token(), new Uint8Array())[0]],
    ],
    ['another generation', (messages) => [messages[0], cut({ generation: 4 })[1]]],
    ['another position', (messages) => [messages[0], cut({ position: 6 })[1]]],
    ['another shape', (messages) => [messages[0], cut({ tokenCount: 8, hiddenSize: 4 })[1]]],
    ['another flag', (messages) => [messages[0], cut({ wantsAck: true })[1]]],
    [
      'another total',
      (messages) => [messages[0], encodeFrame(hidden(5, 8), counted(160), FRAME_HEADER_BYTES + 32)[1]],
    ],
  ])('refuses %s, forgets that frame and takes the next', (_title, pick) => {
    const joined = assembler()
    const theirs = cut({ sessionId: OTHER })
    joined.push(theirs[0] ?? new Uint8Array())
    const messages = pick(cut()).map((message) => message ?? new Uint8Array())
    for (const message of messages.slice(0, -1)) expect(joined.push(message)).toBeNull()
    expect(outcome(() => joined.push(messages.at(-1) ?? new Uint8Array()))).toBe('MALFORMED')
    expect(joined.openFrames).toBe(1)
    expect(
      cut()
        .map((message) => joined.push(message))
        .at(-1),
    ).toEqual({ header, payload })
    expect(
      theirs
        .slice(1)
        .map((message) => joined.push(message))
        .at(-1)?.payload,
    ).toEqual(payload)
  })

  it('takes a payload of the limit and none beyond', () => {
    const joined = assembler({ maxPayloadBytes: 128 })
    expect(
      cut()
        .map((message) => joined.push(message))
        .at(-1)?.payload,
    ).toEqual(payload)
    const larger = encodeFrame(hidden(1, 33), counted(132), FRAME_HEADER_BYTES + 32)
    expect(outcome(() => joined.push(larger[0] ?? new Uint8Array()))).toBe('TOO_LARGE')
    expect(outcome(() => joined.push(encodeFrame(hidden(1, 33), counted(132))[0] ?? new Uint8Array()))).toBe(
      'TOO_LARGE',
    )
    expect(joined.openFrames).toBe(0)
  })

  it('opens as many frames as allowed, and whole ones beside them', () => {
    const joined = assembler({ maxConcurrentFrames: 2 })
    const first = (id: number): Uint8Array =>
      cut({ sessionId: String(id).padStart(32, '0') as SessionId })[0] ?? new Uint8Array() // 32 digits
    expect(joined.push(first(1))).toBeNull()
    expect(joined.push(first(2))).toBeNull()
    expect(outcome(() => joined.push(first(3)))).toBe('TOO_LARGE')
    expect(joined.openFrames).toBe(2)
    expect(joined.push(encodeFrame(token(), new Uint8Array())[0] ?? new Uint8Array())?.header).toEqual(
      token(),
    )
    joined.dropSession(String(1).padStart(32, '0') as SessionId) // 32 digits
    expect(joined.push(first(3))).toBeNull()
  })

  it('forgets a session on request', () => {
    const joined = assembler()
    const messages = cut()
    joined.push(messages[0] ?? new Uint8Array())
    joined.dropSession(OTHER)
    expect(joined.openFrames).toBe(1)
    joined.dropSession(SESSION)
    expect(joined.openFrames).toBe(0)
    expect(outcome(() => joined.push(messages[1] ?? new Uint8Array()))).toBe('MALFORMED')
  })

  it('does not believe a size before the bytes are there', () => {
    const joined = new FrameAssembler({
      maxPayloadBytes: MAX_FRAME_PAYLOAD_BYTES,
      maxConcurrentFrames: 4_000,
    })
    const [whole] = encodeFrame(hidden(512, 8192), new Uint8Array(MAX_FRAME_PAYLOAD_BYTES))
    // The first four bytes of 16 MiB.
    const largest = whole?.slice(0, FRAME_HEADER_BYTES + 4)
    if (largest !== undefined) new DataView(largest.buffer).setUint32(40, 4, true)
    const before = process.memoryUsage().arrayBuffers
    for (let id = 0; id < 2_000; id++) {
      const message = largest?.slice() ?? new Uint8Array()
      new DataView(message.buffer).setUint32(8, id)
      expect(joined.push(message)).toBeNull()
    }
    // 32 GB, were the declared sizes allocated.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
    expect(joined.openFrames).toBe(2_000)
  })
})
