import { numberToHex, type Hex } from 'viem'
import { privateKeyToAccount, sign, serializeSignature } from 'viem/accounts'
import {
  channelId,
  EMPTY_CHANNEL,
  releaseDigest,
  transitionChannel,
  voucherDigest,
  type ChannelEvent,
  type ChannelState,
  type ChannelTerms,
  type Party,
} from '../../shared/money/channel.ts'
import { channelsAbi } from '../generated/Channels.ts'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { countStep, type DiffReport } from './report.ts'
import type { Stage } from './stage.ts'
import type { At, Random, Walk } from './walk.ts'

const STEPS_PER_CHANNEL = 6
const PARTIES: readonly Party[] = ['payer', 'payee']

/** What may happen to a channel, and the arguments of the call beside the channel's terms. */
interface Choice {
  readonly event: ChannelEvent
  readonly args: readonly unknown[]
  readonly by: Party
}

/** Random channels, each with a life of random events, right and wrong, as the model has them happen. */
export class ChannelsWalk {
  readonly #stage: Stage
  readonly #walk: Walk
  readonly #random: Random
  readonly #report: DiffReport
  readonly #contract: At
  readonly #closeDelay: number
  /** Coins (wei) that all channels hold. */
  #held = 0n

  constructor(stage: Stage, walk: Walk, random: Random, report: DiffReport) {
    this.#stage = stage
    this.#walk = walk
    this.#random = random
    this.#report = report
    this.#contract = { abi: channelsAbi, address: stage.channels }
    this.#closeDelay = Number(stage.parameters.closeDelay)
  }

  /** One more channel, from its first deposit on. */
  async step(): Promise<void> {
    const { payer, payeeKey, payerKey } = this.#stage
    const payee = privateKeyToAccount(payeeKey).address
    const signer = privateKeyToAccount(payerKey).address
    const salt = numberToHex(this.#report.channels, { size: 32 })
    const terms: ChannelTerms = { payer, payee, signer, salt }
    this.#report.channels++
    let state: ChannelState = EMPTY_CHANNEL
    for (let i = 0; i < STEPS_PER_CHANNEL; i++) {
      const { event, args, by } = await this.#choose(terms, state, i === 0)
      this.#walk.pass(1)
      this.#walk.time += this.#random(3) === 0 ? this.#closeDelay : this.#random(100)
      const next = transitionChannel(state, event, this.#walk.time)
      const refused = 'refused' in next ? next.refused : undefined
      const from = by === 'payer' ? payer : payee
      this.#walk.send(this.#contract, from, event.kind, [terms, ...args], refused)
      this.#report.channelEvents++
      countStep(this.#report, refused)
      if ('refused' in next) continue
      if (event.kind === 'deposit') this.#held += event.amount
      this.#held -= next.claimed - state.claimed + (next.refunded - state.refunded)
      state = next
    }
    this.#compare(channelId(terms), state)
  }

  #compare(id: Hex, state: ChannelState): void {
    this.#walk.expect(this.#contract, 'stateOf', [id], {
      deposit: state.deposit,
      claimed: state.claimed,
      closesAt: state.status === 'closing' ? state.closesAt : 0,
      round: state.round,
    })
    this.#walk.expect(
      { abi: raceCoinAbi, address: this.#stage.coin },
      'balanceOf',
      [this.#stage.channels],
      this.#held,
    )
  }

  async #choose(terms: ChannelTerms, state: ChannelState, isFirst: boolean): Promise<Choice> {
    const random = this.#random
    const { chainId, channels, payerKey, payeeKey } = this.#stage
    const home = { chainId, address: channels }
    const id = channelId(terms)
    const isSigned = random(8) !== 0
    const by = random(6) === 0 ? PARTIES[random(2)] : undefined
    const total = state.claimed + BigInt(random(60)) - 8n
    const cumulative = total < 0n ? 0n : total
    const round = Math.max(0, state.round - (random(6) === 0 ? 1 : 0))
    const amount = BigInt(random(50))
    const which = isFirst ? 0 : [0, 1, 1, 1, 2, 3, 4, 5, 6][random(9)]
    // A wrong signature is one of the other party: it signed these very words, and has no say.
    const voucher = (): Promise<Hex> =>
      signHash(isSigned ? payerKey : payeeKey, voucherDigest(home, id, cumulative))
    const release = (): Promise<Hex> =>
      signHash(isSigned ? payeeKey : payerKey, releaseDigest(home, id, cumulative, round))
    const payee = by ?? 'payee'
    const payer = by ?? 'payer'
    switch (which) {
      case 0:
        return { event: { kind: 'deposit', amount }, args: [amount], by: 'payer' }
      case 1: {
        const event = { kind: 'claim', by: payee, cumulative, isSigned } as const
        return { event, args: [cumulative, await voucher()], by: payee }
      }
      case 2: {
        const event = { kind: 'startClose', by: payer, delaySeconds: this.#closeDelay } as const
        return { event, args: [], by: payer }
      }
      case 3:
        return { event: { kind: 'cancelClose', by: payer }, args: [], by: payer }
      case 4:
        return { event: { kind: 'finishClose' }, args: [], by: 'payer' }
      case 5: {
        const event = { kind: 'claimAndClose', by: payee, cumulative, isSigned } as const
        return { event, args: [cumulative, await voucher()], by: payee }
      }
      default: {
        const event = { kind: 'closeByRelease', by: payer, finalAmount: cumulative, isSigned, round } as const
        return { event, args: [cumulative, await release()], by: payer }
      }
    }
  }
}

async function signHash(privateKey: Hex, hash: Hex): Promise<Hex> {
  return serializeSignature(await sign({ privateKey, hash }))
}
