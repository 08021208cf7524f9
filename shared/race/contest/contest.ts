import { errorCode, toErrorObject, type MeshErrorObject } from '../../errors.ts'
import { RestartAllowance } from '../../engine/restart-allowance.ts'
import type { Clock } from '../../mesh/ports.ts'
import { toHex } from '../../protocol/ids.ts'
import { RACE_PROOF_LIMITS } from '../../protocol/race-proof/race-proof.ts'
import { ClaimAccumulator } from '../claims/claim-accumulator.ts'
import { countMultiplyAccumulates } from '../race-class.ts'
import {
  nonceRange,
  type Evaluation,
  type PreparedRace,
  type RaceParams,
  type RacePath,
  type RacePathName,
} from '../race-path.ts'
import type { NodeSeed } from '../seeds.ts'
import { BatchSizer } from './batch-sizer.ts'
import { createEventYield, type EventYield } from './event-yield.ts'
import { RateMeter } from './rate-meter.ts'
import type { UserFirstGate } from './user-first-gate.ts'

/** What is raced, by whom, until when. */
export interface ContestRace extends RaceParams {
  readonly nodeSeed: NodeSeed
  /** On the wall clock, milliseconds since 1970. Nothing that is found later is claimed. */
  readonly deadlineAtMs: number
  /** Default 0. */
  readonly firstNonce?: number | undefined
}

export interface ContestParts {
  /** Opens the device; called again after it was lost. */
  readonly openPath: () => Promise<RacePath>
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  /** Waited for at every checkpoint. */
  readonly gate?: UserFirstGate | undefined
  /** Share of the time to compute, above 0 and at most 1; default 1. */
  readonly duty?: number | undefined
  readonly onProgress?: ((progress: ContestProgress) => void) | undefined
  /** Hits in ascending order, as soon as the batch that found them is over. */
  readonly onHits?: ((nonces: readonly number[], commitment: RunningCommitment) => void) | undefined
  /** Sees every score, for a picture; scores then come back from the device instead of hits alone. */
  readonly onScores?: ((nonces: Uint32Array, evaluation: Evaluation) => void) | undefined
  readonly createYield?: (() => EventYield) | undefined
}

export type ContestPhase =
  | 'opening'
  /** Making weights. */
  | 'preparing'
  | 'racing'
  /** A user's request computes on this device. */
  | 'yielding'
  | 'paused'
  /** The device was lost and is opened again after a pause. */
  | 'recovering'
  | 'ended'

export interface ContestProgress {
  readonly phase: ContestPhase
  /** Null until a device was opened. */
  readonly pathName: RacePathName | null
  readonly adapter: string | null
  /** Share of the weights that is made, 0 to 1. */
  readonly preparedShare: number
  readonly noncesTried: number
  readonly hits: number
  /** Over the last seconds, rests included; null before the first batch. */
  readonly noncesPerSecond: number | null
  readonly multiplyAccumulatesPerSecond: number | null
  /** Multiply-accumulates per second of computing over the peak that the path has measured; null without one. */
  readonly shareOfPeak: number | null
  readonly remainingMs: number
  /** Times that the device was lost. */
  readonly deviceLosses: number
}

/** What a commitment covers at some moment. */
export interface RunningCommitment {
  readonly nonceCount: number
  readonly claimCount: number
  /** 64 hex digits. */
  readonly root: string
}

export interface ContestResult extends RunningCommitment {
  readonly firstNonce: number
  readonly claimedNonces: readonly number[]
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly outcome:
    | { readonly kind: 'deadline' | 'stopped' | 'nonces-used-up' }
    /** What was found before is in the result all the same. */
    | { readonly kind: 'failed'; readonly error: MeshErrorObject }
}

const LAST_NONCE = 0xffff_ffff
/** Losses of these kinds say nothing against trying again. */
const RECOVERABLE = new Set(['DEVICE_LOST', 'THREAD_FAILED'])
/** Rests shorter than this are added to the next one: timers are a millisecond coarse, and 4 in a nested browser timer. */
const SHORTEST_REST_MS = 5

/** Why a batch was cut short; never an error of ours. */
class Interrupted extends Error {
  override readonly name = 'AbortError'
  constructor(readonly kind: 'deadline' | 'stopped') {
    super(`The contest is over: ${kind}.`)
  }
}

/**
 * One peer's part in one Race: runs nonces in ascending order until the deadline and commits to every hit as it comes.
 *
 * All claims are in the result however it ends; a batch that was under way at the end is not counted as tried.
 *
 * @example
 * const contest = new Contest({ raceClass, raceSeed, nodeSeed, deadlineAtMs }, { openPath, clock, wallClock: Date.now })
 * const result = await contest.run()
 */
