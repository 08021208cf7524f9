import {
  encodeAbiParameters,
  hashTypedData,
  keccak256,
  type Address,
  type Hex,
  type TypedDataDomain,
} from 'viem'
import type { Refusal } from './refusal.ts'

/** What a channel is, fixed for ever; the twin of `IChannels.Channel`. */
export interface ChannelTerms {
  readonly payer: Address
  readonly payee: Address
  /** Signs vouchers: the payer, its session key, or a contract by ERC-1271. */
  readonly signer: Address
  readonly salt: Hex
}

/** Where channels live: both are in every signature. */
export interface ChannelsContract {
  readonly chainId: number
  readonly address: Address
}

/** EIP-712 types; the voucher has the shape of x402's batch settlement. */
export const CHANNEL_TYPES = {
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
  ],
  Release: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'finalAmount', type: 'uint128' },
    { name: 'round', type: 'uint24' },
  ],
} as const

export function channelsDomain({ chainId, address }: ChannelsContract) {
  return {
    name: 'Racemesh Channels',
    version: '1',
    chainId,
    verifyingContract: address,
  } as const satisfies TypedDataDomain
}

/** keccak256 of the ABI-encoded terms. */
export function channelId({ payer, payee, signer, salt }: ChannelTerms): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'address' }, { type: 'address' }, { type: 'bytes32' }],
      [payer, payee, signer, salt],
    ),
  )
}

/** The EIP-3009 nonce that an authorization to fund this channel must carry. */
export function authorizationNonce(terms: ChannelTerms, nonce: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }], [channelId(terms), nonce]))
}

/** What the signer signs: the channel owes `cumulative` wei in all. */
export function voucherDigest(contract: ChannelsContract, id: Hex, cumulative: bigint): Hex {
  return hashTypedData({
    domain: channelsDomain(contract),
    types: CHANNEL_TYPES,
    primaryType: 'Voucher',
    message: { channelId: id, maxClaimableAmount: cumulative },
  })
}

/** What the payee signs to close at `finalAmount` wei at once, in this round of the channel. */
export function releaseDigest(contract: ChannelsContract, id: Hex, finalAmount: bigint, round: number): Hex {
  return hashTypedData({
    domain: channelsDomain(contract),
    types: CHANNEL_TYPES,
    primaryType: 'Release',
    message: { channelId: id, finalAmount, round },
  })
}

interface ChannelBalances {
  /** Coins (wei) ever paid in, less those refunded. */
  readonly deposit: bigint
  /** Coins (wei) ever claimed. */
  readonly claimed: bigint
  /** Coins (wei) ever refunded; the contract keeps no count of it. */
  readonly refunded: bigint
  /** Counts refunds. */
  readonly round: number
}

/** A channel that nobody used yet is open and empty. */
export type ChannelState =
  | (ChannelBalances & { readonly status: 'open' })
  | (ChannelBalances & {
      readonly status: 'closing'
      /** Unix seconds. */
      readonly closesAt: number
    })

export type ChannelEvent =
  | { readonly kind: 'deposit'; readonly amount: bigint }
  | { readonly kind: 'claim'; readonly by: Party; readonly cumulative: bigint; readonly isSigned: boolean }
  | { readonly kind: 'startClose'; readonly by: Party; readonly delaySeconds: number }
  | { readonly kind: 'cancelClose'; readonly by: Party }
  | { readonly kind: 'finishClose' }
  | {
      readonly kind: 'claimAndClose'
      readonly by: Party
      readonly cumulative: bigint
      readonly isSigned: boolean
    }
  | {
      readonly kind: 'closeByRelease'
      readonly by: Party
      readonly finalAmount: bigint
      /** Signed by the payee, for `round`. */
      readonly isSigned: boolean
      readonly round: number
    }

export type Party = 'payer' | 'payee' | 'other'

