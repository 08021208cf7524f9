import { describe, expect, it } from 'vitest'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import * as pb from './pb/stage-advert.ts'
import {
  decodeStageAdvert,
  encodeStageAdvert,
  isRelayedPath,
  LINK_PATHS,
  STAGE_ADVERT_LIMITS,
  type StageAdvert,
} from './stage-advert.ts'
import vectors from './vectors/stage-advert.json' with { type: 'json' }

testGoldenVectors<StageAdvert>(vectors, encodeStageAdvert, decodeStageAdvert)

const PEER = 'A'.repeat(52)
const STAGE = {
  modelId: new Uint8Array(32),
  layers: { start: 0, end: 8 },
  state: pb.StageState.READY,
  decodeStepMicros: 1,
  openSessions: 2,
  maxSessions: 3,
}
const LINK = { peerId: PEER, path: pb.LinkPath.STREAM, roundTripMicros: 5 }
const GOOD = {
  version: 1,
  peerId: PEER,
  generation: 1,
  sequence: 2,
  kind: pb.PeerKind.TAB,
  isBackstop: false,
  isAwake: true,
  relayAddresses: ['/ip4/127.0.0.1/tcp/1/ws'],
  memoryBudgetBytes: 4,
  encodings: [pb.Encoding.Q4],
  stages: [STAGE],
  links: [LINK],
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}

function address(chars: number): string {
  return '/'.padEnd(chars, 'x')
}

