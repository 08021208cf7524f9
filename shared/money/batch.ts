import {
  concatHex,
  hashStruct,
  hashTypedData,
  keccak256,
  numberToHex,
  type Address,
  type Hex,
  type TypedDataDomain,
} from 'viem'
import { splitFees, type SplitTerms } from './fee-split.ts'
import { hashLeaf, rootFromProof } from './merkle-tree.ts'
import type { Refusal } from './refusal.ts'

/** The twin of `IBatches.Batch`; amounts in wei. */
export interface Batch {
  readonly number: bigint
  readonly epoch: bigint
  readonly setId: Hex
  readonly totalsRoot: Hex
  readonly receiptsRoot: Hex
  readonly payeeCount: number
  readonly receiptCount: number
  readonly fees: bigint
  readonly validators: bigint
  readonly treasury: bigint
  readonly rewards: bigint
}

/** Where batches live: both are in every signature. */
export interface BatchesContract {
  readonly chainId: number
  readonly address: Address
}

const BATCH_FIELDS = [
  { name: 'number', type: 'uint64' },
  { name: 'epoch', type: 'uint64' },
  { name: 'setId', type: 'bytes32' },
  { name: 'totalsRoot', type: 'bytes32' },
  { name: 'receiptsRoot', type: 'bytes32' },
  { name: 'payeeCount', type: 'uint32' },
  { name: 'receiptCount', type: 'uint32' },
  { name: 'fees', type: 'uint128' },
  { name: 'validators', type: 'uint128' },
  { name: 'treasury', type: 'uint128' },
  { name: 'rewards', type: 'uint128' },
] as const

/** EIP-712 types. Validators sign a batch with BLS keys, a payee signs a redirection with its wallet's or session key. */
export const BATCH_TYPES = {
  Batch: BATCH_FIELDS,
  Redirect: [
    { name: 'payee', type: 'address' },
    { name: 'recipient', type: 'address' },
    { name: 'cumulative', type: 'uint128' },
  ],
} as const

export function batchesDomain({ chainId, address }: BatchesContract) {
  return {
    name: 'Racemesh Batches',
    version: '1',
    chainId,
    verifyingContract: address,
  } as const satisfies TypedDataDomain
}

/** What validators sign. Binds chain, contract, number, epoch and set. */
export function batchDigest(contract: BatchesContract, batch: Batch): Hex {
  return hashTypedData({
    domain: batchesDomain(contract),
    types: BATCH_TYPES,
    primaryType: 'Batch',
    message: batch,
  })
}

/** What a payee signs to be paid at another address. */
export function redirectDigest(
  contract: BatchesContract,
  message: { readonly payee: Address; readonly recipient: Address; readonly cumulative: bigint },
): Hex {
  return hashTypedData({
    domain: batchesDomain(contract),
    types: BATCH_TYPES,
    primaryType: 'Redirect',
    message,
  })
}

/** Data of a leaf of the totals' tree: payee (20 bytes), lifetime total in wei (16 bytes). */
export function totalsLeaf(payee: Address, cumulative: bigint): Hex {
  return concatHex([payee, numberToHex(cumulative, { size: 16 })])
}

/** EIP-712 struct hash of a batch. */
export function batchHash(batch: Batch): Hex {
  return hashStruct({ types: BATCH_TYPES, primaryType: 'Batch', data: batch })
}

/** Bits of a commitment that hold the block of the release; the others hold the digest. */
const RELEASE_BITS = 40n

/** What a settlement leaves behind on chain: 216 bits of keccak256(totals' root ‖ batch's hash), then the block of the release. */
export function batchCommitment(totalsRoot: Hex, hash: Hex, releasedAt: number): Hex {
  const digest = BigInt(keccak256(concatHex([totalsRoot, hash])))
  return numberToHex(((digest >> RELEASE_BITS) << RELEASE_BITS) | BigInt(releasedAt), { size: 32 })
}

/** First block in which a batch with this commitment can be claimed from. */
export function releaseIn(commitment: Hex): number {
  return Number(BigInt(commitment) & ((1n << RELEASE_BITS) - 1n))
}

export type DataTree = 'totals' | 'receipts'

