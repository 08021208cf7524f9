import { concatHex, encodePacked, keccak256, type Hex } from 'viem'
import { aggregateKeys, blsVerify, packKey, type BlsPublicKey, type BlsSignature } from './bls.ts'
import type { Refusal } from './refusal.ts'

/** One seat of a validator set. A member of a sampled committee may hold several. */
export interface Seat {
  readonly key: BlsPublicKey
  /** 1 to 65,535. */
  readonly weight: number
}

/** Seats in order; a bitmap of absentees refers to their positions. At most 256. */
export type ValidatorSet = readonly Seat[]

export const MAX_SEATS = 256

/** What `Quorum.install` takes for a set. */
export function installArguments(set: ValidatorSet): { keys: Hex; weights: Hex } {
  return {
    keys: concatHex(set.map((seat) => packKey(seat.key))),
    weights: concatHex(set.map((seat) => `0x${seat.weight.toString(16).padStart(4, '0')}` as const)),
  }
}

/** The name of a set: keccak256 of the number of seats, the packed keys and the weights. */
export function validatorSetId(set: ValidatorSet): Hex {
  const { keys, weights } = installArguments(set)
  return keccak256(encodePacked(['uint256', 'bytes', 'bytes'], [BigInt(set.length), keys, weights]))
}

/** Bit i is set when seat i is not among `present`. */
export function absenteesOf(set: ValidatorSet, present: ReadonlySet<number>): bigint {
  return set.reduce((bits, _, i) => (present.has(i) ? bits : bits | (1n << BigInt(i))), 0n)
}

/**
 * The twin of `Quorum.checkQuorum`: undefined when seats with more than two thirds of the weight signed `digest`.
 * About 30 ms: one pairing in JavaScript.
 */
export function checkQuorum(
  set: ValidatorSet,
  digest: Hex,
  absentees: bigint,
  signature: BlsSignature,
): Refusal<'AbsenteeUnknown' | 'QuorumTooSmall' | 'QuorumSignatureInvalid'> | undefined {
  // INVARIANT: an absentee is a seat of the set.
  if (absentees >> BigInt(set.length) !== 0n) return { refused: 'AbsenteeUnknown' }
  const signers = set.filter((_, i) => ((absentees >> BigInt(i)) & 1n) === 0n)
  const total = sumWeights(set)
  const present = sumWeights(signers)
  // INVARIANT: a quorum signs with strictly more than two thirds of the weight of its set.
  if (present * 3 <= total * 2) return { refused: 'QuorumTooSmall' }
  const key = aggregateKeys(signers.map((seat) => seat.key))
  if (!blsVerify(key, digest, signature)) return { refused: 'QuorumSignatureInvalid' }
  return undefined
}

function sumWeights(seats: readonly Seat[]): number {
  // 256 weights below 2^16 stay far below 2^53.
  return seats.reduce((sum, seat) => sum + seat.weight, 0)
}
