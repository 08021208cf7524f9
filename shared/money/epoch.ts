import {
  encodeAbiParameters,
  hashTypedData,
  keccak256,
  type Address,
  type Hex,
  type TypedDataDomain,
} from 'viem'
import type { Refusal } from './refusal.ts'

/** The beacon of one epoch and the outcome that follows; the twin of `Epochs`. Blocks are numbers. */
export interface EpochState {
  /** The running epoch. */
  readonly number: bigint
  readonly startBlock: number
  readonly seeds: ReadonlyMap<bigint, Hex>
  readonly round: {
    readonly startBlock: number
    readonly commitEnd: number
    readonly revealEnd: number
    /** By member, in lower case: whether its commitment is open. */
    readonly commitments: ReadonlyMap<string, boolean>
    readonly mix: Hex
  }
  /** First block in which the waiting outcome may start; undefined when none waits. */
  readonly activeFrom: number | undefined
  /** Coins (wei) of deposits that the contract holds. */
  readonly deposits: bigint
}

export interface EpochTerms {
  readonly epochBlocks: number
  readonly commitBlocks: number
  readonly revealBlocks: number
  readonly slashWindowBlocks: number
  readonly deposit: bigint
}

export type EpochEvent =
  | { readonly kind: 'commit'; readonly member: Address; readonly isValidator: boolean }
  | {
      readonly kind: 'reveal'
      readonly member: Address
      /** What `openWith` gives; undefined when the secret is not that of the commitment. */
      readonly content: Hex | undefined
    }
  | {
      readonly kind: 'recover'
      readonly member: Address
      /** What `verifyDelay` accepted; undefined when it did not. */
      readonly content: Hex | undefined
    }
  | { readonly kind: 'restart' }
  | { readonly kind: 'propose'; readonly number: bigint; readonly isSigned: boolean }
  | { readonly kind: 'reject' }
  | { readonly kind: 'activate' }

/** The twin of `IEpochs.Outcome`: what an epoch begins with. */
export interface EpochOutcome {
  readonly number: bigint
  readonly weightRoot: Hex
  readonly totalWeight: bigint
  readonly drawRoot: Hex
  readonly drawCount: number
  readonly drawWeight: bigint
  readonly setId: Hex
  readonly isSampled: boolean
}

/** Where epochs live: both are in every signature. */
export interface EpochsContract {
  readonly chainId: number
  readonly address: Address
}

/** EIP-712 types. Validators of the running epoch sign an outcome with their BLS keys. */
export const EPOCH_TYPES = {
  Outcome: [
    { name: 'epoch', type: 'uint64' },
    { name: 'setInForce', type: 'bytes32' },
    { name: 'number', type: 'uint64' },
    { name: 'weightRoot', type: 'bytes32' },
    { name: 'totalWeight', type: 'uint64' },
    { name: 'drawRoot', type: 'bytes32' },
    { name: 'drawCount', type: 'uint32' },
    { name: 'drawWeight', type: 'uint64' },
    { name: 'setId', type: 'bytes32' },
    { name: 'isSampled', type: 'bool' },
  ],
} as const

export function epochsDomain({ chainId, address }: EpochsContract) {
  return {
    name: 'Racemesh Epochs',
    version: '1',
    chainId,
    verifyingContract: address,
  } as const satisfies TypedDataDomain
}

/**
 * What validators sign to propose an outcome.
 *
 * @param running The running epoch and its set, whose validators sign
 */
export function outcomeDigest(
  contract: EpochsContract,
  running: { readonly number: bigint; readonly setId: Hex },
  outcome: EpochOutcome,
): Hex {
  return hashTypedData({
    domain: epochsDomain(contract),
    types: EPOCH_TYPES,
    primaryType: 'Outcome',
    message: { epoch: running.number, setInForce: running.setId, ...outcome },
  })
}

/** Codes are the names of the contract's errors. */
export type EpochRefusal = Refusal<
  | 'OutsideWindow'
  | 'NotValidator'
  | 'AlreadyCommitted'
  | 'CommitmentUnknown'
  | 'OpeningInvalid'
  | 'DelayProofInvalid'
  | 'SeedMissing'
  | 'QuorumSignatureInvalid'
  | 'EpochOutOfOrder'
  | 'OutcomePending'
  | 'OutcomeMissing'
>

const ZERO: Hex = `0x${'00'.repeat(32)}`

/** The state at the start of an epoch whose seed is `seed`. */
export function startEpoch(number: bigint, seed: Hex, now: number, terms: EpochTerms): EpochState {
  const quiet = Math.max(0, terms.epochBlocks - terms.commitBlocks - terms.revealBlocks)
  return {
    number,
    startBlock: now,
    seeds: new Map([[number, seed]]),
    round: openRound(now + quiet, terms),
    activeFrom: undefined,
    deposits: 0n,
  }
}

