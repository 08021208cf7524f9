import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, concatBytes, hexToBytes, numberToBytesBE } from '@noble/curves/utils.js'
import type { Hex } from 'viem'
import { MoneyError } from './money-error.ts'

/** Suites of draft-irtf-cfrg-bls-signature-05, section 4.2.3, minimal-signature-size with proof of possession. */
const SIGNATURE_DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_'
const POSSESSION_DST = 'BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_'

/** A signature: G1 point as EIP-2537 encodes it, 128 bytes in hex. */
export type BlsSignature = Hex
/** A public key: G2 point as EIP-2537 encodes it (`x.c0, x.c1, y.c0, y.c1`, 64 bytes each), 256 bytes in hex. */
export type BlsPublicKey = Hex

type G1Point = ReturnType<typeof bls12_381.G1.Point.fromAffine>
type G2Point = ReturnType<typeof bls12_381.G2.Point.fromAffine>

const { G1, G2, fields, shortSignatures } = bls12_381

/** The public key of a 32-byte secret. */
export function blsPublicKey(secretKey: Uint8Array): BlsPublicKey {
  return encodeG2(G2.Point.fromAffine(shortSignatures.getPublicKey(secretKey).toAffine()))
}

/** Signs a 32-byte digest. */
export function blsSign(secretKey: Uint8Array, digest: Hex): BlsSignature {
  return encodeG1(shortSignatures.sign(hashToG1(digest, SIGNATURE_DST), secretKey))
}

/** True if `signature` is the one signature of `key` over `digest`. Malformed points are no signature. */
export function blsVerify(key: BlsPublicKey, digest: Hex, signature: BlsSignature): boolean {
  return verifyHashed(key, hashToG1(digest, SIGNATURE_DST), signature)
}

/**
 * Proves that the caller holds `secretKey` and registers its key for `owner`. The message is `key || owner`, so that the
 * proof registers nobody else.
 */
export function provePossession(secretKey: Uint8Array, owner: Hex): BlsSignature {
  const message = possessionMessage(blsPublicKey(secretKey), owner)
  return encodeG1(shortSignatures.sign(hashToG1(message, POSSESSION_DST), secretKey))
}

/** The twin of `BLS.verifyPossession`. */
export function verifyPossession(key: BlsPublicKey, proof: BlsSignature, owner: Hex): boolean {
  return verifyHashed(key, hashToG1(possessionMessage(key, owner), POSSESSION_DST), proof)
}

/** Adds signatures; the sum verifies under the sum of the keys. `signatures` must not be empty. */
export function aggregateSignatures(signatures: readonly BlsSignature[]): BlsSignature {
  return encodeG1(signatures.map(decodeG1).reduce((sum, point) => sum.add(point), G1.Point.ZERO))
}

/** Adds keys. */
export function aggregateKeys(keys: readonly BlsPublicKey[]): BlsPublicKey {
  return encodeG2(keys.map(decodeG2).reduce((sum, point) => sum.add(point), G2.Point.ZERO))
}

/** Hashes to the curve (RFC 9380) under a suite name, as 128 bytes: for vectors and for the contract's twin test. */
export function hashToG1Hex(message: Hex, suite: 'signature' | 'possession'): Hex {
  return encodeG1(hashToG1(message, suite === 'signature' ? SIGNATURE_DST : POSSESSION_DST))
}

/** A key without its 16 zero bytes a coordinate: 192 bytes, what `Quorum.install` takes. */
export function packKey(key: BlsPublicKey): Hex {
  const digits = key.slice(2)
  return `0x${[0, 1, 2, 3].map((i) => digits.slice(128 * i + 32, 128 * (i + 1))).join('')}`
}

function possessionMessage(key: BlsPublicKey, owner: Hex): Hex {
  return `${key}${owner.slice(2).toLowerCase()}`
}

function hashToG1(message: Hex, dst: string): G1Point {
  return shortSignatures.hash(hexToBytes(message.slice(2)), dst)
}

function verifyHashed(key: BlsPublicKey, hashed: G1Point, signature: BlsSignature): boolean {
  try {
    const publicKey = decodeG2(key)
    // The point at infinity would "sign" everything for a key at infinity.
    if (publicKey.is0()) return false
    return shortSignatures.verify(decodeG1(signature), hashed, publicKey)
  } catch {
    // noble throws for points outside the curve or the subgroup; to a verifier both are just not a signature.
    return false
  }
}

function encodeG1(point: G1Point): Hex {
  if (point.is0()) return `0x${'00'.repeat(128)}`
  const { x, y } = point.toAffine()
  return toHexFields([x, y])
}

function encodeG2(point: G2Point): Hex {
  if (point.is0()) return `0x${'00'.repeat(256)}`
  const { x, y } = point.toAffine()
  return toHexFields([x.c0, x.c1, y.c0, y.c1])
}

function decodeG1(hex: Hex): G1Point {
  const [x, y] = parseFields(hex, 2)
  const point = G1.Point.fromAffine({ x: x!, y: y! }) // parseFields gave 2
  point.assertValidity()
  return point
}

function decodeG2(hex: Hex): G2Point {
  const [a, b, c, d] = parseFields(hex, 4)
  const point = G2.Point.fromAffine({ x: { c0: a!, c1: b! }, y: { c0: c!, c1: d! } }) // parseFields gave 4
  point.assertValidity()
  return point
}

function toHexFields(values: readonly bigint[]): Hex {
  return `0x${bytesToHex(concatBytes(...values.map((value) => numberToBytesBE(value, 64))))}`
}

/** @throws MoneyError `BAD_POINT` for a wrong length or a coordinate that is not reduced */
function parseFields(hex: Hex, count: number): bigint[] {
  const digits = hex.slice(2)
  const values =
    digits.length === 128 * count && /^[0-9a-f]*$/i.test(digits)
      ? Array.from({ length: count }, (_, i) => BigInt(`0x${digits.slice(128 * i, 128 * (i + 1))}`))
      : []
  if (values.length !== count || values.some((value) => value >= fields.Fp.ORDER)) {
    throw new MoneyError(`These are not ${count} coordinates of BLS12-381 in ${64 * count} bytes.`, {
      data: { code: 'BAD_POINT' },
      metaMessages: [
        'Keys are 256 bytes and signatures 128, as EIP-2537 encodes them; compressed forms are 96 and 48.',
      ],
    })
  }
  return values
}
