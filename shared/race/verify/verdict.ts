import type { RaceCommitment } from '../../protocol/race-proof/race-proof.ts'
import type { TraceDifference } from './first-difference.ts'

/** The outcome of checking one proof of one peer in one Race. */
export type RaceVerdict = AcceptedRace | RefusedRace | FraudulentRace

export interface AcceptedRace {
  readonly status: 'accepted'
  readonly claimCount: number
  /** Claims that were committed to before the deadline; all of them where nobody recorded commitments. */
  readonly countedClaims: number
  /** Claims whose nonces were run again. */
  readonly checkedClaims: number
}

/** This counts for nothing, and is held against nobody: anyone could have made or damaged it. */
export interface RefusedRace {
  readonly status: 'refused'
  readonly code: RefusalCode
}

export type RefusalCode =
  /** Not signed by the key that it names; also what a node seed of someone else's comes to. */
  | 'BAD_SIGNATURE'
  | 'WRONG_CLASS'
  | 'WRONG_BEACON'
  | 'WRONG_PUBLIC_KEY'
  /** More claims than so many nonces can have hits, or than any device could find in the time. */
  | 'ABSURD_COUNT'
  /** The claims are not those that were signed. */
  | 'WRONG_ROOT'
  /** Opens other claims than the sample asks for, or leaves some out. */
  | 'WRONG_SAMPLE'

/** The holder of the key signed something false; the evidence convinces everybody who recomputes it. */
export interface FraudulentRace {
  readonly status: 'fraud'
  readonly commitment: RaceCommitment
  readonly evidence: FraudEvidence
}

export type FraudEvidence =
  | {
      /** A claimed nonce is no hit. */
      readonly kind: 'FALSE_HIT'
      readonly index: number
      readonly nonce: number
      /** What the nonce gives. @see docs/race.md, section 7 */
      readonly dot: number
      readonly squaredLength: number
      /** Hashes from the claim to the signed root. */
      readonly inclusion: readonly Uint8Array[]
      /** The first operator at which the claimant's trace is wrong; null without a trace or if all of it is right. */
      readonly difference: TraceDifference | null
    }
  /** A claim under the signed root is not greater than the one before it. */
  | { readonly kind: 'NOT_ASCENDING'; readonly index: number; readonly nonce: number }
  /** A claim under the signed root is not among the nonces that were tried. */
  | { readonly kind: 'OUT_OF_RANGE'; readonly index: number; readonly nonce: number }
  /** An earlier signed commitment of the same race says something else. */
  | { readonly kind: 'REWRITTEN_HISTORY'; readonly checkpoint: RaceCommitment }
