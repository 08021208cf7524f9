import fc from 'fast-check'
import { toHex } from '../ids.ts'
import { arbitraryUint32, plainRecord } from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import {
  decodeRaceCommitment,
  decodeRaceProof,
  encodeRaceCommitment,
  encodeRaceProof,
  type RaceCommitment,
  type RaceProof,
} from './race-proof.ts'

const hex = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)
const seed = hex(32)
const time = fc.maxSafeNat().map((ms) => ms % 2 ** 47)

/** Ranges of all sizes, up to the last nonce, and up to eight claims anywhere in them. */
const arbitraryProof: fc.Arbitrary<RaceProof> = fc
  .tuple(
    plainRecord({
      raceClass: fc.constantFrom<RaceCommitment['raceClass']>('paper', 'tab', 'micro'),
      beacon: seed,
      publicKey: seed,
      root: seed,
      signature: hex(64),
    }),
    arbitraryUint32,
    arbitraryUint32,
    fc.array(arbitraryUint32, { maxLength: 8 }),
    time,
    time,
  )
  .map(([ids, firstNonce, size, places, startedAtMs, durationMs]) => {
    const nonceCount = Math.min(size, 0xffff_ffff - firstNonce)
    const offsets = nonceCount === 0 ? [] : places.map((place) => place % nonceCount)
    const claimedNonces = [...new Set(offsets)].sort((a, b) => a - b).map((offset) => firstNonce + offset)
    const range = { firstNonce, nonceCount, claimCount: claimedNonces.length }
    const commitment = { ...ids, ...range, startedAtMs, endedAtMs: startedAtMs + durationMs }
    return { commitment, claimedNonces }
  })

fuzzCodec<RaceProof>({
  name: 'race proof',
  arbitrary: arbitraryProof,
  encode: encodeRaceProof,
  decode: decodeRaceProof,
  prefixes: [
    [8, 1],
    [8, 1, 18],
  ],
})

fuzzCodec<RaceCommitment>({
  name: 'race commitment',
  arbitrary: arbitraryProof.map(({ commitment }) => commitment),
  encode: encodeRaceCommitment,
  decode: decodeRaceCommitment,
  prefixes: [
    [8, 1],
    [8, 1, 16, 2, 26, 32],
  ],
})
