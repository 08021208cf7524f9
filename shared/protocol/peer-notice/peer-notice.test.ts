import { describe, expect, it } from 'vitest'
import type { PeerIdText } from '../ids.ts'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import { decodePeerNotice, encodePeerNotice, PEER_NOTICE_LIMITS } from './peer-notice.ts'
import * as pb from './pb/peer-notice.ts'
import vectors from './vectors/peer-notice.json' with { type: 'json' }

testGoldenVectors(vectors, encodePeerNotice, decodePeerNotice)

const { LEFT, PEER_NOTICE_KIND_UNUSED } = pb.PeerNoticeKind
const GOOD: pb.PeerNotice = { version: 1, kind: LEFT, peerId: 'A'.repeat(52), generation: 3 }

describe('decodePeerNotice', () => {
  it.each<[string, Partial<Record<keyof pb.PeerNotice, unknown>>, string]>([
    ['a notice', {}, 'ok'],
    ['an id of 40 characters', { peerId: 'A'.repeat(40) }, 'ok'],
    ['an id of 39 characters', { peerId: 'A'.repeat(39) }, 'BAD_ID'],
    ['an id of 80 characters', { peerId: 'A'.repeat(80) }, 'ok'],
    ['an id of 81 characters', { peerId: 'A'.repeat(81) }, 'BAD_ID'],
    ['an id outside of base58', { peerId: '0'.repeat(52) }, 'BAD_ID'],
    ['no id', { peerId: undefined }, 'MISSING_FIELD'],
    ['no generation', { generation: undefined }, 'MISSING_FIELD'],
    ['no kind', { kind: undefined }, 'MISSING_FIELD'],
    ['the unused kind', { kind: PEER_NOTICE_KIND_UNUSED }, 'OUT_OF_RANGE'],
    ['no version', { version: undefined }, 'MISSING_FIELD'],
    ['another version', { version: 2 }, 'UNKNOWN_VERSION'],
  ])('%s', (_title, overrides, expected) => {
    const wire = { ...GOOD, ...overrides } as pb.PeerNotice // the generated types know no undefined
    expect(outcome(() => decodePeerNotice(pb.PeerNotice.encode(wire)))).toBe(expected)
  })

  it('refuses what is larger than any notice, unread', () => {
    expect(outcome(() => decodePeerNotice(new Uint8Array(PEER_NOTICE_LIMITS.maxBytes).fill(8)))).not.toBe(
      'TOO_LARGE',
    )
    expect(outcome(() => decodePeerNotice(new Uint8Array(PEER_NOTICE_LIMITS.maxBytes + 1).fill(8)))).toBe(
      'TOO_LARGE',
    )
  })
})

it.each([
  [0, 'ok'],
  [0xffff_ffff, 'ok'],
  [0x1_0000_0000, 'OUT_OF_RANGE'],
  [-1, 'OUT_OF_RANGE'],
  [Number.NaN, 'OUT_OF_RANGE'],
])('encodes generation %d: %s', (generation, expected) => {
  const peerId = 'A'.repeat(52) as PeerIdText // 52 base58 characters
  expect(outcome(() => encodePeerNotice({ kind: 'left', peerId, generation }))).toBe(expected)
})
