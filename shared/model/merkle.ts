// A leaf and a node start with different bytes, so that no inner node can pass for a piece
// (second-preimage attack on Merkle trees, RFC 6962 section 2.1).
const LEAF_PREFIX = 0
const NODE_PREFIX = 1

/** Hashes one piece: SHA-256(0x00 || piece), 32 bytes. */
export async function hashLeaf(piece: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return hashWithPrefix(LEAF_PREFIX, [piece])
}

/**
 * Computes the root over leaf hashes in order. Nodes are SHA-256(0x01 || left || right); the last node of a level
 * with an odd count moves up unchanged, which is the tree of RFC 6962. `leaves` must not be empty.
 */
export async function merkleRoot(
  leaves: readonly Uint8Array<ArrayBuffer>[],
): Promise<Uint8Array<ArrayBuffer>> {
  let level = leaves
  while (level.length > 1) {
    const parents: Promise<Uint8Array<ArrayBuffer>>[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i]! // i < length
      const right = level[i + 1]
      parents.push(right === undefined ? Promise.resolve(left) : hashWithPrefix(NODE_PREFIX, [left, right]))
    }
    level = await Promise.all(parents)
  }
  const root = level[0]
  if (root === undefined) throw new TypeError('A Merkle tree needs at least one leaf.')
  return root
}

async function hashWithPrefix(
  prefix: number,
  parts: readonly Uint8Array[],
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.byteLength, 0))
  bytes[0] = prefix
  let offset = 1
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}
