import { describe, expect, it } from 'vitest'
import { FRAME_HEADER_BYTES } from '../frame/frame.ts'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import { BEAT_BYTES, decodeBeat, encodeBeat, type Beat } from './beat.ts'
import vectors from './vectors/beat.json' with { type: 'json' }

testGoldenVectors<Beat>(vectors, encodeBeat, decodeBeat)

const BEAT: Beat = { kind: 'beat', generation: 1, sequence: 2, sentAtMicros: 3 }

it('is shorter than any frame, so that both can share a channel', () => {
  expect(BEAT_BYTES).toBeLessThan(FRAME_HEADER_BYTES)
})

describe('decodeBeat', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['as sent', (bytes) => bytes, 'ok'],
    ['one byte short', (bytes) => bytes.subarray(1), 'TRUNCATED'],
    ['one byte long', (bytes) => Uint8Array.from([...bytes, 0]), 'TOO_LARGE'],
    ['version 0', (bytes) => bytes.with(0, 0), 'UNKNOWN_VERSION'],
    ['version 2', (bytes) => bytes.with(0, 2), 'UNKNOWN_VERSION'],
    ['kind 0', (bytes) => bytes.with(1, 0), 'UNKNOWN_KIND'],
    ['kind 3', (bytes) => bytes.with(1, 3), 'UNKNOWN_KIND'],
    ['a spare byte', (bytes) => bytes.with(3, 1), 'MALFORMED'],
    ['another spare byte', (bytes) => bytes.with(12, 1), 'MALFORMED'],
    ['2^53 - 2^32 + 3 microseconds', (bytes) => bytes.with(22, 0x1f).fill(0xff, 20, 22), 'ok'],
    ['2^53 + 3 microseconds', (bytes) => bytes.with(22, 0x20), 'OUT_OF_RANGE'],
  ])('%s', (_title, change, expected) => {
    expect(outcome(() => decodeBeat(change(encodeBeat(BEAT))))).toBe(expected)
  })
})

it.each<[string, Partial<Beat>, string]>([
  ['the largest time', { sentAtMicros: Number.MAX_SAFE_INTEGER }, 'ok'],
  ['a larger one', { sentAtMicros: 2 ** 53 }, 'OUT_OF_RANGE'],
  ['a fraction', { sentAtMicros: 0.5 }, 'OUT_OF_RANGE'],
  ['the largest sequence', { sequence: 0xffff_ffff }, 'ok'],
  ['a larger one', { sequence: 0x1_0000_0000 }, 'OUT_OF_RANGE'],
  ['a negative generation', { generation: -1 }, 'OUT_OF_RANGE'],
])('encodes %s or refuses', (_title, overrides, expected) => {
  expect(outcome(() => encodeBeat({ ...BEAT, ...overrides }))).toBe(expected)
})
