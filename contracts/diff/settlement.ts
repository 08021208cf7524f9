import { keccak256, numberToHex, toBytes, type Abi, type Address, type Hex } from 'viem'
import { privateKeyToAccount, sign, serializeSignature } from 'viem/accounts'
import {
  batchDigest,
  batchHash,
  NO_BATCHES,
  transitionBatches,
  type Batch,
  type BatchesState,
  type BatchEvent,
  type BatchTerms,
} from '../../shared/money/batch.ts'
import { blsPublicKey, blsSign, provePossession } from '../../shared/money/bls.ts'
import {
  channelId,
  EMPTY_CHANNEL,
  releaseDigest,
  transitionChannel,
  voucherDigest,
  type ChannelEvent,
  type ChannelState,
  type Party,
} from '../../shared/money/channel.ts'
import { DEFAULT_SPLIT, splitFees } from '../../shared/money/fee-split.ts'
import { proveLeaf } from '../../shared/money/merkle-tree.ts'
import { installArguments, validatorSetId } from '../../shared/money/quorum.ts'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { payOut, proveTotal, type Payout } from '../../shared/money/totals.ts'
import { authorityAbi } from '../generated/Authority.ts'
import { batchesAbi } from '../generated/Batches.ts'
import { channelsAbi } from '../generated/Channels.ts'
import { epochsAbi } from '../generated/Epochs.ts'
import { fundAbi } from '../generated/Fund.ts'
import { issuanceAbi } from '../generated/Issuance.ts'
import { parametersAbi } from '../generated/Parameters.ts'
import { providersAbi } from '../generated/Providers.ts'
import { quorumAbi } from '../generated/Quorum.ts'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { authorityBytecode } from '../generated/bytecode/Authority.ts'
import { batchesBytecode } from '../generated/bytecode/Batches.ts'
import { channelsBytecode } from '../generated/bytecode/Channels.ts'
import { epochsBytecode } from '../generated/bytecode/Epochs.ts'
import { fundBytecode } from '../generated/bytecode/Fund.ts'
import { issuanceBytecode } from '../generated/bytecode/Issuance.ts'
import { parametersBytecode } from '../generated/bytecode/Parameters.ts'
import { providersBytecode } from '../generated/bytecode/Providers.ts'
import { quorumBytecode } from '../generated/bytecode/Quorum.ts'
import { raceCoinBytecode } from '../generated/bytecode/RaceCoin.ts'
import type { DiffChain } from './chain.ts'
import { type At } from './chain.ts'

const COIN = 10n ** 18n
const CHAIN_ID = 31337
const VALIDATOR_SECRET = toBytes(keccak256('0x01')).map((byte, i) => (i === 0 ? 0 : byte))
const CLOSE_DELAY_SECONDS = 86_400

/** Position in the contract's `Parameter`, and blocks. */
const SPANS = { interval: [1, 40], slashWindow: [2, 32], demand: [6, 16] } as const

/** What is compared: how often, and where model and chain disagreed. */
export interface DiffReport {
  readonly seed: number
  batches: number
  batchEvents: number
  channels: number
  channelEvents: number
  accepted: number
  refused: Record<string, number>
  doubleSpends: number
  differences: string[]
}

export function emptyReport(seed: number): DiffReport {
  return {
    seed,
    batches: 0,
    batchEvents: 0,
    channels: 0,
    channelEvents: 0,
    accepted: 0,
    refused: {},
    doubleSpends: 0,
    differences: [],
  }
}

export interface Contracts {
  readonly coin: At
  readonly batches: At
  readonly channels: At
  readonly setId: Hex
}

