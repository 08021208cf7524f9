/**
 * The price of a unit of compute, as the contract `Prices` finds it.
 *
 * @see Race paper, Appendix J; `contracts/src/Prices.sol` is the other half.
 */

export interface PriceBallot {
  /** Coins (wei) per unit of compute. */
  readonly price: bigint
  /** The voter's weight in the epoch. */
  readonly weight: bigint
}

/**
 * The numbers of the ballots in the order that `Prices.close` wants: by price, then by number.
 */
export function closingOrder(ballots: readonly PriceBallot[]): number[] {
  return ballots
    .map((ballot, number) => ({ price: ballot.price, number }))
    .sort((a, b) => (a.price < b.price ? -1 : a.price > b.price ? 1 : a.number - b.number))
    .map(({ number }) => number)
}

/**
 * The weighted median of the ballots; weight of the epoch that did not vote stands at the price that held.
 * INVARIANT: the price is the lowest at which at least half of all weight is content.
 */
export function medianPrice(
  ballots: readonly PriceBallot[],
  { standing, totalWeight }: { standing: bigint; totalWeight: bigint },
): bigint {
  const voted = ballots.reduce((sum, { weight }) => sum + weight, 0n)
  const total = totalWeight > voted ? totalWeight : voted
  const all = [...ballots, { price: standing, weight: total - voted }]
  let counted = 0n
  for (const number of closingOrder(all)) {
    // `closingOrder` gives numbers of `all`.
    const { price, weight } = all[number]!
    // The weight that did not vote may be none at all, and then it decides nothing.
    if (weight === 0n) continue
    counted += weight
    if (2n * counted >= total) return price
  }
  return standing
}
