import { describe, expect, it } from 'vitest'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import { decodeLinkMessage, encodeLinkMessage, LINK_LIMITS } from './link.ts'
import * as pb from './pb/link.ts'
import vectors from './vectors/link.json' with { type: 'json' }

testGoldenVectors(vectors, encodeLinkMessage, decodeLinkMessage)

const { OPEN, REQUEST, LINK_MESSAGE_KIND_UNUSED } = pb.LinkMessageKind

describe('decodeLinkMessage', () => {
  it.each<[string, pb.LinkMessage, string]>([
    ['channel ids at the limit', { version: 1, kind: OPEN, hotChannelId: 1022, beatChannelId: 0 }, 'ok'],
    ['a hot id beyond it', { version: 1, kind: OPEN, hotChannelId: 1023, beatChannelId: 0 }, 'OUT_OF_RANGE'],
    ['a beat id beyond it', { version: 1, kind: OPEN, hotChannelId: 1, beatChannelId: 1023 }, 'OUT_OF_RANGE'],
    ['one id for both', { version: 1, kind: OPEN, hotChannelId: 7, beatChannelId: 7 }, 'OUT_OF_RANGE'],
    ['no hot id', { version: 1, kind: OPEN, beatChannelId: 7 }, 'MISSING_FIELD'],
    ['no beat id', { version: 1, kind: OPEN, hotChannelId: 7 }, 'MISSING_FIELD'],
    ['ids that do not belong', { version: 1, kind: REQUEST, hotChannelId: 7 }, 'MALFORMED'],
    ['no kind', { version: 1 }, 'MISSING_FIELD'],
    ['the unused kind', { version: 1, kind: LINK_MESSAGE_KIND_UNUSED }, 'OUT_OF_RANGE'],
    ['no version', { kind: REQUEST }, 'MISSING_FIELD'],
    ['version 0', { version: 0, kind: REQUEST }, 'UNKNOWN_VERSION'],
    ['version 2', { version: 2, kind: REQUEST }, 'UNKNOWN_VERSION'],
  ])('%s', (_title, wire, expected) => {
    expect(outcome(() => decodeLinkMessage(pb.LinkMessage.encode(wire)))).toBe(expected)
  })

  it.each<[string, readonly number[], string]>([
    ['nothing', [], 'MISSING_FIELD'],
    ['a kind that nobody defined', [8, 1, 16, 99], 'OUT_OF_RANGE'],
    ['a cut varint', [8, 1, 16, 0xff], 'TRUNCATED'],
    ['a wire type that does not exist', [8, 1, 0x3f], 'MALFORMED'],
    ['an unknown field of a later minor version', [8, 1, 16, 100, 0x78, 1], 'ok'],
  ])('bytes: %s', (_title, bytes, expected) => {
    expect(outcome(() => decodeLinkMessage(Uint8Array.from(bytes)))).toBe(expected)
  })

  it('takes messages of the largest size and none beyond', () => {
    // The unknown field 15 holds the rest.
    const padded = (size: number) =>
      Uint8Array.from([8, 1, 16, 100, 0x7a, size - 6, ...new Uint8Array(size - 6)])
    expect(outcome(() => decodeLinkMessage(padded(LINK_LIMITS.maxBytes)))).toBe('ok')
    expect(outcome(() => decodeLinkMessage(padded(LINK_LIMITS.maxBytes + 1)))).toBe('TOO_LARGE')
  })
})

it('refuses to encode what it would not decode', () => {
  const encode = (hotChannelId: number, beatChannelId: number) => () =>
    encodeLinkMessage({ kind: 'open', hotChannelId, beatChannelId })
  expect(outcome(encode(1022, 1021))).toBe('ok')
  expect(outcome(encode(1023, 0))).toBe('OUT_OF_RANGE')
  expect(outcome(encode(-1, 0))).toBe('OUT_OF_RANGE')
  expect(outcome(encode(1.5, 0))).toBe('OUT_OF_RANGE')
  expect(outcome(encode(3, 3))).toBe('OUT_OF_RANGE')
})
