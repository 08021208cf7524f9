import { keccak256, numberToHex, toBytes, type Abi, type Address, type Hex } from 'viem'
import { blsSign } from '../../shared/money/bls.ts'
import {
  outcomeDigest,
  startEpoch,
  transitionEpoch,
  type EpochEvent,
  type EpochOutcome,
  type EpochState,
  type EpochTerms,
} from '../../shared/money/epoch.ts'
import { commitTo, delayedGenerator, openWith, proveDelay } from '../../shared/money/timed-commitment.ts'
import { epochsAbi } from '../generated/Epochs.ts'
import { quorumAbi } from '../generated/Quorum.ts'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { countStep, type DiffReport } from './report.ts'
import type { Stage } from './stage.ts'
import type { At, Random, Walk } from './walk.ts'

/** A proof of nothing: 256 bytes, as a proof has. */
const WRONG_PROOF = numberToHex(3, { size: 256 })

/** Random commitments, reveals, recoveries and outcomes, right and wrong, as the model has them happen. */
export class EpochsWalk {
  readonly #stage: Stage
  readonly #walk: Walk
  readonly #random: Random
  readonly #report: DiffReport
  readonly #contract: At
  readonly #terms: EpochTerms
  readonly #delay: number
  readonly #generator: Hex
  /** Validators, and somebody who is none. */
  readonly #members: readonly Address[]
  /** What each member committed to in this epoch. */
  readonly #secrets = new Map<Address, bigint>()
  #state: EpochState

