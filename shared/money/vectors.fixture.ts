import { bls12_381 } from '@noble/curves/bls12-381.js'
import { hexToBytes, keccak256, numberToHex, stringToHex, type Hex } from 'viem'
import { batchCommitment, batchDigest, batchHash, redirectDigest, totalsLeaf, type Batch } from './batch.ts'
import { blsPublicKey, blsSign, hashToG1Hex, provePossession } from './bls.ts'
import { authorizationNonce, channelId, releaseDigest, voucherDigest } from './channel.ts'
import { DEFAULT_SPLIT, splitFees } from './fee-split.ts'
import { buildTree, hashLeaf, proveLeaf } from './merkle-tree.ts'
import { validatorSetId } from './quorum.ts'
import { commitTo, delayedGenerator, openWith, proveDelay } from './timed-commitment.ts'

/** File name -> content of every vector file that Vitest and Forge share. Deterministic. */
export function moneyVectors(): Record<string, unknown> {
  return {
    'bls.json': blsVectors(),
    'timed-commitment.json': timedCommitmentVectors(),
    'settlement.json': settlementVectors(),
  }
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

// Seconds of squarings would be minutes of tests: what is checked does not depend on the length of the delay.
const DELAY = 1000

function timedCommitmentVectors() {
  const generator = delayedGenerator(DELAY)
  const commitments = [1, 2, 3].map((i) => {
    const secret = BigInt(keccak256(stringToHex(`share ${i}`)))
    const element = commitTo(secret)
    return {
      secret: numberToHex(secret, { size: 32 }),
      element,
      content: openWith(secret, generator.output),
      recovery: proveDelay(element, DELAY),
    }
  })
  return { delay: DELAY, generator, commitmentCount: commitments.length, commitments }
}

function settlementVectors() {
  const contract = { chainId: 31337, address: addressOf('contract') }
  const terms = {
    payer: addressOf('payer'),
    payee: addressOf('payee'),
    signer: addressOf('signer'),
    salt: keccak256(stringToHex('salt')),
  }
  const id = channelId(terms)
  const trees = [1, 2, 3, 5, 8, 13].map((count) => {
    const data = Array.from({ length: count }, (_, i) =>
      totalsLeaf(addressOf(`payee ${i}`), BigInt(i + 1) * 10n ** 18n + 7n),
    )
    const tree = buildTree(data)
    return {
      count,
      root: tree.root,
      data,
      leaves: data.map(hashLeaf),
      proofs: data.map((_, i) => proveLeaf(tree, i)),
    }
  })
  const fees = [0n, 1n, 9n, 10n, 99n, 10_000n, 123_456_789_012_345_678_901n, 10n ** 27n]
  const splits = fees.map((amount) => ({ fees: amount, ...splitFees(amount, DEFAULT_SPLIT) }))
  const set = [1, 2, 3].map((i) => ({
    key: blsPublicKey(hexToBytes(numberToHex(secretKeyOf(i), { size: 32 }))),
    weight: 10 * i,
  }))
  const batch: Batch = {
    number: 3n,
    epoch: 2n,
    setId: validatorSetId(set),
    totalsRoot: trees[3]!.root, // there are six
    receiptsRoot: keccak256(stringToHex('receipts')),
    payeeCount: 5,
    receiptCount: 4096,
    ...withoutOperators(10n ** 20n),
    rewards: 7n,
  }
  const redirect = { payee: addressOf('payee'), recipient: addressOf('wallet'), cumulative: 12345n }
  return toDecimals({
    contract,
    channel: {
      terms,
      id,
      nonce: keccak256(stringToHex('nonce')),
      authorizationNonce: authorizationNonce(terms, keccak256(stringToHex('nonce'))),
      cumulative: 5n * 10n ** 18n,
      voucherDigest: voucherDigest(contract, id, 5n * 10n ** 18n),
      round: 2,
      releaseDigest: releaseDigest(contract, id, 5n * 10n ** 18n, 2),
    },
    set: {
      id: validatorSetId(set),
      keys: set.map((seat) => seat.key),
      weights: set.map((seat) => seat.weight),
    },
    batch: {
      ...batch,
      digest: batchDigest(contract, batch),
      hash: batchHash(batch),
      releasedAt: 777,
      commitment: batchCommitment(batch.totalsRoot, batchHash(batch), 777),
    },
    redirect: { ...redirect, digest: redirectDigest(contract, redirect) },
    treeCount: trees.length,
    trees,
    splitCount: splits.length,
    splits,
  })
}

function withoutOperators(fees: bigint): { fees: bigint; validators: bigint; treasury: bigint } {
  const { validators, treasury } = splitFees(fees, DEFAULT_SPLIT)
  return { fees, validators, treasury }
}

function addressOf(name: string): Hex {
  return `0x${keccak256(stringToHex(name)).slice(26)}`
}

/** JSON has no bigint: amounts become decimal strings, which forge reads as numbers. */
function toDecimals(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(toDecimals)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, toDecimals(entry)]))
}
