import {
  checkEncodedSize,
  checkInteger,
  checkVersion,
  decodeProtobuf,
  MAX_UINT32,
  protocolError,
  readId,
  required,
  WIRE_VERSION,
  WireEnum,
  writeId,
} from '../checks.ts'
import { fromHex } from '../ids.ts'
import * as pb from './pb/race-proof.ts'

/** What a peer has committed to by signing it: during a Race to fix the hits so far, and once more at its end. */
export interface RaceCommitment {
  readonly raceClass: 'paper' | 'tab' | 'micro'
  /** Seed of the epoch, 64 hex digits. */
  readonly beacon: string
  /** Ed25519, 64 hex digits: whose nonces these are, and who signs. */
  readonly publicKey: string
  /** The nonces that were tried: `nonceCount` from `firstNonce` on, the last at most 2^32 - 1. */
  readonly firstNonce: number
  readonly nonceCount: number
  readonly claimCount: number
  /** RFC 9162 Merkle tree hash over the claimed nonces in ascending order, each 4 bytes little-endian; 64 hex digits. */
  readonly root: string
  /** By the claimant's clock, milliseconds since 1970. Nobody is believed about time. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** Ed25519 over {@link raceStatement}, 128 hex digits. */
  readonly signature: string
}

/** A commitment with everything that it covers. */
export interface RaceProof {
  readonly commitment: RaceCommitment
  /** Ascending; as many as `commitment.claimCount`. Whether they hash to its root is for the verifier to find out. */
  readonly claimedNonces: readonly number[]
}

export const RACE_PROOF_LIMITS = {
  /** All fields at their longest take 204 bytes. */
  maxCommitmentBytes: 512,
  /** A device of 10^14 multiply-accumulates a second finds that many hits of class `tab` in 2 h 11 min. */
  maxClaims: 1 << 20,
  /**
   * The gaps of 2^20 claims add up to less than 2^32: at most 2^18 of them take more than two bytes, 2^11 more than
   * three and 16 more than four, so that all take less than 2.26 MiB.
   */
  maxBytes: 3 << 20,
} as const

/** 2^48 ms is the year 10,889; it keeps sums of times exact. */
const MAX_TIME_MS = 2 ** 48
const SEED_BYTES = 32
const SIGNATURE_BYTES = 64
/** Five groups of seven bits hold 32. */
const MAX_GAP_BYTES = 5

const CLASSES = new WireEnum<RaceCommitment['raceClass'], pb.RaceClassNumber>('raceClass', {
  paper: pb.RaceClassNumber.PAPER,
  tab: pb.RaceClassNumber.TAB,
  micro: pb.RaceClassNumber.MICRO,
})
/** As in the seed of a race. @see docs/race.md, section 2 */
const CLASS_NUMBERS = { paper: 1, tab: 2, micro: 3 } as const

/**
 * The bytes that a commitment's signature covers: never an encoding, because those are not unique.
 *
 * `"racemesh/race-commitment/1" ‖ u8 class ‖ beacon ‖ public key ‖ u32 first nonce ‖ u32 nonce count ‖ u32 claim count ‖
 * root ‖ u64 started ‖ u64 ended`, little-endian.
 *
 * @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID`
 */