/** Deploys what settles, with one validator whose key the comparison holds, and `from` as governance, minter and actor. */
export async function deployForDiff(chain: DiffChain, from: Address): Promise<Contracts> {
  const authority = await chain.deploy(authorityAbi, authorityBytecode, [from])
  const parameters = await chain.deploy(parametersAbi, parametersBytecode, [authority.address])
  const coin = await chain.deploy(raceCoinAbi, raceCoinBytecode, [])
  const governed = [authority.address, parameters.address, coin.address]
  const treasury = await chain.deploy(fundAbi, fundBytecode, [authority.address])
  const issuance = await chain.deploy(issuanceAbi, issuanceBytecode, [...governed, treasury.address])
  const providers = await chain.deploy(providersAbi, providersBytecode, governed)
  const quorum = await chain.deploy(quorumAbi, quorumBytecode, [])
  const delay = 64
  const generator = delayedGenerator(delay)
  const epochs = await chain.deploy(epochsAbi, epochsBytecode, [
    ...governed,
    providers.address,
    quorum.address,
    treasury.address,
    BigInt(delay),
    generator.output,
    generator.proof,
    BigInt(generator.nonce),
  ])
  const channels = await chain.deploy(channelsAbi, channelsBytecode, governed)
  const batches = await chain.deploy([...batchesAbi, ...quorumAbi] as Abi, batchesBytecode, [
    ...governed,
    epochs.address,
    quorum.address,
    channels.address,
    issuance.address,
    treasury.address,
  ])
  await chain.write(coin, 'allocate', [[{ minter: from, amount: 10n ** 27n }]])
  await chain.write(coin, 'mint', [from, 10n ** 26n])
  for (const spender of [channels, batches, providers]) {
    await chain.write(coin, 'approve', [spender.address, 2n ** 255n])
  }
  // Spans as short as their bounds allow: an empty block costs anvil a millisecond, and there are thousands of windows.
  for (const [parameter, blocks] of Object.values(SPANS)) {
    await chain.write(parameters, 'set', [parameter, BigInt(blocks)])
  }
  const key = blsPublicKey(VALIDATOR_SECRET)
  await chain.write(providers, 'registerBlsKey', [key, provePossession(VALIDATOR_SECRET, from)])
  await chain.write(providers, 'stake', [1000n * COIN])
  const set = [{ key, weight: 1 }]
  const { keys, weights } = installArguments(set)
  await chain.write(quorum, 'install', [keys, weights])
  const setId = validatorSetId(set)
  await chain.write(epochs, 'proposeByGovernance', [
    {
      number: 1n,
      weightRoot: setId,
      totalWeight: 1n,
      drawRoot: setId,
      drawCount: 0,
      drawWeight: 0n,
      setId,
      isSampled: false,
    },
  ])
  await chain.write(authority, 'grant', [keccak256(toBytes('racemesh.role.verdict')), from])
  return { coin, batches, channels, setId }
}

/** Numbers from a seed by keccak: the same on every machine. */
export function seededRandom(seed: number): (below: number) => number {
  let counter = 0n
  return (below) => {
    counter += 1n
    const input = numberToHex((BigInt(seed) << 64n) + counter, { size: 32 })
    return Number(BigInt(keccak256(input)) % BigInt(below))
  }
}

