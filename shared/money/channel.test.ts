import { keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  EMPTY_CHANNEL,
  transitionChannel,
  type ChannelEvent,
  type ChannelState,
  type Party,
} from './channel.ts'

const open = (deposit: bigint, claimed: bigint, round = 0): ChannelState => ({
  status: 'open',
  deposit,
  claimed,
  refunded: 0n,
  round,
})
const closing: ChannelState = { ...open(10n, 4n), status: 'closing', closesAt: 100 }

describe('the transition of a channel', () => {
  it.each<[string, ChannelState, ChannelEvent, number, object]>([
    ['takes a deposit', EMPTY_CHANNEL, { kind: 'deposit', amount: 10n }, 0, open(10n, 0n)],
    [
      'refuses a deposit of nothing',
      EMPTY_CHANNEL,
      { kind: 'deposit', amount: 0n },
      0,
      { refused: 'DepositInvalid' },
    ],
    [
      'refuses more than fits',
      open(1n, 0n),
      { kind: 'deposit', amount: (1n << 96n) - 1n },
      0,
      { refused: 'DepositInvalid' },
    ],
    [
      'refuses a deposit while closing',
      closing,
      { kind: 'deposit', amount: 1n },
      0,
      { refused: 'ChannelClosing' },
    ],
    [
      'pays a voucher',
      open(10n, 4n),
      { kind: 'claim', by: 'payee', cumulative: 10n, isSigned: true },
      0,
      open(10n, 10n),
    ],
    [
      'pays while closing',
      closing,
      { kind: 'claim', by: 'payee', cumulative: 5n, isSigned: true },
      101,
      { ...closing, claimed: 5n },
    ],
    [
      'refuses a voucher beyond the deposit',
      open(10n, 4n),
      { kind: 'claim', by: 'payee', cumulative: 11n, isSigned: true },
      0,
      { refused: 'VoucherExceedsDeposit' },
    ],
    [
      'refuses a spent voucher',
      open(10n, 4n),
      { kind: 'claim', by: 'payee', cumulative: 4n, isSigned: true },
      0,
      { refused: 'VoucherSpent' },
    ],
    [
      'refuses an unsigned voucher',
      open(10n, 4n),
      { kind: 'claim', by: 'payee', cumulative: 5n, isSigned: false },
      0,
      { refused: 'SignatureInvalid' },
    ],
    [
      'refuses the claim of a stranger',
      open(10n, 4n),
      { kind: 'claim', by: 'other', cumulative: 5n, isSigned: true },
      0,
      { refused: 'NotParty' },
    ],
    ['starts to close', open(10n, 4n), { kind: 'startClose', by: 'payer', delaySeconds: 60 }, 40, closing],
    [
      'does not start twice',
      closing,
      { kind: 'startClose', by: 'payer', delaySeconds: 60 },
      50,
      { refused: 'ChannelClosing' },
    ],
    [
      'lets only the payer start',
      open(10n, 4n),
      { kind: 'startClose', by: 'payee', delaySeconds: 60 },
      0,
      { refused: 'NotParty' },
    ],
    ['goes back', closing, { kind: 'cancelClose', by: 'payer' }, 50, open(10n, 4n)],
    [
      'has nothing to go back from',
      open(10n, 4n),
      { kind: 'cancelClose', by: 'payer' },
      0,
      { refused: 'ChannelNotClosed' },
    ],
    ['waits for the delay', closing, { kind: 'finishClose' }, 99, { refused: 'ChannelNotClosed' }],
    ['gives the rest back', closing, { kind: 'finishClose' }, 100, { ...open(4n, 4n, 1), refunded: 6n }],
    [
      'closes at once for the payee',
      open(10n, 4n),
      { kind: 'claimAndClose', by: 'payee', cumulative: 7n, isSigned: true },
      0,
      { ...open(7n, 7n, 1), refunded: 3n },
    ],
    [
      'closes without a new voucher',
      open(10n, 4n),
      { kind: 'claimAndClose', by: 'payee', cumulative: 0n, isSigned: false },
      0,
      { ...open(4n, 4n, 1), refunded: 6n },
    ],
    [
      'closes by release',
      open(10n, 4n),
      { kind: 'closeByRelease', by: 'payer', finalAmount: 5n, isSigned: true, round: 0 },
      0,
      { ...open(5n, 5n, 1), refunded: 5n },
    ],
    [
      'refuses a release of another round',
      open(10n, 4n, 1),
      { kind: 'closeByRelease', by: 'payer', finalAmount: 5n, isSigned: true, round: 0 },
      0,
      { refused: 'SignatureInvalid' },
    ],
    [
      'refuses a release below the claims',
      open(10n, 4n),
      { kind: 'closeByRelease', by: 'payer', finalAmount: 3n, isSigned: true, round: 0 },
      0,
      { refused: 'VoucherSpent' },
    ],
  ])('%s', (_, state, event, now, expected) => {
    expect(transitionChannel(state, event, now)).toEqual(expected)
  })

  it('neither loses nor makes a wei in a random walk', () => {
    const random = (step: number, salt: string, below: number): number =>
      Number(
        BigInt(keccak256(`0x${step.toString(16).padStart(8, '0')}${Buffer.from(salt).toString('hex')}`)) %
          BigInt(below),
      )
    let state = EMPTY_CHANNEL
    let paidIn = 0n
    let accepted = 0
    let now = 0
    for (let step = 0; step < 5_000; step++) {
      now += random(step, 'time', 40)
      const by = (['payer', 'payee', 'other'] as const satisfies Party[])[random(step, 'by', 3)]!
      const amount = BigInt(random(step, 'amount', 50))
      const total = state.claimed + BigInt(random(step, 'total', 30)) - 5n
      const cumulative = total < 0n ? 0n : total
      const isSigned = random(step, 'signed', 4) > 0
      const events: ChannelEvent[] = [
        { kind: 'deposit', amount },
        { kind: 'claim', by, cumulative, isSigned },
        { kind: 'startClose', by, delaySeconds: 30 },
        { kind: 'cancelClose', by },
        { kind: 'finishClose' },
        { kind: 'claimAndClose', by, cumulative, isSigned },
        {
          kind: 'closeByRelease',
          by,
          finalAmount: cumulative,
          isSigned,
          round: state.round - random(step, 'round', 2),
        },
      ]
      const event = events[random(step, 'event', events.length)]!
      const result = transitionChannel(state, event, now)
      if ('refused' in result) continue
      accepted++
      if (event.kind === 'deposit') paidIn += event.amount
      // INVARIANT: claims never fall and never pass the deposit; what came in is claimed, refunded or still there.
      expect(result.claimed >= state.claimed && result.claimed <= result.deposit).toBe(true)
      expect(result.deposit + result.refunded).toBe(paidIn)
      state = result
    }
    expect(accepted).toBeGreaterThan(1000)
  })
})