/** The twin of `Batches`. Blocks are numbers, amounts wei. */
export interface BatchesState {
  readonly head: {
    readonly number: bigint
    readonly postedAt: number
    readonly demandableUntil: number
    readonly releasedAt: number
  }
  readonly unallotted: { readonly fees: bigint; readonly rewards: bigint }
  /** By batch number; absent when unknown or stopped. */
  readonly commitments: ReadonlyMap<bigint, Hex>
  /** Lifetime claims by payee, addresses in lower case. */
  readonly claimed: ReadonlyMap<string, bigint>
  readonly finalised: ReadonlySet<bigint>
  readonly demands: ReadonlyMap<string, Demand>
  /** Coins that the contract holds. */
  readonly balance: bigint
}

export interface Demand {
  readonly asker: string
  readonly bond: bigint
  readonly deadline: number
}

/** Parameters and the running epoch, as the contract reads them when it is called. */
export interface BatchTerms extends SplitTerms {
  readonly leafLimit: number
  readonly intervalBlocks: number
  readonly slashWindowBlocks: number
  readonly demandBlocks: number
  readonly demandBond: bigint
  readonly epoch: bigint
  readonly setId: Hex
}

export interface LeafProof {
  readonly index: number
  readonly siblings: readonly Hex[]
}

export type BatchEvent =
  | { readonly kind: 'fund'; readonly amount: bigint }
  | { readonly kind: 'settle'; readonly batch: Batch; readonly isSigned: boolean }
  | ({
      readonly kind: 'claim'
      readonly number: bigint
      readonly hash: Hex
      readonly payee: Address
      readonly cumulative: bigint
    } & LeafProof)
  | {
      readonly kind: 'finalise'
      readonly batch: Batch
      /** What issuance mints to the contract (wei). */
      readonly newCoins: bigint
    }
  | {
      readonly kind: 'demand'
      readonly batch: Batch
      readonly tree: DataTree
      readonly index: number
      readonly asker: string
    }
  | ({
      readonly kind: 'answer'
      readonly batch: Batch
      readonly tree: DataTree
      readonly data: Hex
    } & LeafProof)
  | {
      readonly kind: 'closeDemand'
      readonly batch: Batch
      readonly tree: DataTree
      readonly index: number
    }
  | { readonly kind: 'stop'; readonly batch: Batch }

/** Codes are the names of the contract's errors. */
export type BatchRefusal = Refusal<
  | 'BatchOutOfOrder'
  | 'BatchPending'
  | 'BatchTooSoon'
  | 'BatchSizeInvalid'
  | 'EpochNotRunning'
  | 'SplitInvalid'
  | 'QuorumSignatureInvalid'
  | 'BatchUnfunded'
  | 'BatchUnknown'
  | 'BatchNotReleased'
  | 'BatchReleased'
  | 'LeafInvalid'
  | 'NothingToClaim'
  | 'AlreadyFinalised'
  | 'DemandExists'
  | 'DemandUnknown'
  | 'DemandOpen'
  | 'DemandOverdue'
>

export const NO_BATCHES: BatchesState = {
  head: { number: 0n, postedAt: 0, demandableUntil: 0, releasedAt: 0 },
  unallotted: { fees: 0n, rewards: 0n },
  commitments: new Map(),
  claimed: new Map(),
  finalised: new Set(),
  demands: new Map(),
  balance: 0n,
}

/** @param now Number of the block in which the event happens */
export function transitionBatches(
  state: BatchesState,
  event: BatchEvent,
  now: number,
  terms: BatchTerms,
): BatchesState | BatchRefusal {
  switch (event.kind) {
    case 'fund':
      return {
        ...state,
        unallotted: { ...state.unallotted, fees: state.unallotted.fees + event.amount },
        balance: state.balance + event.amount,
      }
    case 'settle':
      return settle(state, event.batch, event.isSigned, now, terms)
    case 'claim':
      return claim(state, event, now)
    case 'finalise':
      return finalise(state, event, now)
    case 'demand':
      return demandData(state, event, now, terms)
    case 'answer':
      return answerDemand(state, event, now)
    case 'closeDemand':
      return closeDemand(state, event, now)
    case 'stop': {
      const releasedAt = waitingRelease(state, event.batch, now)
      return typeof releasedAt === 'number' ? stop(state, event.batch, now) : releasedAt
    }
    default:
      return event satisfies never
  }
}