/** Random batches, right and wrong, with claims, repetitions, stops and demands: the chain must do what the model says. */
export async function compareBatches(
  chain: DiffChain,
  { batches, coin, setId }: Contracts,
  from: Address,
  count: number,
  random: (below: number) => number,
  report: DiffReport,
): Promise<void> {
  const home = { chainId: CHAIN_ID, address: batches.address }
  const terms: BatchTerms = {
    ...DEFAULT_SPLIT,
    leafLimit: 4096,
    intervalBlocks: SPANS.interval[1],
    slashWindowBlocks: SPANS.slashWindow[1],
    demandBlocks: SPANS.demand[1],
    demandBond: 10n * COIN,
    epoch: 1n,
    setId,
  }
  let state: BatchesState = NO_BATCHES
  let totals: Payout['totals'] = new Map()
  const known: { batch: Batch; payout: Payout }[] = []
  const payees = Array.from({ length: 12 }, (_, i) => numberToHex(0xbeef00 + i, { size: 20 }))
  for (const payee of payees) await chain.giveEther(payee)

  const apply = async (
    event: BatchEvent,
    call: string,
    args: readonly unknown[],
    by = from,
  ): Promise<boolean> => {
    const now = await chain.nextBlock()
    const expected = transitionBatches(state, event, now, terms)
    const refused = await chain.attempt(batches, call, args, by)
    report.batchEvents++
    const wanted = 'refused' in expected ? expected.refused : undefined
    if (refused !== wanted) {
      report.differences.push(`batch event ${report.batchEvents} ${event.kind}: ${wanted} but ${refused}`)
    }
    if (refused !== undefined) {
      report.refused[refused] = (report.refused[refused] ?? 0) + 1
    } else report.accepted++
    if ('refused' in expected) return false
    state = expected
    return refused === undefined
  }

  const compareState = async (): Promise<void> => {
    const [fees, rewards] = (await chain.read(batches, 'unallotted')) as [bigint, bigint]
    const balance = (await chain.read(coin, 'balanceOf', [batches.address])) as bigint
    const head = (await chain.read(batches, 'head')) as { number: bigint; releasedAt: bigint }
    const theirs = [fees, rewards, balance, head.number, head.releasedAt].join()
    const ours = [
      state.unallotted.fees,
      state.unallotted.rewards,
      state.balance,
      state.head.number,
      state.head.releasedAt,
    ].join()
    if (theirs !== ours) report.differences.push(`state after batch ${report.batches}: ${ours} but ${theirs}`)
  }

  for (let i = 0; i < count; i++) {
    if (random(4) === 0 || i === 0) {
      const amount = BigInt(random(1_000_000)) * 10n ** BigInt(random(17)) + 1n
      await apply({ kind: 'fund', amount }, 'fund', [amount])
    }
    const fees = (state.unallotted.fees * BigInt(random(120))) / 100n
    const workers = payees
      .filter(() => random(2) === 0)
      .map((payee) => ({ payee, work: BigInt(random(1000)) + 1n }))
    const input = {
      fees,
      rewards: 0n,
      operators: [{ payee: payees[random(12)]!, work: 1n }, ...workers], // twelve payees
      validators: [{ payee: from, work: 1n }],
    }
    if (fees < 100n) input.fees = 100n
    const payout = payOut(totals, input, DEFAULT_SPLIT)
    const { validators, treasury } = splitFees(input.fees, DEFAULT_SPLIT)
    const batch: Batch = {
      number: state.head.number + (random(20) === 0 ? 2n : 1n),
      epoch: random(30) === 0 ? 2n : 1n,
      setId,
      totalsRoot: payout.tree.root,
      receiptsRoot: payout.tree.root,
      payeeCount: payout.payees.length,
      receiptCount: random(5) === 0 ? 4096 : payout.payees.length,
      fees: input.fees,
      validators,
      treasury: random(30) === 0 ? treasury + 1n : treasury,
      rewards: 0n,
    }
    const isSigned = random(15) !== 0
    const digest = isSigned ? batchDigest(home, batch) : keccak256('0x')
    const signature = blsSign(VALIDATOR_SECRET, digest)
    // Mostly late enough, sometimes not.
    const wait = random(6) === 0 ? random(45) : 41 + random(4)
    await chain.mine(wait)
    report.batches++
    const now = await chain.nextBlock()
    const isSettled = await apply({ kind: 'settle', batch, isSigned }, 'settle', [batch, 0n, signature])
    if (isSettled) {
      totals = payout.totals
      known.push({ batch, payout })
      if (known.length > 8) known.shift()
    }
    const last = known.at(-1)
    if (last === undefined) continue

    if (isSettled && random(10) === 0) {
      const index = random(last.batch.payeeCount)
      const demand = { batch: last.batch, tree: 'totals', index } as const
      const event = { kind: 'demand', ...demand, asker: from } as const
      await apply(event, 'demandData', [last.batch, 0, BigInt(index)])
      if (random(2) === 0) {
        const data = totalsLeafOf(last.payout, index)
        const siblings = proveLeaf(last.payout.tree, index)
        await apply({ kind: 'answer', ...demand, data, siblings }, 'answerDemand', [
          last.batch,
          0,
          BigInt(index),
          data,
          siblings,
        ])
      } else {
        await chain.mine(random(2) === 0 ? SPANS.demand[1] + 1 : 3)
        const close = [last.batch, 0, BigInt(index)]
        await apply({ kind: 'closeDemand', ...demand }, 'closeDemand', close)
      }
    }
    if (random(12) === 0) {
      const event = { kind: 'stop', batch: last.batch } as const
      await apply(event, 'stop', [last.batch])
    }
    if (!state.commitments.has(last.batch.number)) {
      // A batch that was stopped leaves no trace in the totals of the next.
      known.pop()
      totals = known.at(-1)?.payout.totals ?? new Map<string, bigint>()
    }
    if (random(2) === 0) await chain.mine(SPANS.slashWindow[1] + 1)
    await claimSome(chain, known, random, apply, report)
    if (i % 10 === 0) await compareState()
  }
  await compareState()
}