/** Codes are the names of the contract's errors. */
export type ChannelRefusal = Refusal<
  | 'DepositInvalid'
  | 'ChannelClosing'
  | 'ChannelNotClosed'
  | 'NotParty'
  | 'SignatureInvalid'
  | 'VoucherExceedsDeposit'
  | 'VoucherSpent'
>

export const EMPTY_CHANNEL: ChannelState = {
  status: 'open',
  deposit: 0n,
  claimed: 0n,
  refunded: 0n,
  round: 0,
}

const MAX_AMOUNT = (1n << 96n) - 1n

/**
 * The twin of `Channels` and `ChannelMath`. What an event pays is the difference of `claimed` (to the payee) and of `refunded`
 * (to the payer).
 *
 * @param now Unix seconds
 */
export function transitionChannel(
  state: ChannelState,
  event: ChannelEvent,
  now: number,
): ChannelState | ChannelRefusal {
  switch (event.kind) {
    case 'deposit':
      if (event.amount <= 0n || event.amount > MAX_AMOUNT - state.deposit) {
        return { refused: 'DepositInvalid' }
      }
      // INVARIANT: a closing channel takes no deposit, which its payee could no longer earn.
      if (state.status === 'closing') return { refused: 'ChannelClosing' }
      return { ...state, deposit: state.deposit + event.amount }
    case 'claim':
      if (event.by !== 'payee') return { refused: 'NotParty' }
      if (!event.isSigned) return { refused: 'SignatureInvalid' }
      return draw(state, event.cumulative)
    case 'startClose':
      if (event.by !== 'payer') return { refused: 'NotParty' }
      // INVARIANT: asking twice does not start the delay again.
      if (state.status === 'closing') return { refused: 'ChannelClosing' }
      return { ...state, status: 'closing', closesAt: now + event.delaySeconds }
    case 'cancelClose':
      if (event.by !== 'payer') return { refused: 'NotParty' }
      if (state.status !== 'closing') return { refused: 'ChannelNotClosed' }
      return { ...balances(state), status: 'open' }
    case 'finishClose':
      // INVARIANT: the payer takes nothing back before the payee had the whole delay to claim.
      if (state.status !== 'closing' || now < state.closesAt) return { refused: 'ChannelNotClosed' }
      return refund(state)
    case 'claimAndClose': {
      if (event.by !== 'payee') return { refused: 'NotParty' }
      if (event.cumulative <= state.claimed) return refund(state)
      if (!event.isSigned) return { refused: 'SignatureInvalid' }
      const drawn = draw(state, event.cumulative)
      return 'refused' in drawn ? drawn : refund(drawn)
    }
    case 'closeByRelease': {
      if (event.by !== 'payer') return { refused: 'NotParty' }
      // INVARIANT: a release is worth nothing in a later round of the same channel.
      if (!event.isSigned || event.round !== state.round) return { refused: 'SignatureInvalid' }
      if (event.finalAmount < state.claimed) return { refused: 'VoucherSpent' }
      if (event.finalAmount === state.claimed) return refund(state)
      const drawn = draw(state, event.finalAmount)
      return 'refused' in drawn ? drawn : refund(drawn)
    }
    default:
      return event satisfies never
  }
}

function draw(state: ChannelState, cumulative: bigint): ChannelState | ChannelRefusal {
  // INVARIANT: a claim never takes a channel's total beyond its deposit.
  if (cumulative > state.deposit) return { refused: 'VoucherExceedsDeposit' }
  // INVARIANT: a total is paid once: only what it adds to the largest total before.
  if (cumulative <= state.claimed) return { refused: 'VoucherSpent' }
  return { ...state, claimed: cumulative }
}

function refund(state: ChannelState): ChannelState {
  // INVARIANT: a refund and all claims together are exactly what was deposited.
  const rest = state.deposit - state.claimed
  return {
    status: 'open',
    deposit: state.claimed,
    claimed: state.claimed,
    refunded: state.refunded + rest,
    round: state.round + 1,
  }
}

function balances({ deposit, claimed, refunded, round }: ChannelState): ChannelBalances {
  return { deposit, claimed, refunded, round }
}