describe('decodeStageAdvert', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['an advert', {}, 'ok'],
    ['4 relay addresses', { relayAddresses: times(4, '/a') }, 'ok'],
    ['5 relay addresses', { relayAddresses: times(5, '/a') }, 'TOO_LARGE'],
    ['an address of 256 characters', { relayAddresses: [address(256)] }, 'ok'],
    ['an address of 257 characters', { relayAddresses: [address(257)] }, 'OUT_OF_RANGE'],
    ['an address without a slash', { relayAddresses: ['ip4/1'] }, 'OUT_OF_RANGE'],
    ['an empty address', { relayAddresses: [''] }, 'OUT_OF_RANGE'],
    ['an address with a line break', { relayAddresses: ['/a\n/b'] }, 'OUT_OF_RANGE'],
    ['two encodings', { encodings: [pb.Encoding.Q4, pb.Encoding.Q8] }, 'ok'],
    ['three encodings', { encodings: times(3, pb.Encoding.Q4) }, 'TOO_LARGE'],
    ['one encoding twice', { encodings: times(2, pb.Encoding.Q4) }, 'OUT_OF_RANGE'],
    ['the unused encoding', { encodings: [pb.Encoding.ENCODING_UNUSED] }, 'OUT_OF_RANGE'],
    ['16 stages', { stages: times(16, STAGE) }, 'ok'],
    ['17 stages', { stages: times(17, STAGE) }, 'TOO_LARGE'],
    ['32 links', { links: times(32, LINK) }, 'ok'],
    ['33 links', { links: times(33, LINK) }, 'TOO_LARGE'],
    ['a budget of 2^46', { memoryBudgetBytes: 2 ** 46 }, 'ok'],
    ['a budget of 2^46 + 1', { memoryBudgetBytes: 2 ** 46 + 1 }, 'OUT_OF_RANGE'],
    ['a wish', { pinnedLayers: { start: 1023, end: 1024 } }, 'ok'],
    ['a wish beyond the last layer', { pinnedLayers: { start: 1023, end: 1025 } }, 'OUT_OF_RANGE'],
    ['a wish for nothing', { pinnedLayers: { start: 3, end: 3 } }, 'OUT_OF_RANGE'],
    ['the unused kind', { kind: pb.PeerKind.PEER_KIND_UNUSED }, 'OUT_OF_RANGE'],
    ['a peer id of 81 characters', { peerId: 'A'.repeat(81) }, 'BAD_ID'],
    ['another version', { version: 2 }, 'UNKNOWN_VERSION'],
    ...[
      'version',
      'peerId',
      'generation',
      'sequence',
      'kind',
      'isBackstop',
      'isAwake',
      'memoryBudgetBytes',
    ].map((field): [string, Record<string, unknown>, string] => [
      `no ${field}`,
      { [field]: undefined },
      'MISSING_FIELD',
    ]),
  ])('%s', (_title, overrides, expected) => {
    const wire = { ...GOOD, ...overrides } as pb.StageAdvert // the generated types know no undefined
    expect(outcome(() => decodeStageAdvert(pb.StageAdvert.encode(wire)))).toBe(expected)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a step of an hour', { decodeStepMicros: 3_600_000_000 }, 'ok'],
    ['a step of more', { decodeStepMicros: 3_600_000_001 }, 'OUT_OF_RANGE'],
    ['65,535 open sessions', { openSessions: 65_535 }, 'ok'],
    ['65,536 open sessions', { openSessions: 65_536 }, 'OUT_OF_RANGE'],
    ['65,535 sessions at most', { maxSessions: 65_535 }, 'ok'],
    ['65,536 sessions at most', { maxSessions: 65_536 }, 'OUT_OF_RANGE'],
    ['a model id of 31 bytes', { modelId: new Uint8Array(31) }, 'BAD_ID'],
    ['the unused state', { state: pb.StageState.STAGE_STATE_UNUSED }, 'OUT_OF_RANGE'],
    ['layer 1025', { layers: { start: 0, end: 1025 } }, 'OUT_OF_RANGE'],
    ...Object.keys(STAGE).map((field): [string, Record<string, unknown>, string] => [
      `no ${field}`,
      { [field]: undefined },
      'MISSING_FIELD',
    ]),
  ])('a stage with %s', (_title, overrides, expected) => {
    const wire = { ...GOOD, stages: [{ ...STAGE, ...overrides }] } as pb.StageAdvert // see above
    expect(outcome(() => decodeStageAdvert(pb.StageAdvert.encode(wire)))).toBe(expected)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['a round trip of an hour', { roundTripMicros: 3_600_000_000 }, 'ok'],
    ['a round trip of more', { roundTripMicros: 3_600_000_001 }, 'OUT_OF_RANGE'],
    ['a short peer id', { peerId: 'A' }, 'BAD_ID'],
    ['the unused path', { path: pb.LinkPath.LINK_PATH_UNUSED }, 'OUT_OF_RANGE'],
    ...Object.keys(LINK).map((field): [string, Record<string, unknown>, string] => [
      `no ${field}`,
      { [field]: undefined },
      'MISSING_FIELD',
    ]),
  ])('a link with %s', (_title, overrides, expected) => {
    const wire = { ...GOOD, links: [{ ...LINK, ...overrides }] } as pb.StageAdvert // see above
    expect(outcome(() => decodeStageAdvert(pb.StageAdvert.encode(wire)))).toBe(expected)
  })

  it('refuses what is larger than any advert, unread', () => {
    const { maxBytes } = STAGE_ADVERT_LIMITS
    expect(outcome(() => decodeStageAdvert(new Uint8Array(maxBytes + 1)))).toBe('TOO_LARGE')
    expect(outcome(() => decodeStageAdvert(new Uint8Array(maxBytes)))).not.toBe('TOO_LARGE')
  })

  it('has room for the largest legal advert', () => {
    const wire = {
      ...GOOD,
      peerId: 'A'.repeat(80),
      relayAddresses: times(4, address(256)),
      stages: times(16, STAGE),
      links: times(32, { ...LINK, peerId: 'A'.repeat(80) }),
    }
    const bytes = encodeStageAdvert(decodeStageAdvert(pb.StageAdvert.encode(wire)))
    expect(bytes.length).toBeLessThan(STAGE_ADVERT_LIMITS.maxBytes / 2)
  })
})

it('calls the one rung that a relay carries relayed', () => {
  expect(LINK_PATHS.filter(isRelayedPath)).toEqual(['relayed-stream'])
})
