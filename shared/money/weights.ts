import { concatHex, encodeAbiParameters, keccak256, numberToHex, type Address, type Hex } from 'viem'
import { buildTree, type MerkleTree } from './merkle-tree.ts'
import { MoneyError } from './money-error.ts'

const WHOLE_BPS = 10_000n

/**
 * Cuts weights so that nobody has more than `capBps` of what is then the whole; with so few that an even share is above the cap,
 * nobody has more than an even share. What is cut is lost, not given to others: a cap that moved weight would reward splitting up.
 *
 * @throws MoneyError `BAD_WEIGHTS` for a negative weight
 */
export function capWeights(weights: readonly bigint[], capBps: bigint): bigint[] {
  if (weights.some((weight) => weight < 0n)) {
    throw new MoneyError('Weights are not negative.', { data: { code: 'BAD_WEIGHTS' } })
  }
  const present = weights.filter((weight) => weight > 0n)
  if (present.length === 0) return [...weights]
  // With n capped at c each and the rest below it summing to r: c <= cap * (n * c + r), so c = cap * r / (1 - n * cap).
  const sorted = [...present].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))
  let rest = sorted.reduce((sum, weight) => sum + weight, 0n)
  for (let n = 0; n < sorted.length; n++) {
    const largest = sorted[n]! // n < length
    if (largest * WHOLE_BPS <= capBps * (BigInt(n) * largest + rest)) {
      const room = WHOLE_BPS - BigInt(n) * capBps
      const cap = n === 0 ? largest : (capBps * rest) / room
      return weights.map((weight) => (weight < cap ? weight : cap))
    }
    rest -= largest
  }
  // Nobody fits under the cap: an even share is as much as anybody gets.
  const least = sorted.at(-1)! // present is not empty
  return weights.map((weight) => (weight < least ? weight : least))
}

/** One validator in the table of the draw; the twin of `IEpochs.DrawLeaf`. */
export interface DrawEntry {
  readonly keyHash: Hex
  /** Sum of the weights before it. */
  readonly start: bigint
  readonly weight: bigint
}

/** Lays validators on a line, each as long as its weight. */
export function drawTable(
  validators: readonly { readonly keyHash: Hex; readonly weight: bigint }[],
): DrawEntry[] {
  let start = 0n
  return validators.map(({ keyHash, weight }) => {
    const entry = { keyHash, start, weight }
    start += weight
    return entry
  })
}

/** Leaf data of the table: key hash, start and weight. */
export function drawLeaf({ keyHash, start, weight }: DrawEntry): Hex {
  return concatHex([keyHash, numberToHex(start, { size: 8 }), numberToHex(weight, { size: 8 })])
}

export function drawTree(table: readonly DrawEntry[]): MerkleTree {
  return buildTree(table.map(drawLeaf))
}

/** Position in the table of who is drawn for a seat. The table must not be empty. */
export function drawSeat(seed: Hex, seat: number, table: readonly DrawEntry[]): number {
  const last = table.at(-1)
  if (last === undefined) {
    throw new MoneyError('Nobody can be drawn from an empty table.', { data: { code: 'BAD_WEIGHTS' } })
  }
  const input = encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [seed, BigInt(seat)])
  const point = BigInt(keccak256(input)) % (last.start + last.weight)
  // INVARIANT: seat i of a committee belongs to the validator whose weight the seed's i-th draw hits.
  return table.findIndex(({ start, weight }) => point >= start && point < start + weight)
}

/** Everybody's weights under one root: OpenZeppelin's standard tree of (wallet, weight), pairs sorted. */
export function weightTree(weights: readonly { readonly wallet: Address; readonly weight: bigint }[]): {
  root: Hex
  proofs: Hex[][]
} {
  if (weights.length === 0) {
    throw new MoneyError('A tree of weights needs at least one.', { data: { code: 'BAD_WEIGHTS' } })
  }
  const leaves = weights.map(({ wallet, weight }) =>
    keccak256(keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [wallet, weight]))),
  )
  const proofs: Hex[][] = leaves.map(() => [])
  let level = leaves.map((hash, i) => ({ hash, members: [i] }))
  while (level.length > 1) {
    const parents: typeof level = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i]! // i < length
      const right = level[i + 1]
      if (right === undefined) {
        parents.push(left)
        continue
      }
      for (const member of left.members) proofs[member]!.push(right.hash) // members are positions of leaves
      for (const member of right.members) proofs[member]!.push(left.hash)
      const pair = left.hash < right.hash ? [left.hash, right.hash] : [right.hash, left.hash]
      parents.push({ hash: keccak256(concatHex(pair)), members: [...left.members, ...right.members] })
    }
    level = parents
  }
  return { root: level[0]!.hash, proofs } // the loop ends at one
}
