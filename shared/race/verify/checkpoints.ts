import { ClaimAccumulator } from '../claims/claim-accumulator.ts'
import { isSignatureValid } from '../claims/race-identity.ts'
import type { RaceCommitment, RaceProof } from '../../protocol/race-proof/race-proof.ts'
import { toHex } from '../../protocol/ids.ts'

/** A commitment that someone received during the window, and when by their clock. */
export interface ReceivedCheckpoint {
  readonly commitment: RaceCommitment
  readonly receivedAtMs: number
}

/** What a verifier keeps of commitments that arrived in time. */
export interface CheckpointRecord {
  readonly deadlineAtMs: number
  /** At most {@link MAX_CHECKPOINTS}; more are left unread, latest first. */
  readonly checkpoints: readonly ReceivedCheckpoint[]
}

/** One a second for a window of 17 minutes; each costs a signature check. */
export const MAX_CHECKPOINTS = 1_024

/**
 * Counts the claims that were committed to in time, or finds a signed commitment that the proof contradicts.
 *
 * Checkpoints of other races, of other keys or without a valid signature say nothing. The proof's root is sound already.
 */
export function countClaimsInTime(
  proof: RaceProof,
  { deadlineAtMs, checkpoints }: CheckpointRecord,
): { readonly countedClaims: number } | { readonly contradicted: RaceCommitment } {
  const own = checkpoints
    .filter(
      ({ commitment, receivedAtMs }) =>
        receivedAtMs <= deadlineAtMs && isSameRace(commitment, proof.commitment),
    )
    .sort((a, b) => b.receivedAtMs - a.receivedAtMs)
    .slice(0, MAX_CHECKPOINTS)
    .map(({ commitment }) => commitment)
    .filter(isSignatureValid)
    .sort((a, b) => a.claimCount - b.claimCount)
  const claims = new ClaimAccumulator()
  for (const checkpoint of own) {
    const { claimCount, nonceCount, root } = checkpoint
    if (claimCount > proof.commitment.claimCount || nonceCount > proof.commitment.nonceCount) {
      return { contradicted: checkpoint }
    }
    while (claims.count < claimCount) claims.append(proof.claimedNonces[claims.count]!)
    if (toHex(claims.root()) !== root) return { contradicted: checkpoint }
  }
  return { countedClaims: claims.count }
}

function isSameRace(a: RaceCommitment, b: RaceCommitment): boolean {
  return (
    a.raceClass === b.raceClass &&
    a.beacon === b.beacon &&
    a.publicKey === b.publicKey &&
    a.firstNonce === b.firstNonce
  )
}
