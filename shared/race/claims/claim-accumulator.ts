import { sha256 } from '@noble/hashes/sha2.js'

/** Root of no claims at all: SHA-256 of nothing (RFC 9162, section 2.1.1). */
const EMPTY_ROOT = sha256(new Uint8Array(0))

/** Leaf of a claimed nonce: SHA-256(0x00 ‖ u32). @see docs/race-proof.md, section 2 */
export function hashClaim(nonce: number): Uint8Array {
  const bytes = new Uint8Array(5)
  new DataView(bytes.buffer).setUint32(1, nonce, true)
  return sha256(bytes)
}

/** Inner node: SHA-256(0x01 ‖ left ‖ right). */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(65)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 33)
  return sha256(bytes)
}

/**
 * The running commitment: an append-only Merkle tree that keeps only the roots of its perfect subtrees, one per bit of
 * the count. After each claim its root is that of RFC 9162, section 2.1.1, over all claims so far.
 *
 * Hashing is synchronous: a task of crypto.subtle for each of a million leaves takes longer than the hashing.
 */
export class ClaimAccumulator {
  /** Largest first; their sizes are the powers of two in {@link count}. */
  readonly #subtrees: Uint8Array[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  append(nonce: number): void {
    let node = hashClaim(nonce)
    // A carry of the binary count joins two subtrees of the same size.
    for (let carry = this.#count; (carry & 1) === 1; carry >>>= 1)
      node = hashNode(this.#subtrees.pop()!, node)
    this.#subtrees.push(node)
    this.#count++
  }

  /** 32 bytes. */
  root(): Uint8Array {
    return this.#subtrees.length === 0
      ? EMPTY_ROOT.slice()
      : this.#subtrees.reduceRight((right, left) => hashNode(left, right)).slice()
  }
}

/** Root over a whole list of claims, 32 bytes. */
export function rootOfClaims(nonces: Iterable<number>): Uint8Array {
  const accumulator = new ClaimAccumulator()
  for (const nonce of nonces) accumulator.append(nonce)
  return accumulator.root()
}