function totalsLeafOf(payout: Payout, index: number): Hex {
  const payee = payout.payees[index]! // below the number of payees
  const total = payout.totals.get(payee) ?? 0n
  return `${payee}${total.toString(16).padStart(32, '0')}`
}

async function claimSome(
  chain: DiffChain,
  known: readonly { batch: Batch; payout: Payout }[],
  random: (below: number) => number,
  apply: (event: BatchEvent, call: string, args: readonly unknown[], by?: Address) => Promise<boolean>,
  report: DiffReport,
): Promise<void> {
  const from = known[random(known.length || 1)]
  if (from === undefined) return
  const payee = from.payout.payees[random(from.payout.payees.length)]! // every payout names somebody
  const proof = proveTotal(from.payout, payee)
  const cumulative = random(8) === 0 ? proof.cumulative + BigInt(random(100)) : proof.cumulative
  const claim = {
    kind: 'claim',
    number: from.batch.number,
    hash: batchHash(from.batch),
    payee,
    cumulative,
    index: proof.index,
    siblings: proof.siblings,
  } as const
  const args = [claim.number, claim.hash, cumulative, BigInt(proof.index), proof.siblings]
  await apply(claim, 'claim', args, payee)
  // Again, at once: whatever happened, the second time pays nothing.
  report.doubleSpends++
  if (await apply(claim, 'claim', args, payee)) report.differences.push('a claim was paid twice')
}

