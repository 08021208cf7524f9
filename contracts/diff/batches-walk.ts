import { keccak256, numberToHex, toBytes, type Abi, type Address, type Hex } from 'viem'
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
import { blsSign } from '../../shared/money/bls.ts'
import { DEFAULT_SPLIT, splitFees } from '../../shared/money/fee-split.ts'
import {
  ISSUANCE_GENESIS,
  releaseCoins,
  splitReleased,
  type IssuanceState,
} from '../../shared/money/issuance.ts'
import { proveLeaf } from '../../shared/money/merkle-tree.ts'
import { payOut, proveTotal, type Payout } from '../../shared/money/totals.ts'
import { batchesAbi } from '../generated/Batches.ts'
import { quorumAbi } from '../generated/Quorum.ts'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { countStep, type DiffReport } from './report.ts'
import type { Stage } from './stage.ts'
import type { At, Random, Walk } from './walk.ts'

const PAYEES = Array.from({ length: 12 }, (_, i) => numberToHex(0xbeef00 + i, { size: 20 }))
const SECONDS_PER_DAY = 86_400

/** A batch that was settled, and what it pays. */
interface Settled {
  readonly batch: Batch
  readonly payout: Payout
}

/** Random batches, right and wrong, with claims, repetitions, stops, demands and new coins, as the model has them happen. */
export class BatchesWalk {
  readonly #stage: Stage
  readonly #walk: Walk
  readonly #random: Random
  readonly #report: DiffReport
  readonly #terms: BatchTerms
  readonly #dailyCap: bigint
  readonly #trainingShareBps: bigint
  readonly #contract: At
  #state: BatchesState = NO_BATCHES
  #issuance: IssuanceState = ISSUANCE_GENESIS
  #totals: Payout['totals'] = new Map()
  /** The newest batches that stand. */
  readonly #known: Settled[] = []

