import { readFileSync } from 'node:fs'
import { keccak256, stringToHex, type Address } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import {
  batchCommitment,
  batchDigest,
  batchHash,
  NO_BATCHES,
  totalsLeaf,
  transitionBatches,
  type Batch,
  type BatchesState,
  type BatchTerms,
} from './batch.ts'
import { DEFAULT_SPLIT, shareOut, splitFees } from './fee-split.ts'
import { buildTree, hashLeaf, proveLeaf, rootFromProof } from './merkle-tree.ts'
import { encodeReceipt, receiptDigest, receiptHash, receiptKey, type Receipt } from './receipt.ts'
import { payOut, proveTotal } from './totals.ts'
import { moneyVectors } from './vectors.fixture.ts'
import { capWeights, drawSeat, drawTable, drawTree, weightTree } from './weights.ts'

const address = (name: string): Address => `0x${keccak256(stringToHex(name)).slice(26)}`
const [alice, bob, carol] = [address('alice'), address('bob'), address('carol')]
const contract = { chainId: 31337, address: address('batches') }

describe('the vectors that Forge reads', () => {
  it.each(['bls.json', 'timed-commitment.json', 'settlement.json'])(
    '%s is what the model gives',
    (name) => {
      const file = readFileSync(new URL(`./vectors/${name}`, import.meta.url), 'utf8')
      expect(JSON.parse(file)).toEqual(moneyVectors()[name])
    },
    60_000,
  )
})

describe('the fee split', () => {
  it('gives 78, 12 and 10 per cent', () => {
    expect(splitFees(1000n, DEFAULT_SPLIT)).toEqual({ operators: 780n, validators: 120n, treasury: 100n })
  })

  it.each([0n, 1n, 7n, 9_999n, 10_001n, 10n ** 27n + 1n])('sums to fees of %s wei', (fees) => {
    const { operators, validators, treasury } = splitFees(fees, DEFAULT_SPLIT)
    expect(operators + validators + treasury).toBe(fees)
  })

  it('refuses shares above the whole', () => {
    expect(() => splitFees(1n, { validatorBps: 9000n, treasuryBps: 1001n })).toThrow(
      expect.objectContaining({ data: { code: 'BAD_SPLIT' } }),
    )
  })

  it('shares out to the wei, the rest to the largest remainders', () => {
    expect(shareOut(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n])
    expect(shareOut(10n, [1n, 2n, 4n])).toEqual([1n, 3n, 6n])
    expect(shareOut(0n, [0n])).toEqual([0n])
    expect(() => shareOut(1n, [0n])).toThrow(expect.objectContaining({ data: { code: 'BAD_WEIGHTS' } }))
  })
})

describe('the Merkle tree', () => {
  it.each([1, 2, 3, 4, 5, 8, 100])('proves each of %i leaves and no other', (count) => {
    const data = Array.from({ length: count }, (_, i) => totalsLeaf(alice, BigInt(i)))
    const tree = buildTree(data)
    for (const [i, leaf] of data.entries()) {
      const proof = proveLeaf(tree, i)
      expect(rootFromProof(hashLeaf(leaf), i, proof), `leaf ${i}`).toBe(tree.root)
      if (count > 1) {
        expect(rootFromProof(hashLeaf(leaf), i ^ 1, proof), `leaf ${i} elsewhere`).not.toBe(tree.root)
      }
    }
  })

  it('refuses data that could be a node, positions that do not exist, and no leaves', () => {
    expect(() => hashLeaf(`0x${'00'.repeat(63)}`)).toThrow(/63 bytes/)
    const tree = buildTree([totalsLeaf(alice, 1n)])
    expect(() => proveLeaf(tree, 1)).toThrow(/no leaf 1/)
    expect(() => buildTree([])).toThrow(/at least one/)
  })
})