export function raceStatement(unsigned: Omit<RaceCommitment, 'signature'>): Uint8Array<ArrayBuffer> {
  checkUnsigned(unsigned)
  const label = new TextEncoder().encode('racemesh/race-commitment/1')
  const bytes = new Uint8Array(label.length + 1 + 32 + 32 + 12 + 32 + 16)
  const view = new DataView(bytes.buffer)
  bytes.set(label)
  let at = label.length
  bytes[at++] = CLASS_NUMBERS[unsigned.raceClass]
  for (const id of [unsigned.beacon, unsigned.publicKey]) {
    bytes.set(fromHex(id), at)
    at += 32
  }
  for (const number of [unsigned.firstNonce, unsigned.nonceCount, unsigned.claimCount]) {
    view.setUint32(at, number, true)
    at += 4
  }
  bytes.set(fromHex(unsigned.root), at)
  at += 32
  view.setBigUint64(at, BigInt(unsigned.startedAtMs), true)
  view.setBigUint64(at + 8, BigInt(unsigned.endedAtMs), true)
  return bytes
}

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID` */
export function encodeRaceCommitment(commitment: RaceCommitment): Uint8Array<ArrayBuffer> {
  const bytes = pb.RaceCommitment.encode(writeCommitment(commitment))
  return checkEncodedSize(bytes, RACE_PROOF_LIMITS.maxCommitmentBytes)
}

/** @throws ProtocolError */
export function decodeRaceCommitment(bytes: Uint8Array): RaceCommitment {
  const { maxCommitmentBytes } = RACE_PROOF_LIMITS
  return readCommitment(decodeProtobuf(bytes, maxCommitmentBytes, (input) => pb.RaceCommitment.decode(input)))
}

/** @throws ProtocolError `OUT_OF_RANGE`, `BAD_ID` */
export function encodeRaceProof(proof: RaceProof): Uint8Array<ArrayBuffer> {
  const bytes = pb.RaceProof.encode({
    version: WIRE_VERSION,
    commitment: writeCommitment(proof.commitment),
    gaps: writeGaps(proof),
  })
  return checkEncodedSize(bytes, RACE_PROOF_LIMITS.maxBytes)
}

/** @throws ProtocolError */
export function decodeRaceProof(bytes: Uint8Array): RaceProof {
  const wire = decodeProtobuf(bytes, RACE_PROOF_LIMITS.maxBytes, (input) => pb.RaceProof.decode(input))
  checkVersion(wire.version)
  const commitment = readCommitment(required(wire.commitment, 'commitment'))
  return { commitment, claimedNonces: readGaps(required(wire.gaps, 'gaps'), commitment) }
}

function writeCommitment(commitment: RaceCommitment): pb.RaceCommitment {
  checkCommitment(commitment)
  return {
    version: WIRE_VERSION,
    raceClass: CLASSES.encode(commitment.raceClass),
    beacon: writeId(commitment.beacon),
    publicKey: writeId(commitment.publicKey),
    firstNonce: commitment.firstNonce,
    nonceCount: commitment.nonceCount,
    claimCount: commitment.claimCount,
    root: writeId(commitment.root),
    startedAtMs: commitment.startedAtMs,
    endedAtMs: commitment.endedAtMs,
    signature: writeId(commitment.signature),
  }
}

function readCommitment(wire: pb.RaceCommitment): RaceCommitment {
  checkVersion(wire.version)
  const commitment: RaceCommitment = {
    raceClass: CLASSES.decode(wire.raceClass),
    beacon: readId(wire.beacon, 'beacon', SEED_BYTES),
    publicKey: readId(wire.publicKey, 'publicKey', SEED_BYTES),
    firstNonce: required(wire.firstNonce, 'firstNonce'),
    nonceCount: required(wire.nonceCount, 'nonceCount'),
    claimCount: required(wire.claimCount, 'claimCount'),
    root: readId(wire.root, 'root', SEED_BYTES),
    startedAtMs: required(wire.startedAtMs, 'startedAtMs'),
    endedAtMs: required(wire.endedAtMs, 'endedAtMs'),
    signature: readId(wire.signature, 'signature', SIGNATURE_BYTES),
  }
  checkCommitment(commitment)
  return commitment
}

function checkCommitment(commitment: RaceCommitment): void {
  checkUnsigned(commitment)
  checkHex(commitment.signature, 'signature', SIGNATURE_BYTES)
}

function checkUnsigned(commitment: Omit<RaceCommitment, 'signature'>): void {
  const { firstNonce, nonceCount, claimCount, startedAtMs } = commitment
  CLASSES.encode(commitment.raceClass)
  checkHex(commitment.beacon, 'beacon', SEED_BYTES)
  checkHex(commitment.publicKey, 'publicKey', SEED_BYTES)
  checkHex(commitment.root, 'root', SEED_BYTES)
  checkInteger(firstNonce, 'firstNonce', 0, MAX_UINT32)
  checkInteger(nonceCount, 'nonceCount', 0, Math.min(MAX_UINT32, MAX_UINT32 + 1 - firstNonce))
  checkInteger(claimCount, 'claimCount', 0, Math.min(RACE_PROOF_LIMITS.maxClaims, nonceCount))
  checkInteger(startedAtMs, 'startedAtMs', 0, MAX_TIME_MS)
  checkInteger(commitment.endedAtMs, 'endedAtMs', startedAtMs, MAX_TIME_MS)
}

function checkHex(value: string, field: string, sizeBytes: number): void {
  if (value.length !== 2 * sizeBytes || !/^[0-9a-f]*$/.test(value)) {
    throw protocolError('BAD_ID', `${field} must have exactly ${sizeBytes} bytes.`)
  }
}

function writeGaps({ commitment, claimedNonces }: RaceProof): Uint8Array<ArrayBuffer> {
  const { firstNonce, nonceCount, claimCount } = commitment
  checkInteger(claimedNonces.length, 'claimedNonces.length', claimCount, claimCount)
  const bytes = new Uint8Array(MAX_GAP_BYTES * claimCount)
  let length = 0
  let next = firstNonce
  for (const nonce of claimedNonces) {
    checkInteger(nonce, 'claimedNonces', next, firstNonce + nonceCount - 1)
    let gap = nonce - next
    for (; gap > 0x7f; gap = Math.floor(gap / 128)) bytes[length++] = 0x80 | (gap % 128)
    bytes[length++] = gap
    next = nonce + 1
  }
  return bytes.slice(0, length)
}

/** @throws ProtocolError `MALFORMED`, `TRUNCATED`, `OUT_OF_RANGE` */
function readGaps(gaps: Uint8Array, { firstNonce, nonceCount, claimCount }: RaceCommitment): number[] {
  const end = firstNonce + nonceCount
  const nonces: number[] = []
  let next = firstNonce
  let at = 0
  for (let claim = 0; claim < claimCount; claim++) {
    let gap = 0
    let scale = 1
    let byte: number
    do {
      if (at === gaps.length) throw protocolError('TRUNCATED', 'gaps ends before the last claim.')
      byte = gaps[at++]! // within the length just checked
      gap += (byte & 0x7f) * scale
      scale *= 128
    } while (byte > 0x7f && scale < 2 ** (7 * MAX_GAP_BYTES))
    // A second spelling of the same number would be a second proof of the same work.
    if (byte > 0x7f || (byte === 0 && scale > 128)) {
      throw protocolError('MALFORMED', 'gaps holds a number that is not in its shortest form.')
    }
    const nonce = next + gap
    if (nonce >= end)
      throw protocolError('OUT_OF_RANGE', 'A claimed nonce lies beyond those that were tried.')
    nonces.push(nonce)
    next = nonce + 1
  }
  if (at !== gaps.length) throw protocolError('MALFORMED', 'gaps goes on after the last claim.')
  return nonces
}