function settle(
  state: BatchesState,
  batch: Batch,
  isSigned: boolean,
  now: number,
  terms: BatchTerms,
): BatchesState | BatchRefusal {
  const { head, unallotted } = state
  // INVARIANT: batches are numbered without gaps.
  if (batch.number !== head.number + 1n) return { refused: 'BatchOutOfOrder' }
  // INVARIANT: one batch waits at a time.
  if (now < head.releasedAt) return { refused: 'BatchPending' }
  const size = Math.max(batch.payeeCount, batch.receiptCount)
  if (batch.payeeCount === 0 || batch.receiptCount === 0 || size > terms.leafLimit) {
    return { refused: 'BatchSizeInvalid' }
  }
  // INVARIANT: a batch comes an interval after the last one, or when it is full.
  if (size < terms.leafLimit && head.number !== 0n && now < head.postedAt + terms.intervalBlocks) {
    return { refused: 'BatchTooSoon' }
  }
  if (batch.epoch !== terms.epoch || batch.setId !== terms.setId) return { refused: 'EpochNotRunning' }
  const shares = splitFees(batch.fees, terms)
  if (batch.validators !== shares.validators || batch.treasury !== shares.treasury) {
    return { refused: 'SplitInvalid' }
  }
  if (!isSigned) return { refused: 'QuorumSignatureInvalid' }
  // INVARIANT: a batch hands out no more than has come in.
  if (batch.fees > unallotted.fees || batch.rewards > unallotted.rewards) {
    return { refused: 'BatchUnfunded' }
  }
  const releasedAt = now + terms.slashWindowBlocks
  return {
    ...state,
    head: { number: batch.number, postedAt: now, demandableUntil: releasedAt, releasedAt },
    unallotted: { fees: unallotted.fees - batch.fees, rewards: unallotted.rewards - batch.rewards },
    commitments: withEntry(
      state.commitments,
      batch.number,
      batchCommitment(batch.totalsRoot, batchHash(batch), releasedAt),
    ),
  }
}

function claim(
  state: BatchesState,
  event: Extract<BatchEvent, { kind: 'claim' }>,
  now: number,
): BatchesState | BatchRefusal {
  const commitment = state.commitments.get(event.number)
  if (commitment === undefined) return { refused: 'BatchUnknown' }
  const releasedAt = releaseIn(commitment)
  // INVARIANT: nothing is claimed from a batch that can still be stopped.
  if (now < releasedAt) return { refused: 'BatchNotReleased' }
  const leaf = hashLeaf(totalsLeaf(event.payee, event.cumulative))
  const root = rootFromProof(leaf, event.index, event.siblings)
  if (batchCommitment(root, event.hash, releasedAt) !== commitment) return { refused: 'BatchUnknown' }
  const payee = event.payee.toLowerCase()
  const before = state.claimed.get(payee) ?? 0n
  // INVARIANT: a total is paid once: only what it adds to the largest total before.
  if (event.cumulative <= before) return { refused: 'NothingToClaim' }
  return {
    ...state,
    claimed: withEntry(state.claimed, payee, event.cumulative),
    balance: state.balance - (event.cumulative - before),
  }
}

function finalise(
  state: BatchesState,
  { batch, newCoins }: Extract<BatchEvent, { kind: 'finalise' }>,
  now: number,
): BatchesState | BatchRefusal {
  const releasedAt = knownRelease(state, batch)
  if (releasedAt === undefined) return { refused: 'BatchUnknown' }
  if (now < releasedAt) return { refused: 'BatchNotReleased' }
  // INVARIANT: the treasury is paid, and new coins are released, once a batch.
  if (state.finalised.has(batch.number)) return { refused: 'AlreadyFinalised' }
  return {
    ...state,
    finalised: new Set([...state.finalised, batch.number]),
    unallotted: { ...state.unallotted, rewards: state.unallotted.rewards + newCoins },
    balance: state.balance + newCoins - batch.treasury,
  }
}

function demandData(
  state: BatchesState,
  event: Extract<BatchEvent, { kind: 'demand' }>,
  now: number,
  terms: BatchTerms,
): BatchesState | BatchRefusal {
  const { batch, tree, index } = event
  const oldRelease = waitingRelease(state, batch, now)
  if (typeof oldRelease !== 'number') return oldRelease
  if (now >= state.head.demandableUntil) return { refused: 'BatchReleased' }
  if (index >= treeOf(batch, tree).count) return { refused: 'LeafInvalid' }
  const key = demandKey(batch.number, tree, index)
  // INVARIANT: a leaf is demanded once.
  if (state.demands.has(key)) return { refused: 'DemandExists' }
  const deadline = now + terms.demandBlocks
  // INVARIANT: a batch is not released while a demand can still turn out unanswered: as long again to say so.
  const releasedAt = Math.max(oldRelease, deadline + terms.demandBlocks)
  return {
    ...state,
    head: { ...state.head, releasedAt },
    commitments: withEntry(
      state.commitments,
      batch.number,
      batchCommitment(batch.totalsRoot, batchHash(batch), releasedAt),
    ),
    demands: withEntry(state.demands, key, { asker: event.asker, bond: terms.demandBond, deadline }),
    balance: state.balance + terms.demandBond,
  }
}

