import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../protocol/ids.ts'
import { ClaimAccumulator, rootOfClaims } from './claim-accumulator.ts'
import { isIncluded, proveInclusion } from './inclusion-proof.ts'

const sha256 = (...parts: (Uint8Array | number[])[]): Buffer =>
  createHash('sha256')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest()

/** RFC 9162, section 2.1.1, as it is written there: split at the largest power of two below the length. */
function treeHash(nonces: readonly number[]): Buffer {
  if (nonces.length === 0) return sha256()
  if (nonces.length === 1) {
    const nonce = Buffer.alloc(4)
    nonce.writeUInt32LE(nonces[0]!)
    return sha256([0], nonce)
  }
  let split = 1
  while (split * 2 < nonces.length) split *= 2
  return sha256([1], treeHash(nonces.slice(0, split)), treeHash(nonces.slice(split)))
}

const claims = (count: number): number[] => Array.from({ length: count }, (_, i) => 900 * i + (i % 7))
const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))

describe('the running commitment', () => {
  it('has after every claim the root that RFC 9162 defines', () => {
    const accumulator = new ClaimAccumulator()
    for (let count = 0; count <= 70; count++) {
      expect(toHex(accumulator.root()), `${count} claims`).toBe(treeHash(claims(count)).toString('hex'))
      expect(accumulator.count).toBe(count)
      accumulator.append(claims(count + 1)[count]!)
    }
  })

  it('reads nonces as unsigned', () => {
    expect(toHex(rootOfClaims([0xffff_fffe, 0xffff_ffff]))).toBe(
      treeHash([0xffff_fffe, 0xffff_ffff]).toString('hex'),
    )
  })

  it('gives a root that the caller may keep', () => {
    const accumulator = new ClaimAccumulator()
    accumulator.append(1)
    const root = accumulator.root()
    const text = toHex(root)
    accumulator.root().fill(0)
    accumulator.append(2)
    expect(toHex(root)).toBe(text)
  })
})

describe('inclusion', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 64, 65])('is shown for every one of %d claims', (count) => {
    const nonces = claims(count)
    const tree = { root: rootOfClaims(nonces), count }
    const indices = nonces.map((_, i) => i)
    proveInclusion(nonces, indices).forEach((path, index) => {
      const nonce = nonces[index]!
      const message = `claim ${index}`
      expect(isIncluded({ nonce, index, path }, tree), message).toBe(true)
      expect(isIncluded({ nonce: nonce + 1, index, path }, tree), message).toBe(false)
      expect(isIncluded({ nonce, index: index + 1, path }, tree), message).toBe(false)
      expect(isIncluded({ nonce, index, path: [...path, tree.root] }, tree), message).toBe(false)
      expect(isIncluded({ nonce, index, path }, { ...tree, root: flip(tree.root) }), message).toBe(false)
      if (path.length === 0) return
      expect(isIncluded({ nonce, index, path: path.slice(0, -1) }, tree), message).toBe(false)
      expect(isIncluded({ nonce, index, path: [flip(path[0]!), ...path.slice(1)] }, tree), message).toBe(
        false,
      )
    })
  })

  it('is refused for positions outside of the tree', () => {
    const nonces = claims(4)
    const tree = { root: rootOfClaims(nonces), count: 4 }
    const [path] = proveInclusion(nonces, [3])
    for (const index of [-1, 4, 7])
      expect(isIncluded({ nonce: nonces[3]!, index, path: path! }, tree)).toBe(false)
  })
})