  constructor(stage: Stage, walk: Walk, random: Random, report: DiffReport) {
    const { parameters } = stage
    this.#stage = stage
    this.#walk = walk
    this.#random = random
    this.#report = report
    this.#dailyCap = BigInt(parameters.dailyCap)
    this.#trainingShareBps = BigInt(parameters.trainingShareBps)
    this.#terms = {
      ...DEFAULT_SPLIT,
      leafLimit: Number(parameters.leafLimit),
      intervalBlocks: Number(parameters.intervalBlocks),
      slashWindowBlocks: Number(parameters.slashWindowBlocks),
      demandBlocks: Number(parameters.demandBlocks),
      demandBond: BigInt(parameters.demandBond),
      epoch: 1n,
      setId: stage.setId,
    }
    // Refusals of the quorum come through `settle`.
    this.#contract = { abi: [...batchesAbi, ...quorumAbi] as Abi, address: stage.batches }
  }

  /** One more batch and what happens around it. */
  step(): void {
    const random = this.#random
    if (random(4) === 0 || this.#report.batches === 0) this.#fund()
    this.#settle()
    const last = this.#known.at(-1)
    if (last === undefined) return
    const isWaiting = last.batch.number === this.#state.head.number
    if (isWaiting && random(10) === 0) this.#demand(last)
    if (random(12) === 0) {
      const batch = this.#sometimesOther(last.batch)
      this.#apply({ kind: 'stop', batch }, 'stop', [batch])
    }
    if (!this.#state.commitments.has(last.batch.number)) this.#forget()
    if (random(2) === 0) this.#walk.pass(this.#terms.slashWindowBlocks + 1)
    this.#finalise()
    this.#claim()
    if (this.#report.batches % 10 === 0) this.compare()
  }

  /** What the contract holds, against the model. */
  compare(): void {
    const { unallotted, head, balance } = this.#state
    const walk = this.#walk
    walk.expect(this.#contract, 'unallotted', [], [unallotted.fees, unallotted.rewards])
    walk.expect(this.#contract, 'head', [], {
      number: head.number,
      postedAt: BigInt(head.postedAt),
      demandableUntil: BigInt(head.demandableUntil),
      releasedAt: BigInt(head.releasedAt),
    })
    walk.expect({ abi: raceCoinAbi, address: this.#stage.coin }, 'balanceOf', [this.#stage.batches], balance)
    for (const payee of PAYEES) {
      walk.expect(this.#contract, 'claimedOf', [payee], this.#state.claimed.get(payee) ?? 0n)
    }
  }

  #fund(): void {
    const amount = BigInt(this.#random(1_000_000)) * 10n ** BigInt(this.#random(17)) + 1n
    this.#apply({ kind: 'fund', amount }, 'fund', [amount])
  }

  #settle(): void {
    const random = this.#random
    const { unallotted, head } = this.#state
    let fees = (unallotted.fees * BigInt(random(120))) / 100n
    if (fees < 100n) fees = 100n
    const rewards = (unallotted.rewards * BigInt(random(11))) / 10n
    const workers = PAYEES.filter(() => random(2) === 0)
    const payout = payOut(
      this.#totals,
      {
        fees,
        rewards,
        operators: [
          { payee: PAYEES[random(12)]!, work: 1n }, // twelve payees
          ...workers.map((payee) => ({ payee, work: BigInt(random(1000)) + 1n })),
        ],
        validators: [{ payee: this.#stage.actor, work: 1n }],
      },
      DEFAULT_SPLIT,
    )
    const { validators, treasury } = splitFees(fees, DEFAULT_SPLIT)
    const batch: Batch = {
      number: head.number + (random(20) === 0 ? 2n : 1n),
      epoch: random(30) === 0 ? 2n : 1n,
      setId: this.#terms.setId,
      totalsRoot: payout.tree.root,
      receiptsRoot: payout.tree.root,
      payeeCount: payout.payees.length,
      receiptCount: random(5) === 0 ? this.#terms.leafLimit : payout.payees.length,
      fees,
      validators,
      treasury: random(30) === 0 ? treasury + 1n : treasury,
      rewards,
    }
    const isSigned = random(15) !== 0
    const home = { chainId: this.#stage.chainId, address: this.#stage.batches }
    const digest = isSigned ? batchDigest(home, batch) : keccak256('0x')
    const signature = blsSign(toBytes(this.#stage.validatorKey), digest)
    // Mostly late enough, sometimes not.
    const interval = this.#terms.intervalBlocks
    this.#walk.pass(random(6) === 0 ? random(interval + 5) : interval + 1 + random(4))
    this.#report.batches++
    if (this.#apply({ kind: 'settle', batch, isSigned }, 'settle', [batch, 0n, signature])) {
      this.#totals = payout.totals
      this.#known.push({ batch, payout })
      if (this.#known.length > 8) this.#known.shift()
    }
  }

  /** Now and then a batch that was never settled: one field is another. */
  #sometimesOther(batch: Batch): Batch {
    if (this.#random(10) !== 0) return batch
    const others: Partial<Batch>[] = [
      { epoch: batch.epoch + 1n },
      { totalsRoot: keccak256(batch.totalsRoot) },
      { receiptsRoot: keccak256(batch.receiptsRoot) },
      { payeeCount: batch.payeeCount + 1 },
      { fees: batch.fees + 1n },
      { treasury: batch.treasury + 1n },
      { rewards: batch.rewards + 1n },
    ]
    return { ...batch, ...others[this.#random(others.length)] }
  }

  #demand({ batch: settled, payout }: Settled): void {
    const random = this.#random
    const batch = this.#sometimesOther(settled)
    const index = random(settled.payeeCount)
    const leaf = { batch, tree: 'totals', index } as const
    const args = [batch, 0, BigInt(index)] // 0: the tree of totals
    this.#apply({ kind: 'demand', ...leaf, asker: this.#stage.actor }, 'demandData', args)
    if (random(2) === 0) {
      if (random(5) === 0) this.#walk.pass(this.#terms.demandBlocks)
      const payee = payout.payees[index]! // below the number of payees
      const isRight = random(4) !== 0
      const data = totalsData(payee, (payout.totals.get(payee) ?? 0n) + (isRight ? 0n : 1n))
      const siblings = proveLeaf(payout.tree, index)
      this.#apply({ kind: 'answer', ...leaf, data, siblings }, 'answerDemand', [...args, data, siblings])
    } else {
      this.#walk.pass(random(2) === 0 ? this.#terms.demandBlocks + 1 : 3)
      this.#apply({ kind: 'closeDemand', ...leaf }, 'closeDemand', args)
    }
  }

  /** A batch that was stopped leaves no trace in the totals of the next. */
  #forget(): void {
    this.#known.pop()
    this.#totals = this.#known.at(-1)?.payout.totals ?? new Map<string, bigint>()
  }

  #finalise(): void {
    const settled = this.#known[this.#random(this.#known.length || 1)]
    if (settled === undefined || this.#random(3) === 0) return
    const batch = this.#sometimesOther(settled.batch)
    const day = BigInt(Math.floor((this.#walk.nextTime - this.#stage.genesis) / SECONDS_PER_DAY))
    const release = releaseCoins(this.#issuance, { fees: batch.fees, day, dailyCap: this.#dailyCap })
    const { reward } = splitReleased(release.subsidy + release.minimum, {
      fees: batch.fees,
      trainingShareBps: this.#trainingShareBps,
    })
    if (this.#apply({ kind: 'finalise', batch, newCoins: reward }, 'finalise', [batch])) {
      this.#issuance = release.state
    }
  }

  #claim(): void {
    const random = this.#random
    const from = this.#known[random(this.#known.length || 1)]
    if (from === undefined) return
    const payee = from.payout.payees[random(from.payout.payees.length)]! // every payout names somebody
    const proof = proveTotal(from.payout, payee)
    const cumulative = random(8) === 0 ? proof.cumulative + BigInt(random(100)) : proof.cumulative
    const { number } = from.batch
    const hash = batchHash(from.batch)
    const { index, siblings } = proof
    const event = { kind: 'claim', number, hash, payee, cumulative, index, siblings } as const
    const args = [number, hash, cumulative, BigInt(index), siblings]
    this.#apply(event, 'claim', args, payee)
    // Again, at once: whatever happened, the second time pays nothing.
    this.#report.doubleSpends++
    if (this.#apply(event, 'claim', args, payee)) throw new Error('The model pays a claim twice.')
  }

  /** @returns Whether the model accepts it */
  #apply(
    event: BatchEvent,
    functionName: string,
    args: readonly unknown[],
    from: Address = this.#stage.actor,
  ): boolean {
    this.#walk.pass(1)
    const next = transitionBatches(this.#state, event, this.#walk.block, this.#terms)
    const refused = 'refused' in next ? next.refused : undefined
    this.#walk.send(this.#contract, from, functionName, args, refused)
    this.#report.batchEvents++
    countStep(this.#report, refused)
    if ('refused' in next) return false
    this.#state = next
    return true
  }
}

function totalsData(payee: Address, total: bigint): Hex {
  return `${payee}${total.toString(16).padStart(32, '0')}`
}
