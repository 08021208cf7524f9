import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex } from '../protocol/ids.ts'
import { canonicalJson } from './canonical-json.ts'
import { hashLeaf, merkleRoot } from './merkle.ts'

const sha256 = (...parts: (Uint8Array | number[])[]): Buffer =>
  createHash('sha256')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest()

describe('the Merkle tree', () => {
  it('hashes leaves and nodes as RFC 6962 does', async () => {
    // From the test vectors of RFC 6962 implementations: the leaf hash of the empty entry.
    expect(toHex(await hashLeaf(new Uint8Array(0)))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    const [a, b, c] = [sha256([0], [1]), sha256([0], [2]), sha256([0], [3])]
    const leaves = await Promise.all([[1], [2], [3]].map((piece) => hashLeaf(Uint8Array.from(piece))))
    expect(toHex(await merkleRoot(leaves))).toBe(sha256([1], sha256([1], a, b), c).toString('hex'))
  })

  it('takes a single leaf as the root, and refuses none', async () => {
    const leaf = await hashLeaf(Uint8Array.of(1))
    expect(await merkleRoot([leaf])).toEqual(leaf)
    await expect(merkleRoot([])).rejects.toThrow(TypeError)
  })

  it('changes with the order of its leaves', async () => {
    const leaves = await Promise.all(
      [[1], [2], [3], [4], [5]].map((piece) => hashLeaf(Uint8Array.from(piece))),
    )
    const root = toHex(await merkleRoot(leaves))
    expect(toHex(await merkleRoot([...leaves].reverse()))).not.toBe(root)
  })
})

describe('canonical JSON', () => {
  it('writes the example of RFC 8785, section 3.2.3, apart from its numbers', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      1: 'One',
      '\ufb33': 'Hebrew',
      '\ud83d\ude00': 'Smiley',
    }
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u20ac":"Euro Sign","\ud83d\ude00":"Smiley","\ufb33":"Hebrew"}',
    )
  })

  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: true }], a: 1e-5 })).toBe(
      '{"a":0.00001,"b":[1,{"c":true,"d":null}]}',
    )
  })

  it.each([undefined, NaN, Infinity, 1n, () => 1, { a: undefined }])('refuses %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})
