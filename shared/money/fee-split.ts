import { MoneyError } from './money-error.ts'

const WHOLE_BPS = 10_000n

/** Coins (wei); the three sum to the fees. */
export interface FeeShares {
  readonly operators: bigint
  readonly validators: bigint
  readonly treasury: bigint
}

/** In basis points (1/10,000); operators have what is left. */
export interface SplitTerms {
  readonly validatorBps: bigint
  readonly treasuryBps: bigint
}

/** 78 % operators, 12 % validators, 10 % treasury: where governance begins. */
export const DEFAULT_SPLIT: SplitTerms = { validatorBps: 1200n, treasuryBps: 1000n }

/** The twin of `FeeSplit.split`. @throws MoneyError `BAD_SPLIT` */
export function splitFees(fees: bigint, { validatorBps, treasuryBps }: SplitTerms): FeeShares {
  if (fees < 0n || validatorBps < 0n || treasuryBps < 0n || validatorBps + treasuryBps > WHOLE_BPS) {
    throw new MoneyError('Fees and shares are not negative, and shares are at most the whole.', {
      data: { code: 'BAD_SPLIT' },
      metaMessages: ['Shares are basis points: 1,200 is 12 %.'],
    })
  }
  const validators = (fees * validatorBps) / WHOLE_BPS
  const treasury = (fees * treasuryBps) / WHOLE_BPS
  // INVARIANT: the shares of a batch sum exactly to its fees.
  return { operators: fees - validators - treasury, validators, treasury }
}

/**
 * Shares `amount` out in proportion to `weights`, to the wei: everybody gets the rounded-down part, and what is left over goes,
 * one wei each, to the largest remainders (ties to the earlier).
 *
 * @throws MoneyError `BAD_WEIGHTS` when there is an amount and no weight
 */
export function shareOut(amount: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (amount < 0n || weights.some((weight) => weight < 0n) || (total === 0n && amount > 0n)) {
    throw new MoneyError('An amount is shared out by weights that are not negative and not all zero.', {
      data: { code: 'BAD_WEIGHTS' },
    })
  }
  if (total === 0n) return weights.map(() => 0n)
  const shares = weights.map((weight) => (amount * weight) / total)
  const left = Number(amount - shares.reduce((sum, share) => sum + share, 0n))
  const byRemainder = weights
    .map((weight, i) => ({ i, remainder: (amount * weight) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder < b.remainder ? 1 : -1))
  for (const { i } of byRemainder.slice(0, left)) shares[i]! += 1n // i < length
  return shares
}