/** Random channels, each with a life of random events, right and wrong. */
export async function compareChannels(
  chain: DiffChain,
  { channels, coin }: Contracts,
  from: Address,
  count: number,
  random: (below: number) => number,
  report: DiffReport,
): Promise<void> {
  const home = { chainId: CHAIN_ID, address: channels.address }
  const secret = keccak256('0x5ec2e7')
  const signer = privateKeyToAccount(secret).address
  const payeeSecret = keccak256('0x9a7ee5')
  // Anvil lets any address send once it may be impersonated; payer and payee are accounts with ether.
  const payer = from
  const payee = privateKeyToAccount(payeeSecret).address
  await chain.giveEther(payer)
  await chain.giveEther(payee)
  let held = 0n

  for (let i = 0; i < count; i++) {
    const terms = { payer, payee, signer, salt: numberToHex(i, { size: 32 }) }
    const id = channelId(terms)
    let state: ChannelState = EMPTY_CHANNEL
    report.channels++
    for (let step = 0; step < 6; step++) {
      const isSigned = random(8) !== 0
      const parties: Party[] = ['payer', 'payee']
      const by = random(6) === 0 ? parties[random(2)]! : undefined // two parties
      const total = state.claimed + BigInt(random(60)) - 8n
      const cumulative = total < 0n ? 0n : total
      const round = Math.max(0, state.round - (random(6) === 0 ? 1 : 0))
      const voucher = await signHash(isSigned ? secret : payeeSecret, voucherDigest(home, id, cumulative))
      const release = await signHash(
        isSigned ? payeeSecret : secret,
        releaseDigest(home, id, cumulative, round),
      )
      const steps: { event: ChannelEvent; call: string; args: readonly unknown[]; from: Party }[] = [
        {
          event: { kind: 'deposit', amount: BigInt(random(50)) },
          call: 'deposit',
          args: [],
          from: 'payer',
        },
        {
          event: { kind: 'claim', by: by ?? 'payee', cumulative, isSigned },
          call: 'claim',
          args: [cumulative, voucher],
          from: by ?? 'payee',
        },
        {
          event: { kind: 'startClose', by: by ?? 'payer', delaySeconds: CLOSE_DELAY_SECONDS },
          call: 'startClose',
          args: [],
          from: by ?? 'payer',
        },
        {
          event: { kind: 'cancelClose', by: by ?? 'payer' },
          call: 'cancelClose',
          args: [],
          from: by ?? 'payer',
        },
        { event: { kind: 'finishClose' }, call: 'finishClose', args: [], from: 'payer' },
        {
          event: { kind: 'claimAndClose', by: by ?? 'payee', cumulative, isSigned },
          call: 'claimAndClose',
          args: [cumulative, voucher],
          from: by ?? 'payee',
        },
        {
          event: {
            kind: 'closeByRelease',
            by: by ?? 'payer',
            finalAmount: cumulative,
            isSigned,
            round,
          },
          call: 'closeByRelease',
          args: [cumulative, release],
          from: by ?? 'payer',
        },
      ]
      const choice = steps[step === 0 ? 0 : [0, 1, 1, 1, 2, 3, 4, 5, 6][random(9)]!]! // both tables are that long
      const now = (await chain.time()) + 1 + (random(3) === 0 ? CLOSE_DELAY_SECONDS : random(100))
      await chain.nextTime(now)
      const args = choice.event.kind === 'deposit' ? [terms, choice.event.amount] : [terms, ...choice.args]
      const expected = transitionChannel(state, choice.event, now)
      const wanted = 'refused' in expected ? expected.refused : undefined
      const refused = await chain.attempt(
        channels,
        choice.call,
        args,
        choice.from === 'payer' ? payer : payee,
      )
      report.channelEvents++
      if (refused === undefined) report.accepted++
      else report.refused[refused] = (report.refused[refused] ?? 0) + 1
      if (refused !== wanted) {
        report.differences.push(`channel ${i} step ${step} ${choice.call}: ${wanted} but ${refused}`)
      }
      if ('refused' in expected) continue
      if (choice.event.kind === 'deposit') held += choice.event.amount
      held -= expected.claimed - state.claimed + (expected.refunded - state.refunded)
      state = expected
    }
    const theirs = (await chain.read(channels, 'stateOf', [id])) as {
      deposit: bigint
      claimed: bigint
      closesAt: number
      round: number
    }
    const closesAt = state.status === 'closing' ? state.closesAt : 0
    const ours = [state.deposit, state.claimed, closesAt, state.round].join()
    if ([theirs.deposit, theirs.claimed, theirs.closesAt, theirs.round].join() !== ours) {
      report.differences.push(`channel ${i}: ${ours} but ${Object.values(theirs).join()}`)
    }
    if (i % 20 === 0 || i === count - 1) {
      const balance = (await chain.read(coin, 'balanceOf', [channels.address])) as bigint
      if (balance !== held) report.differences.push(`balance after channel ${i}: ${held} but ${balance}`)
    }
  }
}

async function signHash(privateKey: Hex, hash: Hex): Promise<Hex> {
  return serializeSignature(await sign({ privateKey, hash }))
}