describe('receipts', () => {
  const receipt: Receipt = {
    session: `0x${'ab'.repeat(16)}`,
    sequence: 3,
    model: keccak256('0x01'),
    payee: alice,
    layerStart: 0,
    layerEnd: 4,
    tokens: 64,
    amount: 10n ** 15n,
    workRoot: keccak256('0x02'),
    epoch: 7n,
  }

  it('bind chain and contract', () => {
    const digest = receiptDigest(contract, receipt)
    expect(receiptDigest({ ...contract, chainId: 1 }, receipt)).not.toBe(digest)
    expect(receiptDigest({ ...contract, address: bob }, receipt)).not.toBe(digest)
  })

  it('change with every field, and the key with what makes them different work', () => {
    const changed: Partial<Receipt>[] = [
      { session: `0x${'ac'.repeat(16)}` },
      { sequence: 4 },
      { model: keccak256('0x03') },
      { payee: bob },
      { layerStart: 1 },
      { layerEnd: 5 },
      { tokens: 65 },
      { amount: 10n ** 15n + 1n },
      { workRoot: keccak256('0x04') },
      { epoch: 8n },
    ]
    const hashes = new Set([receipt, ...changed.map((part) => ({ ...receipt, ...part }))].map(receiptHash))
    expect(hashes.size).toBe(11)
    expect(receiptKey({ ...receipt, tokens: 65 })).toBe(receiptKey(receipt))
    expect(receiptKey({ ...receipt, sequence: 4 })).not.toBe(receiptKey(receipt))
  })

  it('are signed by a key and kept with the signature', async () => {
    const account = privateKeyToAccount(generatePrivateKey())
    const signature = await account.sign({ hash: receiptDigest(contract, receipt) })
    expect(encodeReceipt(receipt, signature)).toHaveLength(2 + 2 * (320 + 65))
  })
})

describe('paying out a batch', () => {
  const input = {
    fees: 1000n,
    rewards: 500n,
    operators: [
      { payee: alice, work: 3n },
      { payee: bob, work: 1n },
      { payee: alice, work: 2n },
    ],
    validators: [{ payee: carol, work: 5n }],
  }

  it('grows totals by exactly what is handed out', () => {
    const before = new Map([[alice.toLowerCase(), 100n]])
    const { totals, operators, validators, treasury, payees, tree } = payOut(before, input, DEFAULT_SPLIT)
    const sum = [...totals.values()].reduce((a, b) => a + b, 0n)
    expect(sum).toBe(100n + operators + validators + input.rewards)
    expect(sum + treasury).toBe(100n + 1500n)
    expect(payees).toEqual([alice, bob, carol].map((payee) => payee.toLowerCase()).sort())
    expect(tree.count).toBe(3)
  })

  it('proves the total of everybody it names', () => {
    const payout = payOut(new Map(), input, DEFAULT_SPLIT)
    for (const payee of [alice, bob, carol]) {
      const { cumulative, index, siblings } = proveTotal(payout, payee)
      expect(rootFromProof(hashLeaf(totalsLeaf(payee, cumulative)), index, siblings)).toBe(payout.tree.root)
    }
    expect(() => proveTotal(payout, address('dave'))).toThrow(/earned nothing/)
  })
})

