import { toHex } from '../../protocol/ids.ts'
import { hashClaim, hashNode } from './claim-accumulator.ts'

/**
 * Paths from claims to the root, in the order of `indices`; each holds the hashes beside the way, leaf first
 * (RFC 9162, section 2.1.3.1). All of them share one pass over the tree.
 *
 * @param nonces all claims; `indices` are positions in them
 */
export function proveInclusion(nonces: readonly number[], indices: readonly number[]): Uint8Array[][] {
  const paths: Uint8Array[][] = indices.map(() => [])
  let level = nonces.map(hashClaim)
  for (let height = 0; level.length > 1; height++) {
    indices.forEach((index, i) => {
      // The last node of an odd level has nobody beside it and moves up as it is.
      const sibling = level[(index >>> height) ^ 1]
      if (sibling !== undefined) paths[i]!.push(sibling)
    })
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i]!, level[i + 1]]
      above.push(right === undefined ? left : hashNode(left, right))
    }
    level = above
  }
  return paths
}

/** True if `nonce` is claim number `index` of `count` under `root` (RFC 9162, section 2.1.3.2). */
export function isIncluded(
  claim: { readonly nonce: number; readonly index: number; readonly path: readonly Uint8Array[] },
  tree: { readonly root: Uint8Array; readonly count: number },
): boolean {
  if (claim.index < 0 || claim.index >= tree.count) return false
  let position = claim.index
  let last = tree.count - 1
  let node = hashClaim(claim.nonce)
  for (const sibling of claim.path) {
    // The root is reached, and the path goes on.
    if (last === 0) return false
    // A last node without a neighbour stands for itself on the next levels.
    while (position === last && (position & 1) === 0) {
      position >>>= 1
      last >>>= 1
    }
    node = (position & 1) === 1 ? hashNode(sibling, node) : hashNode(node, sibling)
    position >>>= 1
    last >>>= 1
  }
  // What is left of the way up has no neighbours either.
  while (position === last && last > 0 && (position & 1) === 0) {
    position >>>= 1
    last >>>= 1
  }
  return last === 0 && toHex(node) === toHex(tree.root)
}
