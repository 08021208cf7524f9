import { describe, expect, it } from 'vitest'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import * as pb from './pb/session.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  SESSION_END_REASONS,
  SESSION_LIMITS,
  type SessionMessage,
} from './session.ts'
import vectors from './vectors/session.json' with { type: 'json' }

testGoldenVectors<SessionMessage>(vectors, encodeSessionMessage, decodeSessionMessage)

it('has a vector for every reason', () => {
  const named = vectors.flatMap(({ message }) => (message.ended === undefined ? [] : [message.ended.reason]))
  expect(named).toEqual(SESSION_END_REASONS)
})

const PEER = 'A'.repeat(52)

function hop(start: number, end: number, overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { peerId: PEER, generation: 1, layers: { start, end }, relayAddresses: [], ...overrides }
}

const SAMPLING = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 7,
  historyTokenIds: new Uint8Array(0),
}
const OPEN = {
  sessionId: new Uint8Array(16),
  modelId: new Uint8Array(32),
  stageIndex: 0,
  route: [hop(0, 8)],
  capacityTokens: 100,
  promptTokenCount: 50,
  maxNewTokens: 50,
  endTokenIds: new Uint8Array(0),
  deadlineMs: 1000,
  sampling: SAMPLING,
}
const REPORT = {
  prefillMicros: 1,
  decodeMicros: 2,
  decodeSteps: 3,
  tensorBytesSent: 4,
  tensorBytesRelayed: 4,
}

function decode(body: Record<string, unknown>): () => SessionMessage {
  const wire = { version: 1, ...body } as pb.SessionMessage // the generated types know no undefined
  return () => decodeSessionMessage(pb.SessionMessage.encode(wire))
}

function tokens(count: number, id = 1): Uint8Array {
  return new Uint8Array(Uint32Array.from({ length: count }, () => id).buffer)
}

function hops(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => hop(index, index + 1))
}

type Row = [string, Record<string, unknown>, string]

function missing(fields: object): Row[] {
  return Object.keys(fields).map((field) => [`no ${field}`, { [field]: undefined }, 'MISSING_FIELD'])
}