  constructor(stage: Stage, walk: Walk, random: Random, report: DiffReport) {
    const { parameters } = stage
    this.#stage = stage
    this.#walk = walk
    this.#random = random
    this.#report = report
    // Errors of the quorum come through `propose`.
    this.#contract = { abi: [...epochsAbi, ...quorumAbi] as Abi, address: stage.epochs }
    this.#terms = {
      epochBlocks: Number(parameters.epochBlocks),
      commitBlocks: Number(parameters.commitBlocks),
      revealBlocks: Number(parameters.revealBlocks),
      slashWindowBlocks: Number(parameters.slashWindowBlocks),
      deposit: BigInt(parameters.beaconDeposit),
    }
    this.#delay = Number(parameters.delay)
    this.#generator = delayedGenerator(this.#delay).output
    this.#members = [...stage.validators, stage.payer]
    this.#state = startEpoch(1n, stage.seed, walk.block, this.#terms)
  }

  /** One more event. */
  step(): void {
    this.#passTime()
    // Mostly what the hour asks for, and now and then something else.
    const others = ['commit', 'reveal', 'recover', 'restart', 'propose', 'reject', 'activate'] as const
    const kind = this.#random(4) === 0 ? others[this.#random(others.length)] : this.#due()
    switch (kind) {
      case 'commit':
        return this.#commit(this.#pick(this.#members))
      case 'reveal':
        return this.#reveal(this.#pickCommitted())
      case 'recover':
        return this.#recover(this.#pickCommitted())
      case 'restart':
        // Early, when nobody had the time to commit, this is refused; late, it begins a round anew.
        return void this.#apply({ kind }, 'restartBeacon', [])
      case 'propose':
        return this.#propose()
      case 'reject':
        return this.#random(3) === 0 ? void this.#apply({ kind }, 'reject', []) : undefined
      default:
        return void this.#apply({ kind: 'activate' }, 'activate', [])
    }
  }

  /** What the contract holds, against the model. */
  compare(): void {
    const { number, round, seeds, deposits, activeFrom } = this.#state
    const opened = [...round.commitments.values()].filter((isOpen) => isOpen).length
    this.#walk.expect(this.#contract, 'current', [], [number, this.#stage.setId])
    this.#walk.expect(this.#contract, 'round', [], {
      commitments: round.commitments.size,
      opened,
      startBlock: BigInt(round.startBlock),
      commitEnd: BigInt(round.commitEnd),
      revealEnd: BigInt(round.revealEnd),
      mix: round.mix,
    })
    const seed = seeds.get(number + 1n) ?? numberToHex(0, { size: 32 })
    this.#walk.expect(this.#contract, 'seedOf', [number + 1n], seed)
    if (activeFrom !== undefined) {
      this.#walk.expect(this.#contract, 'pending', [], [this.#outcome(number + 1n), BigInt(activeFrom)])
    }
    const coin = { abi: raceCoinAbi, address: this.#stage.coin }
    this.#walk.expect(coin, 'balanceOf', [this.#stage.epochs], deposits)
  }

  /** A few blocks, or to just before or after the next moment that counts. */
  #passTime(): void {
    const { round, startBlock, activeFrom } = this.#state
    const moments = [
      round.startBlock,
      round.commitEnd,
      round.revealEnd,
      startBlock + this.#terms.epochBlocks,
      activeFrom,
    ]
    const ahead = moments.filter((block) => block !== undefined && block > this.#walk.block + 2)
    const next = Math.min(...(ahead as number[])) // `filter` left no undefined
    if (this.#random(6) === 0 && Number.isFinite(next)) {
      this.#walk.pass(next - this.#walk.block - 2 + this.#random(3))
    } else this.#walk.pass(this.#random(3))
  }

  #due(): EpochEvent['kind'] {
    const { round, activeFrom } = this.#state
    const next = this.#walk.block + 1
    if (next < round.commitEnd) return 'commit'
    if (this.#closed().length > 0) return next < round.revealEnd ? 'reveal' : 'recover'
    if (round.commitments.size === 0) return 'restart'
    return activeFrom === undefined ? 'propose' : 'activate'
  }

  /** Members whose commitment nobody has opened. */
  #closed(): Address[] {
    const { commitments } = this.#state.round
    return this.#members.filter((member) => commitments.get(member.toLowerCase()) === false)
  }

  #pick(members: readonly Address[]): Address {
    return members[this.#random(members.length)]! // below the number of members
  }

  /** Mostly somebody whose commitment is closed. */
  #pickCommitted(): Address {
    const closed = this.#closed()
    return this.#pick(closed.length === 0 || this.#random(6) === 0 ? this.#members : closed)
  }

  #commit(member: Address): void {
    const secret = BigInt(keccak256(numberToHex(this.#random(2 ** 32))))
    const event = { kind: 'commit', member, isValidator: member !== this.#stage.payer } as const
    if (this.#apply(event, 'commit', [commitTo(secret)], member)) this.#secrets.set(member, secret)
  }

  #reveal(member: Address): void {
    const secret = this.#secrets.get(member) ?? 5n
    const isRight = this.#random(8) !== 0
    const content = isRight ? openWith(secret, this.#generator) : undefined
    const args = [commitTo(secret), isRight ? secret : secret + 1n]
    this.#apply({ kind: 'reveal', member, content }, 'reveal', args, member)
  }

  #recover(member: Address): void {
    const element = commitTo(this.#secrets.get(member) ?? 5n)
    const { output, proof, nonce } = proveDelay(element, this.#delay)
    const isRight = this.#random(8) !== 0
    const content = isRight ? output : undefined
    const args = [member, element, output, isRight ? proof : WRONG_PROOF, BigInt(nonce)]
    this.#apply({ kind: 'recover', member, content }, 'recover', args)
  }

  #propose(): void {
    const random = this.#random
    const running = this.#state.number
    const number = random(6) === 0 ? running + BigInt(random(3)) : running + 1n
    const isSigned = random(8) !== 0
    const outcome = this.#outcome(number)
    const home = { chainId: this.#stage.chainId, address: this.#stage.epochs }
    const digest = outcomeDigest(home, { number: running, setId: this.#stage.setId }, outcome)
    const signature = blsSign(toBytes(this.#stage.validatorKey), isSigned ? digest : keccak256('0x'))
    this.#apply({ kind: 'propose', number, isSigned }, 'propose', [outcome, 0n, signature])
  }

  /** The set stays the same; weights are not looked at here. */
  #outcome(number: bigint): EpochOutcome {
    const weightRoot = keccak256(numberToHex(number))
    const drawRoot = numberToHex(0, { size: 32 })
    const { setId } = this.#stage
    return {
      number,
      weightRoot,
      totalWeight: 100n,
      drawRoot,
      drawCount: 0,
      drawWeight: 0n,
      setId,
      isSampled: false,
    }
  }

  /** @returns Whether the model accepts it */
  #apply(
    event: EpochEvent,
    functionName: string,
    args: readonly unknown[],
    from: Address = this.#stage.actor,
  ): boolean {
    this.#walk.pass(1)
    const next = transitionEpoch(this.#state, event, this.#walk.block, this.#terms)
    const refused = 'refused' in next ? next.refused : undefined
    this.#walk.send(this.#contract, from, functionName, args, refused)
    this.#report.epochEvents++
    countStep(this.#report, refused)
    if ('refused' in next) return false
    if (next.number !== this.#state.number) {
      this.#report.epochs++
      this.#secrets.clear()
    }
    this.#state = next
    return true
  }
}
