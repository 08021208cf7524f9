import { isSignatureValid } from '../claims/race-identity.ts'
import type { RaceCommitment } from '../../protocol/race-proof/race-proof.ts'
import { toHex } from '../../protocol/ids.ts'
import type { RaceClass } from '../race-class.ts'
import { isCountPlausible } from './plausible-count.ts'
import type { RefusalCode } from './verdict.ts'

/** What the verifier knows without the claimant. */
export interface RaceExpectation {
  readonly raceClass: RaceClass
  /** 32 bytes. */
  readonly beacon: Uint8Array
  /** Of the peer that is to be credited, 32 bytes; any key that signed where it is left out. */
  readonly publicKey?: Uint8Array | undefined
  /** From beacon to deadline; the claimant's own clock where it is left out. */
  readonly windowMs?: number | undefined
}

/** The first reason to refuse a commitment without running anything; null if there is none. A few milliseconds. */
export function findRefusal(
  commitment: RaceCommitment,
  { raceClass, beacon, publicKey, windowMs }: RaceExpectation,
): RefusalCode | null {
  if (commitment.raceClass !== raceClass.name) return 'WRONG_CLASS'
  if (commitment.beacon !== toHex(beacon)) return 'WRONG_BEACON'
  if (publicKey !== undefined && commitment.publicKey !== toHex(publicKey)) return 'WRONG_PUBLIC_KEY'
  const ownWindowMs = commitment.endedAtMs - commitment.startedAtMs
  if (!isCountPlausible(raceClass, commitment, windowMs ?? ownWindowMs)) return 'ABSURD_COUNT'
  return isSignatureValid(commitment) ? null : 'BAD_SIGNATURE'
}
