import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../ids.ts'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import * as pb from './pb/race-proof.ts'
import {
  decodeRaceCommitment,
  decodeRaceProof,
  encodeRaceCommitment,
  encodeRaceProof,
  RACE_PROOF_LIMITS,
  raceStatement,
  type RaceCommitment,
} from './race-proof.ts'
import commitments from './vectors/race-commitment.json' with { type: 'json' }
import proofs from './vectors/race-proof.json' with { type: 'json' }

describe('a proof', () => testGoldenVectors(proofs, encodeRaceProof, decodeRaceProof))
describe('a commitment', () => testGoldenVectors(commitments, encodeRaceCommitment, decodeRaceCommitment))

const bytes = (length: number, fill = 7): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(fill)
const { TAB, RACE_CLASS_UNUSED } = pb.RaceClassNumber

const WIRE: pb.RaceCommitment = {
  version: 1,
  raceClass: TAB,
  beacon: bytes(32),
  publicKey: bytes(32),
  firstNonce: 10,
  nonceCount: 1_000,
  claimCount: 2,
  root: bytes(32),
  startedAtMs: 5,
  endedAtMs: 6,
  signature: bytes(64),
}
const COMMITMENT = decodeRaceCommitment(pb.RaceCommitment.encode(WIRE))

describe('decodeRaceCommitment', () => {
  it.each<[string, Partial<Record<keyof pb.RaceCommitment, unknown>>, string]>([
    ['a commitment', {}, 'ok'],
    ['no version', { version: undefined }, 'MISSING_FIELD'],
    ['another version', { version: 2 }, 'UNKNOWN_VERSION'],
    ['no class', { raceClass: undefined }, 'MISSING_FIELD'],
    ['the unused class', { raceClass: RACE_CLASS_UNUSED }, 'OUT_OF_RANGE'],
    ['no beacon', { beacon: undefined }, 'MISSING_FIELD'],
    ['a beacon of 31 bytes', { beacon: bytes(31) }, 'BAD_ID'],
    ['a beacon of 33 bytes', { beacon: bytes(33) }, 'BAD_ID'],
    ['no public key', { publicKey: undefined }, 'MISSING_FIELD'],
    ['a public key of 33 bytes', { publicKey: bytes(33) }, 'BAD_ID'],
    ['no first nonce', { firstNonce: undefined }, 'MISSING_FIELD'],
    ['the last nonce', { firstNonce: 0xffff_ffff, nonceCount: 1, claimCount: 1 }, 'ok'],
    ['a range beyond the last nonce', { firstNonce: 0xffff_ffff, nonceCount: 2 }, 'OUT_OF_RANGE'],
    ['no count of nonces', { nonceCount: undefined }, 'MISSING_FIELD'],
    ['nothing tried', { nonceCount: 0, claimCount: 0 }, 'ok'],
    ['more claims than nonces', { nonceCount: 1 }, 'OUT_OF_RANGE'],
    ['as many claims as nonces', { nonceCount: 2 }, 'ok'],
    ['as many claims as fit', { nonceCount: 1 << 20, claimCount: 1 << 20 }, 'ok'],
    ['one claim more', { nonceCount: 1 << 21, claimCount: (1 << 20) + 1 }, 'OUT_OF_RANGE'],
    ['no count of claims', { claimCount: undefined }, 'MISSING_FIELD'],
    ['no root', { root: undefined }, 'MISSING_FIELD'],
    ['a root of 31 bytes', { root: bytes(31) }, 'BAD_ID'],
    ['no start', { startedAtMs: undefined }, 'MISSING_FIELD'],
    ['no end', { endedAtMs: undefined }, 'MISSING_FIELD'],
    ['an end before the start', { endedAtMs: 4 }, 'OUT_OF_RANGE'],
    ['an end at the start', { endedAtMs: 5 }, 'ok'],
    ['the latest end', { endedAtMs: 2 ** 48 }, 'ok'],
    ['a later end', { endedAtMs: 2 ** 48 + 1 }, 'OUT_OF_RANGE'],
    ['no signature', { signature: undefined }, 'MISSING_FIELD'],
    ['a signature of 63 bytes', { signature: bytes(63) }, 'BAD_ID'],
  ])('%s', (_title, overrides, expected) => {
    const wire = { ...WIRE, ...overrides } as pb.RaceCommitment // the generated types know no undefined
    expect(outcome(() => decodeRaceCommitment(pb.RaceCommitment.encode(wire)))).toBe(expected)
  })

  it('refuses what is larger than any commitment, unread', () => {
    const { maxCommitmentBytes } = RACE_PROOF_LIMITS
    expect(outcome(() => decodeRaceCommitment(bytes(maxCommitmentBytes, 8)))).not.toBe('TOO_LARGE')
    expect(outcome(() => decodeRaceCommitment(bytes(maxCommitmentBytes + 1, 8)))).toBe('TOO_LARGE')
  })

  it('takes 204 bytes at the most', () => {
    const last = 2 ** 48
    const wire = { ...WIRE, firstNonce: 0x7fff_ffff, nonceCount: 0x8000_0000, claimCount: 1 << 20 }
    const longest = pb.RaceCommitment.encode({ ...wire, startedAtMs: last, endedAtMs: last })
    expect(longest).toHaveLength(204)
    expect(outcome(() => decodeRaceCommitment(longest))).toBe('ok')
  })
})

