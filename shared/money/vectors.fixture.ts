import { bls12_381 } from '@noble/curves/bls12-381.js'
import { hexToBytes, keccak256, numberToHex, stringToHex, type Hex } from 'viem'
import { blsPublicKey, blsSign, hashToG1Hex, provePossession } from './bls.ts'

/** File name -> content of every vector file that Vitest and Forge share. Deterministic. */
export function moneyVectors(): Record<string, unknown> {
  return { 'bls.json': blsVectors() }
}

function blsVectors() {
  const messages = [
    '',
    'abc',
    'a'.repeat(31),
    'a'.repeat(32),
    'a'.repeat(64),
    'q'.repeat(128),
    'z'.repeat(300),
  ]
  const hashes = (['signature', 'possession'] as const).flatMap((suite) =>
    messages.map((text) => {
      const message = stringToHex(text)
      const dst = `BLS_${suite === 'signature' ? 'SIG' : 'POP'}_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_`
      return { message, dst, point: hashToG1Hex(message, suite) }
    }),
  )
  const signatures = [1, 2, 3, 4].map((i) => {
    const secretKey = secretKeyOf(i)
    const digest = keccak256(stringToHex(`digest ${i}`))
    const owner = `0x${keccak256(stringToHex(`owner ${i}`)).slice(26)}` as const
    return {
      secretKey: numberToHex(secretKey, { size: 32 }),
      key: blsPublicKey(hexToBytes(numberToHex(secretKey, { size: 32 }))),
      digest,
      signature: blsSign(hexToBytes(numberToHex(secretKey, { size: 32 })), digest),
      owner,
      possession: provePossession(hexToBytes(numberToHex(secretKey, { size: 32 })), owner),
    }
  })
  return {
    hashCount: hashes.length,
    hashes,
    signatureCount: signatures.length,
    signatures,
    keyOutsideSubgroup: keyOutsideSubgroup(),
  }
}

function secretKeyOf(i: number): bigint {
  return BigInt(keccak256(stringToHex(`secret ${i}`))) % bls12_381.fields.Fr.ORDER
}

/** A point of the twist that is not in the prime-order subgroup: the first x = (i, 0) with a y, its order unchecked by ADD. */
function keyOutsideSubgroup(): Hex {
  const { Fp2 } = bls12_381.fields
  for (let i = 1n; ; i++) {
    const x = Fp2.fromBigTuple([i, 0n])
    const ySquared = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n]))
    let y
    try {
      y = Fp2.sqrt(ySquared)
    } catch {
      continue // no square: no point with this x
    }
    const point = bls12_381.G2.Point.fromAffine({ x, y })
    if (point.isTorsionFree()) continue
    return `0x${[x.c0, x.c1, y.c0, y.c1].map((c) => c.toString(16).padStart(128, '0')).join('')}`
  }
}