describe('open', () => {
  it.each<Row>([
    ['nothing unusual', {}, 'ok'],
    ['64 hops', { route: hops(64), stageIndex: 63 }, 'ok'],
    ['65 hops', { route: hops(65), stageIndex: 64 }, 'TOO_LARGE'],
    ['no hops', { route: [] }, 'OUT_OF_RANGE'],
    ['an index beyond the route', { stageIndex: 1 }, 'OUT_OF_RANGE'],
    ['a route that starts late', { route: [hop(1, 8)] }, 'OUT_OF_RANGE'],
    ['a gap in the route', { route: [hop(0, 3), hop(4, 8)], stageIndex: 1 }, 'OUT_OF_RANGE'],
    ['an overlap in the route', { route: [hop(0, 5), hop(4, 8)], stageIndex: 1 }, 'OUT_OF_RANGE'],
    ['layer 1024', { route: [hop(0, 1024)] }, 'ok'],
    ['layer 1025', { route: [hop(0, 1025)] }, 'OUT_OF_RANGE'],
    ['a hop with 4 addresses', { route: [hop(0, 8, { relayAddresses: ['/', '/', '/', '/'] })] }, 'ok'],
    [
      'a hop with 5 addresses',
      { route: [hop(0, 8, { relayAddresses: ['/', '/', '/', '/', '/'] })] },
      'TOO_LARGE',
    ],
    ['a hop with a bad address', { route: [hop(0, 8, { relayAddresses: ['x'] })] }, 'OUT_OF_RANGE'],
    ['a hop without a peer', { route: [hop(0, 8, { peerId: undefined })] }, 'MISSING_FIELD'],
    ['a hop without a generation', { route: [hop(0, 8, { generation: undefined })] }, 'MISSING_FIELD'],
    ['a hop without layers', { route: [hop(0, 8, { layers: undefined })] }, 'MISSING_FIELD'],
    ['a hop with a short peer id', { route: [hop(0, 8, { peerId: 'A' })] }, 'BAD_ID'],
    ['the largest capacity', { capacityTokens: 131_072 }, 'ok'],
    ['a larger one', { capacityTokens: 131_073 }, 'OUT_OF_RANGE'],
    ['no capacity at all', { capacityTokens: 0 }, 'OUT_OF_RANGE'],
    ['a prompt that fills the capacity', { promptTokenCount: 100 }, 'ok'],
    ['a prompt beyond it', { promptTokenCount: 101 }, 'OUT_OF_RANGE'],
    ['an empty prompt', { promptTokenCount: 0 }, 'OUT_OF_RANGE'],
    ['the longest answer', { maxNewTokens: 131_072 }, 'ok'],
    ['a longer one', { maxNewTokens: 131_073 }, 'OUT_OF_RANGE'],
    ['no answer', { maxNewTokens: 0 }, 'OUT_OF_RANGE'],
    ['16 end tokens', { endTokenIds: tokens(16) }, 'ok'],
    ['17 end tokens', { endTokenIds: tokens(17) }, 'OUT_OF_RANGE'],
    ['half an end token', { endTokenIds: new Uint8Array(6) }, 'MALFORMED'],
    ['the largest token id', { endTokenIds: tokens(1, 2 ** 31 - 1) }, 'ok'],
    ['a larger one', { endTokenIds: tokens(1, 2 ** 31) }, 'OUT_OF_RANGE'],
    ['a deadline of 1 ms', { deadlineMs: 1 }, 'ok'],
    ['a deadline of 0 ms', { deadlineMs: 0 }, 'OUT_OF_RANGE'],
    ['a deadline of an hour', { deadlineMs: 3_600_000 }, 'ok'],
    ['a later one', { deadlineMs: 3_600_001 }, 'OUT_OF_RANGE'],
    ['a session id of 15 bytes', { sessionId: new Uint8Array(15) }, 'BAD_ID'],
    ['a model id of 33 bytes', { modelId: new Uint8Array(33) }, 'BAD_ID'],
    ['sampling for the head of two', { route: hops(2) }, 'MALFORMED'],
    ['no sampling for the head of two', { route: hops(2), sampling: undefined }, 'ok'],
    ...missing(OPEN).filter(([title]) => title !== 'no route'),
  ])('%s', (_title, overrides, expected) => {
    expect(outcome(decode({ open: { ...OPEN, route: [hop(0, 8)], ...overrides } }))).toBe(expected)
  })

  it.each<Row>([
    ['the hottest temperature', { temperature: 10 }, 'ok'],
    ['a hotter one', { temperature: 10.0001 }, 'OUT_OF_RANGE'],
    ['a negative one', { temperature: -0.1 }, 'OUT_OF_RANGE'],
    ['minus zero', { temperature: -0 }, 'OUT_OF_RANGE'],
    ['no number', { temperature: Number.NaN }, 'OUT_OF_RANGE'],
    ['infinity', { temperature: Number.POSITIVE_INFINITY }, 'OUT_OF_RANGE'],
    ['the largest topK', { topK: 2 ** 31 - 1 }, 'ok'],
    ['a larger one', { topK: 2 ** 31 }, 'OUT_OF_RANGE'],
    ['topP 1', { topP: 1 }, 'ok'],
    ['topP above 1', { topP: 1.0001 }, 'OUT_OF_RANGE'],
    ['the smallest topP', { topP: 5e-324 }, 'ok'],
    ['topP 0', { topP: 0 }, 'OUT_OF_RANGE'],
    ['minP 1', { minP: 1 }, 'ok'],
    ['minP above 1', { minP: 1.0001 }, 'OUT_OF_RANGE'],
    ['a penalty of 0.1', { repetitionPenalty: 0.1 }, 'ok'],
    ['a penalty below', { repetitionPenalty: 0.0999 }, 'OUT_OF_RANGE'],
    ['a penalty of 10', { repetitionPenalty: 10 }, 'ok'],
    ['a penalty above', { repetitionPenalty: 10.001 }, 'OUT_OF_RANGE'],
    ['the longest history', { historyTokenIds: tokens(131_072) }, 'ok'],
    ['a longer one', { historyTokenIds: tokens(131_073) }, 'OUT_OF_RANGE'],
    ...missing(SAMPLING),
  ])('sampling: %s', (_title, overrides, expected) => {
    expect(outcome(decode({ open: { ...OPEN, sampling: { ...SAMPLING, ...overrides } } }))).toBe(expected)
  })

  it('has room for the longest route with the longest history', () => {
    const route = Array.from({ length: 64 }, (_, index) =>
      hop(index, index + 1, { peerId: 'A'.repeat(80), relayAddresses: Array(4).fill('/'.padEnd(256, 'x')) }),
    )
    const open = {
      ...OPEN,
      route,
      stageIndex: 63,
      sampling: { ...SAMPLING, historyTokenIds: tokens(131_072) },
    }
    expect(encodeSessionMessage(decode({ open })()).length).toBeLessThan(SESSION_LIMITS.maxBytes)
  })
})