describe('weights', () => {
  it.each([
    [[100n, 1n, 1n, 1n], 5000n],
    [[1000n, 900n, 10n, 10n, 10n, 10n, 10n, 10n, 10n, 10n, 10n, 10n, 10n], 1000n],
    [[5n, 5n, 5n], 1000n],
    [[50n, 30n, 20n], 1000n],
    [[1n, 0n, 7n], 9000n],
  ])('caps %s at %s basis points or an even share', (weights, cap) => {
    const capped = capWeights(weights, cap)
    const total = capped.reduce((sum, weight) => sum + weight, 0n)
    const count = BigInt(capped.filter((weight) => weight > 0n).length)
    for (const [i, weight] of capped.entries()) {
      expect(weight <= weights[i]!).toBe(true)
      expect(weight * 10_000n <= cap * total || weight * count <= total + count).toBe(true)
    }
    expect(capWeights(capped, cap)).toEqual(capped)
  })

  it('draws seats in proportion, from the seed alone', () => {
    const table = drawTable([1n, 2n, 7n].map((weight, i) => ({ keyHash: keccak256(`0x0${i}`), weight })))
    expect(drawTree(table).count).toBe(3)
    const counts = [0, 0, 0]
    for (let seat = 0; seat < 4000; seat++) counts[drawSeat(keccak256('0x5eed'), seat, table)]! += 1
    expect(counts[0]! / 4000).toBeCloseTo(0.1, 1)
    expect(counts[2]! / 4000).toBeCloseTo(0.7, 1)
    expect(() => drawSeat(keccak256('0x'), 0, [])).toThrow(/empty table/)
  })

  it('puts everybody under one root', () => {
    const { root, proofs } = weightTree(
      [alice, bob, carol].map((wallet, i) => ({ wallet, weight: BigInt(i) })),
    )
    expect(proofs.map((proof) => proof.length)).toEqual([2, 2, 1])
    expect(root).toMatch(/^0x[0-9a-f]{64}$/)
  })
})

