import { fromHex, toHex } from '../../protocol/ids.ts'
import type { RaceProof } from '../../protocol/race-proof/race-proof.ts'
import { rootOfClaims } from '../claims/claim-accumulator.ts'
import { proveInclusion } from '../claims/inclusion-proof.ts'
import type { RacePath, TraceEntry } from '../race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import { countClaimsInTime, type CheckpointRecord } from './checkpoints.ts'
import { drawSample } from './draw-sample.ts'
import { findRefusal, type RaceExpectation } from './expectation.ts'
import { firstDifference } from './first-difference.ts'
import { findFalseHit, type RerunOptions } from './rerun-claims.ts'
import type { RaceVerdict } from './verdict.ts'

export interface VerifyOptions extends RerunOptions {
  /** Checks so many claims, drawn by 32 bytes that were fixed after the commitment; all claims without it. */
  readonly sample?: { readonly count: number; readonly randomness: Uint8Array } | undefined
  /** Commitments that arrived during the window; without it no claim is late. */
  readonly record?: CheckpointRecord | undefined
  /** The claimant's trace of a nonce, if it gave one: names the operator that it got wrong. */
  readonly traceOf?: ((nonce: number) => readonly TraceEntry[] | undefined) | undefined
}

/**
 * Checks a proof by running its claims again, exactly: one claim that is no hit is proof of fraud.
 *
 * Whatever costs nothing is checked first, so that a malformed or foreign proof never reaches the device; the nonces that
 * are run are bounded by the count that was signed.
 *
 * @throws RacePathError when the device fails; the signal's reason when aborted; RaceError `BAD_SEED` for the verifier's own
 *   inputs
 */
export async function verifyProof(
  proof: RaceProof,
  expectation: RaceExpectation,
  path: RacePath,
  options: VerifyOptions = {},
): Promise<RaceVerdict> {
  const { commitment, claimedNonces } = proof
  const { sample, record, traceOf, ...rerun } = options
  const raceSeed = await deriveRaceSeed(expectation.beacon, expectation.raceClass)
  const refusal = findRefusal(commitment, expectation)
  if (refusal !== null) return { status: 'refused', code: refusal }
  if (
    claimedNonces.length !== commitment.claimCount ||
    toHex(rootOfClaims(claimedNonces)) !== commitment.root
  ) {
    return { status: 'refused', code: 'WRONG_ROOT' }
  }

  const disorder = findDisorder(proof)
  if (disorder !== null) return { status: 'fraud', commitment, evidence: disorder }
  const inTime = record === undefined ? null : countClaimsInTime(proof, record)
  if (inTime !== null && 'contradicted' in inTime) {
    const evidence = { kind: 'REWRITTEN_HISTORY', checkpoint: inTime.contradicted } as const
    return { status: 'fraud', commitment, evidence }
  }
  const countedClaims = inTime?.countedClaims ?? commitment.claimCount

  const indices =
    sample === undefined
      ? claimedNonces.map((_, i) => i)
      : drawSample(sample.randomness, commitment, sample.count)
  const accepted = { status: 'accepted', claimCount: commitment.claimCount, countedClaims } as const
  if (indices.length === 0) return { ...accepted, checkedClaims: 0 }
  const nodeSeed = await deriveNodeSeed(fromHex(commitment.publicKey))
  const race = await path.prepare({ raceClass: expectation.raceClass, raceSeed }, { signal: rerun.signal })
  try {
    const checked = indices.map((i) => claimedNonces[i]!)
    const falseHit = await findFalseHit(race, nodeSeed, checked, rerun)
    if (falseHit === null) return { ...accepted, checkedClaims: indices.length }
    const { at, nonce, dot, squaredLength } = falseHit
    const index = indices[at]!
    const trace = traceOf?.(nonce)
    const difference =
      trace === undefined ? null : firstDifference(trace, await race.trace(nodeSeed, nonce, rerun))
    const [inclusion] = proveInclusion(claimedNonces, [index])
    return {
      status: 'fraud',
      commitment,
      evidence: { kind: 'FALSE_HIT', index, nonce, dot, squaredLength, inclusion: inclusion!, difference },
    }
  } finally {
    race.dispose()
  }
}

/** Decoded proofs are in order and in range; lists that come another way may not be. */
function findDisorder({ commitment, claimedNonces }: RaceProof) {
  const { firstNonce, nonceCount } = commitment
  let previous = -1
  for (const [index, nonce] of claimedNonces.entries()) {
    if (nonce < firstNonce || nonce >= firstNonce + nonceCount) {
      return { kind: 'OUT_OF_RANGE', index, nonce } as const
    }
    if (nonce <= previous) return { kind: 'NOT_ASCENDING', index, nonce } as const
    previous = nonce
  }
  return null
}