describe('opened', () => {
  const path = pb.LinkPath.STREAM
  it.each<Row>([
    ['no link', {}, 'ok'],
    ['a link', { link: { path, roundTripMicros: 3_600_000_000 } }, 'ok'],
    ['a round trip of more than an hour', { link: { path, roundTripMicros: 3_600_000_001 } }, 'OUT_OF_RANGE'],
    ['no path', { link: { roundTripMicros: 1 } }, 'MISSING_FIELD'],
    ['no round trip', { link: { path } }, 'MISSING_FIELD'],
    ['the unused path', { link: { path: pb.LinkPath.LINK_PATH_UNUSED, roundTripMicros: 1 } }, 'OUT_OF_RANGE'],
  ])('%s', (_title, opened, expected) => {
    expect(outcome(decode({ opened }))).toBe(expected)
  })
})

describe('prompt and tokens', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['the longest prompt', { prompt: { tokenIds: tokens(131_072) } }, 'ok'],
    ['a longer one', { prompt: { tokenIds: tokens(131_073) } }, 'OUT_OF_RANGE'],
    ['an empty one', { prompt: { tokenIds: tokens(0) } }, 'OUT_OF_RANGE'],
    ['one without tokens', { prompt: {} }, 'MISSING_FIELD'],
    ['one of 7 bytes', { prompt: { tokenIds: new Uint8Array(7) } }, 'MALFORMED'],
    ['the last position', { tokens: { position: 131_071, tokenIds: tokens(1) } }, 'ok'],
    ['a position beyond', { tokens: { position: 131_072, tokenIds: tokens(1) } }, 'OUT_OF_RANGE'],
    ['no position', { tokens: { tokenIds: tokens(1) } }, 'MISSING_FIELD'],
    ['no tokens', { tokens: { position: 1, tokenIds: tokens(0) } }, 'OUT_OF_RANGE'],
    ['a negative token', { tokens: { position: 1, tokenIds: tokens(1, 0xffff_ffff) } }, 'OUT_OF_RANGE'],
  ])('%s', (_title, body, expected) => {
    expect(outcome(decode(body))).toBe(expected)
  })
})

describe('ended', () => {
  const reason = pb.SessionEndReason.LEAVING
  it.each<Row>([
    ['a report', {}, 'ok'],
    ['the largest time', { prefillMicros: Number.MAX_SAFE_INTEGER }, 'ok'],
    ['more relayed than sent', { tensorBytesRelayed: 5 }, 'OUT_OF_RANGE'],
    ...missing(REPORT),
  ])('%s', (_title, overrides, expected) => {
    expect(outcome(decode({ ended: { reason, report: { ...REPORT, ...overrides } } }))).toBe(expected)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['no reason', { report: REPORT }, 'MISSING_FIELD'],
    ['no report', { reason }, 'MISSING_FIELD'],
    [
      'the unused reason',
      { reason: pb.SessionEndReason.SESSION_END_REASON_UNUSED, report: REPORT },
      'OUT_OF_RANGE',
    ],
  ])('%s', (_title, ended, expected) => {
    expect(outcome(decode({ ended }))).toBe(expected)
  })
})

describe('the envelope', () => {
  it.each<[string, readonly number[], string]>([
    ['nothing', [], 'MISSING_FIELD'],
    ['no body', [8, 1], 'UNKNOWN_KIND'],
    ['a body of a later version', [8, 1, 58, 0], 'UNKNOWN_KIND'],
    ['another version', [8, 2, 26, 0], 'UNKNOWN_VERSION'],
    ['a body that is cut', [8, 1, 34, 10, 1], 'TRUNCATED'],
    ['a wire type that does not exist', [8, 1, 0x3e], 'MALFORMED'],
  ])('%s', (_title, bytes, expected) => {
    expect(outcome(() => decodeSessionMessage(Uint8Array.from(bytes)))).toBe(expected)
  })

  it('takes messages of the largest size and none beyond', () => {
    const padded = (size: number): Uint8Array => {
      // Field 15 is unknown and skipped; its length takes three bytes.
      const bytes = new Uint8Array(size)
      const rest = size - 8
      bytes.set([8, 1, 26, 0, 0x7a, (rest & 0x7f) | 0x80, ((rest >> 7) & 0x7f) | 0x80, rest >> 14])
      return bytes
    }
    expect(outcome(() => decodeSessionMessage(padded(SESSION_LIMITS.maxBytes)))).toBe('ok')
    expect(outcome(() => decodeSessionMessage(padded(SESSION_LIMITS.maxBytes + 1)))).toBe('TOO_LARGE')
  })

  it('survives groups that are nested as deep as the message allows', () => {
    // 0x7b opens group 15; the runtime skips groups by recursion.
    const bytes = new Uint8Array(SESSION_LIMITS.maxBytes).fill(0x7b)
    expect(outcome(() => decodeSessionMessage(bytes))).toBe('MALFORMED')
  })
})
