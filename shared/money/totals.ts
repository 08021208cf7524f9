import type { Address, Hex } from 'viem'
import { totalsLeaf } from './batch.ts'
import { shareOut, splitFees, type FeeShares, type SplitTerms } from './fee-split.ts'
import { buildTree, proveLeaf, type MerkleTree } from './merkle-tree.ts'
import { MoneyError } from './money-error.ts'

/** Lifetime totals (wei) by payee, addresses in lower case. */
export type Totals = ReadonlyMap<string, bigint>

export interface Earning {
  readonly payee: Address
  /** Work that this payee is paid for, in any unit that is the same for all: wei of its receipts. */
  readonly work: bigint
}

export interface Payout extends FeeShares {
  /** All totals after the batch. */
  readonly totals: Totals
  /** Payees whose total grew, in the order of the tree's leaves (by address). */
  readonly payees: readonly Address[]
  readonly tree: MerkleTree
}

/**
 * Shares the fees and new coins of a batch out: operators by work, validators by weight, the treasury's part aside. What
 * the totals grow by is exactly `operators + validators + rewards`.
 *
 * @throws MoneyError `BAD_WEIGHTS` when somebody is to be paid and nobody worked or validates; `BAD_TREE` when nobody is paid
 */
export function payOut(
  before: Totals,
  batch: {
    readonly fees: bigint
    readonly rewards: bigint
    readonly operators: readonly Earning[]
    /** Validators that signed the last epoch's batches, with their weights. */
    readonly validators: readonly Earning[]
  },
  terms: SplitTerms,
): Payout {
  const shares = splitFees(batch.fees, terms)
  const grown = new Map<string, bigint>()
  const add = (earnings: readonly Earning[], amount: bigint): void => {
    const parts = shareOut(
      amount,
      earnings.map(({ work }) => work),
    )
    earnings.forEach(({ payee }, i) => {
      const key = payee.toLowerCase()
      grown.set(key, (grown.get(key) ?? 0n) + parts[i]!) // as many parts as earnings
    })
  }
  add(batch.operators, shares.operators + batch.rewards)
  add(batch.validators, shares.validators)

  const totals = new Map(before)
  const payees = [...grown].filter(([, growth]) => growth > 0n).map(([payee]) => payee as Address) // keys are addresses
  payees.sort()
  for (const payee of payees) totals.set(payee, (before.get(payee) ?? 0n) + (grown.get(payee) ?? 0n))
  const tree = buildTree(payees.map((payee) => totalsLeaf(payee, totals.get(payee) ?? 0n)))
  return { ...shares, totals, payees, tree }
}

/** What `Batches.claim` needs of a payee. @throws MoneyError `BAD_TREE` when the payee earned nothing in this batch */
export function proveTotal(
  payout: Payout,
  payee: Address,
): { cumulative: bigint; index: number; siblings: Hex[] } {
  const key = payee.toLowerCase()
  const index = payout.payees.findIndex((entry) => entry === key)
  if (index < 0) {
    throw new MoneyError(`${payee} earned nothing in this batch.`, {
      data: { code: 'BAD_TREE' },
      metaMessages: [
        'A batch names only payees whose total grew.',
        'Claim from the last batch that names the payee: it holds the same total.',
      ],
    })
  }
  return {
    cumulative: payout.totals.get(key) ?? 0n,
    index,
    siblings: proveLeaf(payout.tree, index),
  }
}