export class Contest {
  readonly #race: ContestRace
  readonly #parts: ContestParts
  readonly #firstNonce: number
  readonly #claims = new ClaimAccumulator()
  readonly #claimedNonces: number[] = []
  readonly #rate: RateMeter
  readonly #allowance = new RestartAllowance()
  readonly #end = new AbortController()
  /** Settles with {@link #end}. */
  readonly #ended: Promise<void>
  #eventYield: EventYield | null = null
  /** On the clock that is never set; null before the start. */
  #deadlineMs: number | null = null
  #nonceCount = 0
  #phase: ContestPhase = 'opening'
  #path: RacePath | null = null
  /** What its figures were measured on, also when it is closed. */
  #lastPath: Pick<RacePath, 'name' | 'adapter'> | null = null
  #prepared: PreparedRace | null = null
  #preparedShare = 0
  #peak: number | null = null
  #deviceLosses = 0
  #duty: number
  #restOwedMs = 0
  #resume: (() => void) | null = null
  #resumed: Promise<void> | null = null
  // Of the batch under way.
  #dispatchStartMs = 0
  #activeMs = 0
  #longestDispatchMs = 0

  constructor(race: ContestRace, parts: ContestParts) {
    this.#race = race
    this.#parts = parts
    this.#firstNonce = race.firstNonce ?? 0
    this.#duty = parts.duty ?? 1
    this.#rate = new RateMeter(parts.clock)
    this.#ended = new Promise((resolve) => {
      this.#end.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** The claims so far. */
  get commitment(): RunningCommitment {
    return {
      nonceCount: this.#nonceCount,
      claimCount: this.#claims.count,
      root: toHex(this.#claims.root()),
    }
  }

  get progress(): ContestProgress {
    const noncesPerSecond = this.#rate.perSecond
    const cost = countMultiplyAccumulates(this.#race.raceClass)
    const { perActiveSecond } = this.#rate
    return {
      phase: this.#phase,
      pathName: this.#lastPath?.name ?? null,
      adapter: this.#lastPath?.adapter ?? null,
      preparedShare: this.#preparedShare,
      noncesTried: this.#nonceCount,
      hits: this.#claims.count,
      noncesPerSecond,
      multiplyAccumulatesPerSecond: noncesPerSecond === null ? null : noncesPerSecond * cost,
      shareOfPeak:
        this.#peak === null || perActiveSecond === null ? null : (perActiveSecond * cost) / this.#peak,
      remainingMs: Math.max(
        0,
        this.#deadlineMs === null ? this.#untilDeadline() : this.#deadlineMs - this.#parts.clock.now(),
      ),
      deviceLosses: this.#deviceLosses,
    }
  }

  /** Races to the end. Never rejects for what happens to the device: see {@link ContestResult.outcome}. */
  async run(): Promise<ContestResult> {
    const { clock, wallClock } = this.#parts
    const startedAtMs = wallClock()
    const remainingMs = this.#untilDeadline()
    this.#deadlineMs = clock.now() + remainingMs
    const cancelDeadline = clock.after(remainingMs, () => this.#finish('deadline'))
    if (remainingMs <= 0) this.#finish('deadline')
    this.#eventYield = (this.#parts.createYield ?? createEventYield)()
    let outcome: ContestResult['outcome']
    try {
      outcome = await this.#raceUntilEnd()
    } finally {
      cancelDeadline()
      await this.#release()
      this.#eventYield.close()
    }
    this.#enter('ended')
    return {
      ...this.commitment,
      firstNonce: this.#firstNonce,
      claimedNonces: [...this.#claimedNonces],
      startedAtMs,
      // A wall clock may be set back while the contest runs, and the last dispatch may end after the deadline.
      endedAtMs: Math.max(startedAtMs, Math.min(wallClock(), this.#race.deadlineAtMs)),
      outcome,
    }
  }

  /** Ends the contest at the next checkpoint; what was found stays. */
  stop(): void {
    this.#finish('stopped')
  }

  /** Holds the work at the next checkpoint; the deadline does not wait. */
  pause(): void {
    if (this.#resumed !== null || this.#end.signal.aborted) return
    this.#resumed = new Promise((resolve) => (this.#resume = resolve))
    if (this.#phase === 'racing') this.#enter('paused')
  }

  resume(): void {
    this.#resumed = null
    this.#resume?.()
  }

  /** @param duty share of the time to compute, above 0 and at most 1 */
  setDuty(duty: number): void {
    this.#duty = duty
    this.#restOwedMs = 0
  }

  #untilDeadline(): number {
    return this.#race.deadlineAtMs - this.#parts.wallClock()
  }

  #finish(kind: 'deadline' | 'stopped'): void {
    if (!this.#end.signal.aborted) this.#end.abort(new Interrupted(kind))
  }

  async #raceUntilEnd(): Promise<ContestResult['outcome']> {
    for (;;) {
      try {
        await this.#open()
        await this.#raceBatches()
        return { kind: 'nonces-used-up' }
      } catch (error) {
        // The abort is the cause of whatever a path throws when it is interrupted.
        const reason = this.#end.signal.reason
        if (reason instanceof Interrupted) return { kind: reason.kind }
        const delayMs = RECOVERABLE.has(errorCode(error) ?? '')
          ? this.#allowance.afterDeath(this.#parts.clock.now())
          : null
        if (delayMs === null) return { kind: 'failed', error: toErrorObject(error) }
        this.#deviceLosses++
        this.#enter('recovering')
        await this.#release()
        await this.#sleep(delayMs)
      }
    }
  }

  async #open(): Promise<void> {
    const { signal } = this.#end
    signal.throwIfAborted()
    this.#enter('opening')
    this.#path = await this.#parts.openPath()
    this.#lastPath = this.#path
    signal.throwIfAborted()
    this.#peak = (await this.#path.measurePeak?.({ signal })) ?? this.#peak
    this.#preparedShare = 0
    this.#enter('preparing')
    this.#prepared = await this.#path.prepare(this.#race, {
      signal,
      onProgress: (share) => {
        this.#preparedShare = share
        this.#report()
      },
    })
    this.#preparedShare = 1
  }

  async #raceBatches(): Promise<void> {
    const prepared = this.#prepared!
    const { clock, onScores } = this.#parts
    const { signal } = this.#end
    const sizer = new BatchSizer(prepared.batchNonces)
    this.#enter('racing')
    for (let left = this.#noncesLeft(); left > 0; left = this.#noncesLeft()) {
      await this.#hold()
      signal.throwIfAborted()
      const count = Math.min(left, sizer.next(this.progress.remainingMs * this.#duty))
      const nonces = nonceRange(this.#firstNonce + this.#nonceCount, count)
      const batch = { nodeSeed: this.#race.nodeSeed, nonces }
      const options = { signal, checkpoint: () => this.#checkpoint() }
      this.#activeMs = 0
      this.#longestDispatchMs = 0
      this.#dispatchStartMs = clock.now()
      let hits: readonly number[]
      if (onScores === undefined) hits = await prepared.findHits(batch, options)
      else {
        const evaluation = await prepared.evaluate(batch, options)
        hits = [...nonces].filter((_, i) => evaluation.hits[i] === 1)
        onScores(nonces, evaluation)
      }
      this.#noteDispatch()
      // Found too late: whoever keeps the time would not count it.
      signal.throwIfAborted()
      sizer.note({ nonces: count, longestDispatchMs: this.#longestDispatchMs, activeMs: this.#activeMs })
      this.#rate.note(count, this.#activeMs)
      this.#claim(hits, count)
      this.#report()
    }
  }

  #noncesLeft(): number {
    if (this.#claims.count >= RACE_PROOF_LIMITS.maxClaims) return 0
    return Math.min(LAST_NONCE, LAST_NONCE + 1 - this.#firstNonce) - this.#nonceCount
  }

  #claim(hits: readonly number[], count: number): void {
    // A proof holds so many claims and no more; hits beyond are left out, as if the contest had ended before them.
    const room = RACE_PROOF_LIMITS.maxClaims - this.#claims.count
    const claimed = hits.slice(0, room)
    const nextHit = hits[room]
    this.#nonceCount = nextHit === undefined ? this.#nonceCount + count : nextHit - this.#firstNonce
    for (const nonce of claimed) {
      this.#claims.append(nonce)
      this.#claimedNonces.push(nonce)
    }
    if (claimed.length > 0) this.#parts.onHits?.(claimed, this.commitment)
  }

  /** Called by the path between dispatches. */
  async #checkpoint(): Promise<void> {
    this.#noteDispatch()
    await this.#eventYield!.yield()
    await this.#hold()
    this.#dispatchStartMs = this.#parts.clock.now()
  }

  #noteDispatch(): void {
    const elapsedMs = this.#parts.clock.now() - this.#dispatchStartMs
    this.#activeMs += elapsedMs
    this.#longestDispatchMs = Math.max(this.#longestDispatchMs, elapsedMs)
    this.#restOwedMs += elapsedMs * (1 / this.#duty - 1)
  }

  /** Waits for users, for the person who paused, and for the rest that the power position asks for. */
  async #hold(): Promise<void> {
    const { gate } = this.#parts
    // Each may begin again while another is waited for.
    while (!this.#end.signal.aborted) {
      if (gate?.isTaken === true) {
        this.#enter('yielding')
        await Promise.race([gate.whenFree(), this.#ended])
      } else if (this.#resumed !== null) {
        this.#enter('paused')
        await Promise.race([this.#resumed, this.#ended])
      } else if (this.#restOwedMs >= SHORTEST_REST_MS) {
        const restMs = this.#restOwedMs
        this.#restOwedMs = 0
        await this.#sleep(restMs)
      } else break
    }
    if (this.#phase !== 'racing' && !this.#end.signal.aborted) this.#enter('racing')
  }

  async #sleep(durationMs: number): Promise<void> {
    let cancel = (): void => undefined
    const rested = new Promise<void>((resolve) => (cancel = this.#parts.clock.after(durationMs, resolve)))
    await Promise.race([rested, this.#ended])
    cancel()
  }

  async #release(): Promise<void> {
    this.#prepared?.dispose()
    this.#prepared = null
    const path = this.#path
    this.#path = null
    await path?.dispose()
  }

  #enter(phase: ContestPhase): void {
    this.#phase = phase
    this.#report()
  }

  #report(): void {
    this.#parts.onProgress?.(this.progress)
  }
}
