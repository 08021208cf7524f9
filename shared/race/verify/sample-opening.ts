import { fromHex } from '../../protocol/ids.ts'
import type { RaceCommitment, RaceProof } from '../../protocol/race-proof/race-proof.ts'
import { isIncluded, proveInclusion } from '../claims/inclusion-proof.ts'
import type { RacePath } from '../race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import { drawSample } from './draw-sample.ts'
import { findRefusal, type RaceExpectation } from './expectation.ts'
import { findFalseHit, type RerunOptions } from './rerun-claims.ts'
import type { FraudEvidence, RaceVerdict } from './verdict.ts'

/** Some claims of a proof, each with its way to the signed root: a check that need not carry the whole list. */
export interface SampleOpening {
  readonly commitment: RaceCommitment
  readonly claims: readonly OpenedClaim[]
}

export interface OpenedClaim {
  readonly index: number
  readonly nonce: number
  /** Hashes beside the way to the root, leaf first; at most 20 of 32 bytes. */
  readonly path: readonly Uint8Array[]
}

/** Opens the claims that a sample asks for. @throws RaceError `BAD_SEED` */
export function openSample(
  { commitment, claimedNonces }: RaceProof,
  sample: { readonly count: number; readonly randomness: Uint8Array },
): SampleOpening {
  const indices = drawSample(sample.randomness, commitment, sample.count)
  const paths = proveInclusion(claimedNonces, indices)
  return {
    commitment,
    claims: indices.map((index, i) => ({ index, nonce: claimedNonces[index]!, path: paths[i]! })),
  }
}

/**
 * Checks a sample against the signed root and runs its nonces again. No claim can be late here: times are checked where
 * the whole list is.
 *
 * @throws RacePathError when the device fails; the signal's reason when aborted; RaceError `BAD_SEED`
 */
export async function verifyOpening(
  { commitment, claims }: SampleOpening,
  sample: { readonly count: number; readonly randomness: Uint8Array },
  expectation: RaceExpectation,
  path: RacePath,
  options: RerunOptions = {},
): Promise<RaceVerdict> {
  const raceSeed = await deriveRaceSeed(expectation.beacon, expectation.raceClass)
  const refusal = findRefusal(commitment, expectation)
  if (refusal !== null) return { status: 'refused', code: refusal }
  const indices = drawSample(sample.randomness, commitment, sample.count)
  const asked = claims.length === indices.length && claims.every(({ index }, i) => index === indices[i])
  if (!asked) return { status: 'refused', code: 'WRONG_SAMPLE' }
  const tree = { root: fromHex(commitment.root), count: commitment.claimCount }
  if (!claims.every((claim) => isIncluded(claim, tree))) return { status: 'refused', code: 'WRONG_ROOT' }

  const evidence = findDisorder(commitment, claims)
  if (evidence !== null) return { status: 'fraud', commitment, evidence }
  const { claimCount } = commitment
  const accepted = { status: 'accepted', claimCount, countedClaims: claimCount } as const
  if (claims.length === 0) return { ...accepted, checkedClaims: 0 }
  const nodeSeed = await deriveNodeSeed(fromHex(commitment.publicKey))
  const race = await path.prepare({ raceClass: expectation.raceClass, raceSeed }, { signal: options.signal })
  try {
    const nonces = claims.map(({ nonce }) => nonce)
    const falseHit = await findFalseHit(race, nodeSeed, nonces, options)
    if (falseHit === null) return { ...accepted, checkedClaims: claims.length }
    const { at, nonce, dot, squaredLength } = falseHit
    const { index, path: inclusion } = claims[at]!
    return {
      status: 'fraud',
      commitment,
      evidence: { kind: 'FALSE_HIT', index, nonce, dot, squaredLength, inclusion, difference: null },
    }
  } finally {
    race.dispose()
  }
}

/** Between two claims lie at least as many nonces as claims, and all are among those that were tried. */
function findDisorder(
  { firstNonce, nonceCount, claimCount }: RaceCommitment,
  claims: readonly OpenedClaim[],
): FraudEvidence | null {
  let previous = { index: -1, nonce: firstNonce - 1 }
  for (const { index, nonce } of claims) {
    const last = firstNonce + nonceCount - (claimCount - index)
    if (nonce < firstNonce || nonce >= firstNonce + nonceCount) return { kind: 'OUT_OF_RANGE', index, nonce }
    if (nonce - previous.nonce < index - previous.index || nonce > last) {
      return { kind: 'NOT_ASCENDING', index, nonce }
    }
    previous = { index, nonce }
  }
  return null
}