describe('decodeRaceProof', () => {
  const decode = (
    gaps: number[] | undefined,
    overrides: Partial<pb.RaceCommitment> = {},
  ): readonly number[] =>
    decodeRaceProof(
      pb.RaceProof.encode({
        version: 1,
        commitment: { ...WIRE, ...overrides },
        gaps: gaps === undefined ? undefined : Uint8Array.from(gaps),
      } as pb.RaceProof), // the generated types know no undefined
    ).claimedNonces

  it('reads gaps between claims', () => {
    expect(decode([0, 0])).toEqual([10, 11])
    expect(decode([5, 0x80, 0x01])).toEqual([15, 144])
    expect(decode([0x80, 0x80, 0x80, 0x80, 0x0f], { nonceCount: 0xf000_0001, claimCount: 1 })).toEqual([
      0xf000_000a,
    ])
  })

  it.each<[string, number[] | undefined, string]>([
    ['no gaps', undefined, 'MISSING_FIELD'],
    ['too few', [1], 'TRUNCATED'],
    ['a gap cut in the middle', [1, 0x80], 'TRUNCATED'],
    ['too many', [1, 1, 1], 'MALFORMED'],
    ['a longer spelling of one', [0x81, 0x00, 1], 'MALFORMED'],
    ['a gap of six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1], 'MALFORMED'],
    ['a gap above 2^32', [0x80, 0x80, 0x80, 0x80, 0x7f, 1], 'OUT_OF_RANGE'],
    ['the last tried nonce', [0, 0xe6, 0x07], 'ok'],
    ['the nonce after it', [0, 0xe7, 0x07], 'OUT_OF_RANGE'],
  ])('%s', (_title, gaps, expected) => {
    expect(outcome(() => decode(gaps))).toBe(expected)
  })

  it.each<[string, Partial<Record<keyof pb.RaceProof, unknown>>, string]>([
    ['no version', { version: undefined }, 'MISSING_FIELD'],
    ['another version', { version: 3 }, 'UNKNOWN_VERSION'],
    ['no commitment', { commitment: undefined }, 'MISSING_FIELD'],
    ['a bad commitment', { commitment: { ...WIRE, version: 2 } }, 'UNKNOWN_VERSION'],
  ])('%s', (_title, overrides, expected) => {
    const wire = { version: 1, commitment: WIRE, gaps: bytes(2, 0), ...overrides } as pb.RaceProof // see above
    expect(outcome(() => decodeRaceProof(pb.RaceProof.encode(wire)))).toBe(expected)
  })

  it('refuses what is larger than any proof, unread', () => {
    const { maxBytes } = RACE_PROOF_LIMITS
    expect(outcome(() => decodeRaceProof(bytes(maxBytes, 8)))).not.toBe('TOO_LARGE')
    expect(outcome(() => decodeRaceProof(bytes(maxBytes + 1, 8)))).toBe('TOO_LARGE')
  })
})

describe('encodeRaceProof', () => {
  const encode = (claimedNonces: number[], overrides: Partial<RaceCommitment> = {}): Uint8Array =>
    encodeRaceProof({
      commitment: { ...COMMITMENT, claimCount: claimedNonces.length, ...overrides },
      claimedNonces,
    })

  it.each<[string, number[], string]>([
    ['a list in order', [10, 1_009], 'ok'],
    ['a duplicate', [11, 11], 'OUT_OF_RANGE'],
    ['a list out of order', [12, 11], 'OUT_OF_RANGE'],
    ['a nonce before the first', [9, 11], 'OUT_OF_RANGE'],
    ['a nonce after the last', [11, 1_010], 'OUT_OF_RANGE'],
    ['a fraction', [10.5], 'OUT_OF_RANGE'],
    ['no number', [Number.NaN], 'OUT_OF_RANGE'],
  ])('%s', (_title, nonces, expected) => {
    expect(outcome(() => encode(nonces))).toBe(expected)
  })

  it('refuses another number of claims than was committed to', () => {
    expect(outcome(() => encode([11], { claimCount: 2 }))).toBe('OUT_OF_RANGE')
  })

  it.each(['', 'AB'.repeat(32), '0g'.repeat(32), 'ab'.repeat(31)])('refuses the root "%s"', (root) => {
    expect(outcome(() => encode([11], { root }))).toBe('BAD_ID')
  })

  it('spends two bytes on a claim of an honest race, and fits the most claims in the worst order', () => {
    const honest = Array.from({ length: 10_000 }, (_, i) => 900 * i)
    expect(encode(honest, { firstNonce: 0, nonceCount: 9_000_000 }).length).toBeLessThan(20_000 + 256)
    const { maxClaims, maxBytes } = RACE_PROOF_LIMITS
    const spread = Array.from({ length: maxClaims }, (_, i) => 4_095 * i)
    const worst = encode(spread, { firstNonce: 0, nonceCount: 0xffff_ffff })
    expect(worst.length).toBeLessThan(maxBytes)
    expect(decodeRaceProof(worst).claimedNonces).toEqual(spread)
  })
})

describe('raceStatement', () => {
  it('is the bytes that docs/race.md lists', () => {
    const { signature: _, ...unsigned } = COMMITMENT
    const label = toHex(new TextEncoder().encode('racemesh/race-commitment/1'))
    const seven = '07'.repeat(32)
    expect(toHex(raceStatement(unsigned))).toBe(
      `${label}02${seven}${seven}0a000000e803000002000000${seven}05000000000000000600000000000000`,
    )
  })

  it('differs in every field', () => {
    const changes: Partial<RaceCommitment>[] = [
      { raceClass: 'paper' },
      { beacon: '08'.repeat(32) },
      { publicKey: '08'.repeat(32) },
      { firstNonce: 11 },
      { nonceCount: 1_001 },
      { claimCount: 3 },
      { root: '08'.repeat(32) },
      { startedAtMs: 4 },
      { endedAtMs: 7 },
    ]
    const statements = changes.map((change) => toHex(raceStatement({ ...COMMITMENT, ...change })))
    expect(new Set([toHex(raceStatement(COMMITMENT)), ...statements]).size).toBe(changes.length + 1)
    expect(fromHex(statements[0]!)).toHaveLength(151)
  })
})