/** @param now Number of the block in which the event happens */
export function transitionEpoch(
  state: EpochState,
  event: EpochEvent,
  now: number,
  terms: EpochTerms,
): EpochState | EpochRefusal {
  const { round } = state
  switch (event.kind) {
    case 'commit': {
      if (now < round.startBlock || now >= round.commitEnd) return { refused: 'OutsideWindow' }
      if (!event.isValidator) return { refused: 'NotValidator' }
      // INVARIANT: a validator commits once a round.
      const member = event.member.toLowerCase()
      if (round.commitments.has(member)) return { refused: 'AlreadyCommitted' }
      const commitments = new Map(round.commitments).set(member, false)
      return { ...state, round: { ...round, commitments }, deposits: state.deposits + terms.deposit }
    }
    case 'reveal':
      // INVARIANT: no share of a seed is known before the last commitment to it.
      if (now < round.commitEnd || now >= round.revealEnd) return { refused: 'OutsideWindow' }
      return open(state, event.member, event.content, 'OpeningInvalid', terms)
    case 'recover':
      // INVARIANT: a member has the whole reveal window before its deposit can be taken.
      if (now < round.revealEnd) return { refused: 'OutsideWindow' }
      return open(state, event.member, event.content, 'DelayProofInvalid', terms)
    case 'restart':
      if (round.commitments.size !== 0 || now < round.commitEnd) return { refused: 'OutsideWindow' }
      return { ...state, round: openRound(now, terms) }
    case 'propose': {
      if (now < state.startBlock + terms.epochBlocks) return { refused: 'OutsideWindow' }
      if (!state.seeds.has(event.number)) return { refused: 'SeedMissing' }
      if (!event.isSigned) return { refused: 'QuorumSignatureInvalid' }
      // INVARIANT: epochs follow one another without gaps.
      if (event.number !== state.number + 1n) return { refused: 'EpochOutOfOrder' }
      // INVARIANT: one outcome waits at a time, so that each can be looked at for its whole window.
      if (state.activeFrom !== undefined) return { refused: 'OutcomePending' }
      return { ...state, activeFrom: now + terms.slashWindowBlocks }
    }
    case 'reject':
      if (state.activeFrom === undefined) return { refused: 'OutcomeMissing' }
      return { ...state, activeFrom: undefined }
    case 'activate': {
      if (state.activeFrom === undefined) return { refused: 'OutcomeMissing' }
      // INVARIANT: an outcome counts only after its whole window without a refutation.
      if (now < state.activeFrom) return { refused: 'OutsideWindow' }
      const next = state.number + 1n
      const seed = state.seeds.get(next) ?? ZERO
      return {
        ...startEpoch(next, seed, now, terms),
        seeds: state.seeds,
        deposits: state.deposits,
      }
    }
    default:
      return event satisfies never
  }
}

function openRound(startBlock: number, terms: EpochTerms): EpochState['round'] {
  const commitEnd = startBlock + terms.commitBlocks
  return {
    startBlock,
    commitEnd,
    revealEnd: commitEnd + terms.revealBlocks,
    commitments: new Map(),
    mix: ZERO,
  }
}

function open(
  state: EpochState,
  address: Address,
  content: Hex | undefined,
  whenInvalid: 'OpeningInvalid' | 'DelayProofInvalid',
  terms: EpochTerms,
): EpochState | EpochRefusal {
  const { round } = state
  const member = address.toLowerCase()
  // INVARIANT: a deposit is paid out once.
  if (round.commitments.get(member) !== false) return { refused: 'CommitmentUnknown' }
  if (content === undefined) return { refused: whenInvalid }
  const next = state.number + 1n
  const commitments = new Map(round.commitments).set(member, true)
  const mix = xor(round.mix, mixOf(next, address, content))
  // INVARIANT: a seed is made of every commitment of its round.
  const isComplete = [...commitments.values()].every((isOpen) => isOpen)
  const seeds = isComplete
    ? new Map(state.seeds).set(next, seedOf(state.seeds.get(state.number) ?? ZERO, next, mix))
    : state.seeds
  return {
    ...state,
    round: { ...round, commitments, mix },
    seeds,
    deposits: state.deposits - terms.deposit,
  }
}

/** A member's part of the mix: its address is in it, so that a copied commitment cancels nothing out. */
export function mixOf(number: bigint, member: Address, content: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'uint64' }, { type: 'address' }, { type: 'bytes' }],
      [number, member, content],
    ),
  )
}

/** The seed of epoch `number`. */
export function seedOf(previous: Hex, number: bigint, mix: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'uint64' }, { type: 'bytes32' }],
      [previous, number, mix],
    ),
  )
}

function xor(a: Hex, b: Hex): Hex {
  return `0x${(BigInt(a) ^ BigInt(b)).toString(16).padStart(64, '0')}`
}