function answerDemand(
  state: BatchesState,
  { batch, tree, index, data, siblings }: Extract<BatchEvent, { kind: 'answer' }>,
  now: number,
): BatchesState | BatchRefusal {
  if (knownRelease(state, batch) === undefined) return { refused: 'BatchUnknown' }
  const key = demandKey(batch.number, tree, index)
  const demand = state.demands.get(key)
  if (demand === undefined || demand.bond === 0n) return { refused: 'DemandUnknown' }
  // INVARIANT: an answer is never accepted after its deadline.
  if (now >= demand.deadline) return { refused: 'DemandOverdue' }
  const { root, count } = treeOf(batch, tree)
  if (
    siblings.length !== Math.ceil(Math.log2(count)) ||
    rootFromProof(hashLeaf(data), index, siblings) !== root
  ) {
    return { refused: 'LeafInvalid' }
  }
  return payBond(state, key, demand)
}

function closeDemand(
  state: BatchesState,
  { batch, tree, index }: Extract<BatchEvent, { kind: 'closeDemand' }>,
  now: number,
): BatchesState | BatchRefusal {
  const key = demandKey(batch.number, tree, index)
  const demand = state.demands.get(key)
  if (demand === undefined || demand.bond === 0n) return { refused: 'DemandUnknown' }
  // A batch that is stopped already owes no answer.
  if (!state.commitments.has(batch.number)) return payBond(state, key, demand)
  const releasedAt = knownRelease(state, batch)
  if (releasedAt === undefined) return { refused: 'BatchUnknown' }
  if (now < demand.deadline) return { refused: 'DemandOpen' }
  return payBond(now < releasedAt ? stop(state, batch, now) : state, key, demand)
}

function stop(state: BatchesState, batch: Batch, now: number): BatchesState {
  const commitments = new Map(state.commitments)
  commitments.delete(batch.number)
  return {
    ...state,
    // The next batch need not wait for one that pays nobody.
    head: { ...state.head, releasedAt: now },
    // INVARIANT: what a stopped batch handed out can be handed out again.
    unallotted: {
      fees: state.unallotted.fees + batch.fees,
      rewards: state.unallotted.rewards + batch.rewards,
    },
    commitments,
  }
}

/** INVARIANT: a bond is paid out once. */
function payBond(state: BatchesState, key: string, demand: Demand): BatchesState {
  return {
    ...state,
    demands: withEntry(state.demands, key, { ...demand, bond: 0n }),
    balance: state.balance - demand.bond,
  }
}

/** The block of a known batch's release, while that is still to come. */
function waitingRelease(state: BatchesState, batch: Batch, now: number): number | BatchRefusal {
  const releasedAt = knownRelease(state, batch)
  if (releasedAt === undefined) return { refused: 'BatchUnknown' }
  // INVARIANT: a batch is not stopped once it is released.
  if (now >= releasedAt) return { refused: 'BatchReleased' }
  return releasedAt
}

/** The block of a batch's release; undefined if this is not the batch as it was settled. */
function knownRelease(state: BatchesState, batch: Batch): number | undefined {
  const commitment = state.commitments.get(batch.number)
  if (commitment === undefined) return undefined
  const releasedAt = releaseIn(commitment)
  const isKnown = batchCommitment(batch.totalsRoot, batchHash(batch), releasedAt) === commitment
  return isKnown ? releasedAt : undefined
}

function treeOf(batch: Batch, tree: DataTree): { root: Hex; count: number } {
  return tree === 'totals'
    ? { root: batch.totalsRoot, count: batch.payeeCount }
    : { root: batch.receiptsRoot, count: batch.receiptCount }
}

function demandKey(number: bigint, tree: DataTree, index: number): string {
  return `${number}/${tree}/${index}`
}

function withEntry<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): Map<Key, Value> {
  return new Map(map).set(key, value)
}