describe('the transition of batches', () => {
  const terms: BatchTerms = {
    ...DEFAULT_SPLIT,
    leafLimit: 100,
    intervalBlocks: 512,
    slashWindowBlocks: 256,
    demandBlocks: 128,
    demandBond: 10n,
    epoch: 1n,
    setId: keccak256('0x01'),
  }
  const payout = payOut(
    new Map(),
    {
      fees: 1000n,
      rewards: 0n,
      operators: [{ payee: alice, work: 1n }],
      validators: [{ payee: bob, work: 1n }],
    },
    DEFAULT_SPLIT,
  )
  const batch: Batch = {
    number: 1n,
    epoch: 1n,
    setId: terms.setId,
    totalsRoot: payout.tree.root,
    receiptsRoot: payout.tree.root,
    payeeCount: 2,
    receiptCount: 2,
    fees: 1000n,
    validators: 120n,
    treasury: 100n,
    rewards: 0n,
  }
  const expectState = (result: ReturnType<typeof transitionBatches>): BatchesState => {
    if ('refused' in result) throw new Error(`refused: ${result.refused}`)
    return result
  }
  const funded = expectState(transitionBatches(NO_BATCHES, { kind: 'fund', amount: 1500n }, 1, terms))
  const settled = expectState(
    transitionBatches(funded, { kind: 'settle', batch, isSigned: true }, 1000, terms),
  )
  const aliceLeaf = proveTotal(payout, alice)
  const claim = {
    kind: 'claim',
    number: 1n,
    hash: batchHash(batch),
    payee: alice,
    ...aliceLeaf,
  } as const

  it('keeps only what claims need', () => {
    expect(settled.commitments.get(1n)).toBe(batchCommitment(batch.totalsRoot, batchHash(batch), 1256))
    expect(settled.unallotted.fees).toBe(500n)
    expect(batchDigest(contract, batch)).not.toBe(batchDigest({ ...contract, chainId: 1 }, batch))
  })

  it.each([
    ['out of order', { ...batch, number: 2n }, 'BatchOutOfOrder'],
    ['of another epoch', { ...batch, epoch: 2n }, 'EpochNotRunning'],
    ['of another set', { ...batch, setId: keccak256('0x02') }, 'EpochNotRunning'],
    ['with another split', { ...batch, treasury: 101n }, 'SplitInvalid'],
    ['that is empty', { ...batch, payeeCount: 0 }, 'BatchSizeInvalid'],
    ['that is too large', { ...batch, receiptCount: 101 }, 'BatchSizeInvalid'],
    ['beyond the fees', { ...batch, fees: 2000n, validators: 240n, treasury: 200n }, 'BatchUnfunded'],
    ['beyond the rewards', { ...batch, rewards: 1n }, 'BatchUnfunded'],
  ])('refuses a batch %s', (_, changed, refused) => {
    const event = { kind: 'settle', batch: changed, isSigned: true } as const
    expect(transitionBatches(funded, event, 1000, terms)).toEqual({ refused })
  })

  it('refuses an unsigned batch, one that comes too soon, and one beside another', () => {
    const event = { kind: 'settle', batch, isSigned: false } as const
    expect(transitionBatches(funded, event, 1000, terms)).toEqual({ refused: 'QuorumSignatureInvalid' })
    const next = { kind: 'settle', batch: { ...batch, number: 2n }, isSigned: true } as const
    expect(transitionBatches(settled, next, 1255, terms)).toEqual({ refused: 'BatchPending' })
    expect(transitionBatches(settled, next, 1256, terms)).toEqual({ refused: 'BatchTooSoon' })
    const full = { kind: 'settle', batch: { ...next.batch, receiptCount: 100 }, isSigned: true } as const
    expect(transitionBatches(settled, full, 1256, terms)).toEqual({ refused: 'BatchUnfunded' })
  })

  it('pays a total once, after the window', () => {
    expect(transitionBatches(settled, claim, 1255, terms)).toEqual({ refused: 'BatchNotReleased' })
    const paid = expectState(transitionBatches(settled, claim, 1256, terms))
    expect(paid.balance).toBe(1500n - aliceLeaf.cumulative)
    expect(transitionBatches(paid, claim, 1257, terms)).toEqual({ refused: 'NothingToClaim' })
    const more = { ...claim, cumulative: claim.cumulative + 1n }
    expect(transitionBatches(settled, more, 1256, terms)).toEqual({ refused: 'BatchUnknown' })
  })

  it('pays the treasury once', () => {
    const event = { kind: 'finalise', batch, newCoins: 9n } as const
    expect(transitionBatches(settled, event, 1255, terms)).toEqual({ refused: 'BatchNotReleased' })
    const final = expectState(transitionBatches(settled, event, 1256, terms))
    expect(final.balance).toBe(1500n + 9n - 100n)
    expect(transitionBatches(final, event, 1257, terms)).toEqual({ refused: 'AlreadyFinalised' })
  })

  it('gives back what a stopped batch handed out', () => {
    const event = { kind: 'stop', batch } as const
    expect(transitionBatches(settled, event, 1256, terms)).toEqual({ refused: 'BatchReleased' })
    const stopped = expectState(transitionBatches(settled, event, 1255, terms))
    expect(stopped.unallotted.fees).toBe(1500n)
    expect(transitionBatches(stopped, claim, 1256, terms)).toEqual({ refused: 'BatchUnknown' })
  })

  it('stops a batch whose data nobody shows', () => {
    const demand = { kind: 'demand', batch, tree: 'totals', index: 1, asker: bob } as const
    const open = expectState(transitionBatches(settled, demand, 1200, terms))
    expect(open.head.releasedAt).toBe(1456)
    expect(open.balance).toBe(1510n)
    const close = { kind: 'closeDemand', batch, tree: 'totals', index: 1 } as const
    expect(transitionBatches(open, close, 1327, terms)).toEqual({ refused: 'DemandOpen' })
    const closed = expectState(transitionBatches(open, close, 1328, terms))
    expect(closed.commitments.size).toBe(0)
    expect(closed.balance).toBe(1500n)

    const index = payout.payees.indexOf(alice)
    const answer = {
      kind: 'answer',
      batch,
      tree: 'totals',
      data: totalsLeaf(alice, aliceLeaf.cumulative),
      index,
      siblings: aliceLeaf.siblings,
    } as const
    const asked = expectState(transitionBatches(settled, { ...demand, index }, 1200, terms))
    expect(transitionBatches(asked, { ...answer, data: '0x' }, 1201, terms)).toEqual({
      refused: 'LeafInvalid',
    })
    expect(transitionBatches(asked, answer, 1328, terms)).toEqual({ refused: 'DemandOverdue' })
    expect(expectState(transitionBatches(asked, answer, 1327, terms)).balance).toBe(1500n)
  })
})
