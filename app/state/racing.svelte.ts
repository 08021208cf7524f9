import { toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import type { ContestProgress } from '../../shared/race/contest/contest.ts'
import { RACE_CLASSES, type RaceClassName } from '../../shared/race/race-class.ts'
import type { RaceVerdict } from '../../shared/race/verify/verdict.ts'
import { dutyOf, type SlowReason } from '../lib/power-rule.ts'
import { ScoreField } from '../lib/score-field.ts'
import type { Power } from '../mesh-contributor.ts'
import type { ConditionSources, DeviceConditions } from '../mesh/device-conditions.ts'
import type { TabRacer } from '../race/tab-racer.ts'
import type { RaceReport } from '../worker/race-messages.ts'
import { readStored, writeStored } from './stored.ts'

const POWERS: readonly Power[] = ['quiet', 'balanced', 'full']
const POWER_KEY = 'racemesh.race-power'
const SAMPLE_MS = 1_000
/** Two minutes, as on the other pages. */
const SAMPLES = 120

export const RACE_DURATIONS_MS = [60_000, 300_000, 1_800_000] as const

/** A finished race: what was found, and its proof. */
export interface FinishedRace {
  readonly raceClass: RaceClassName
  readonly nonceCount: number
  readonly claimCount: number
  readonly outcome: Extract<RaceReport, { kind: 'ended' }>['result']['outcome']
  readonly proof: Uint8Array<ArrayBuffer>
}

/** The check of a finished race's proof: how far it is, then what it found. */
export type ProofCheck =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly checked: number; readonly total: number }
  | { readonly state: 'done'; readonly verdict: RaceVerdict; readonly words: readonly string[] }

/** This tab's part in a Race. Nothing of it is loaded, let alone run, before {@link Racing.start}. */
export class Racing {
  #raceClass = $state.raw<RaceClassName>('tab')
  #durationMs = $state.raw<number>(RACE_DURATIONS_MS[0])
  #power = $state.raw<Power>(storedPower())
  #slowedBy = $state.raw<readonly SlowReason[]>([])
  #isOn = $state.raw(false)
  #progress = $state.raw<ContestProgress | null>(null)
  #field = $state.raw<ScoreField | null>(null)
  /** The field is written in place; this tells that it has changed. */
  #fieldVersion = $state.raw(0)
  #nonceRates = $state.raw<readonly number[]>([])
  #finished = $state.raw<FinishedRace | null>(null)
  #check = $state.raw<ProofCheck>({ state: 'none' })
  #error = $state.raw<MeshErrorObject | null>(null)
  #racer: TabRacer | null = null
  #conditions: DeviceConditions | null = null
  #run = 0
  #sampler: ReturnType<typeof setInterval> | undefined

  get raceClass(): RaceClassName {
    return this.#raceClass
  }

  get durationMs(): number {
    return this.#durationMs
  }

  get power(): Power {
    return this.#power
  }

  get slowedBy(): readonly SlowReason[] {
    return this.#slowedBy
  }

  /** From the press of Start to the end of the race. */
  get isOn(): boolean {
    return this.#isOn
  }

  get isPaused(): boolean {
    return this.#progress?.phase === 'paused'
  }

  /** Null until the worker has said something. */
  get progress(): ContestProgress | null {
    return this.#progress
  }

  get field(): ScoreField | null {
    return this.#field
  }

  get fieldVersion(): number {
    return this.#fieldVersion
  }

  /** Nonces a second at each of the last seconds, oldest first. */
  get nonceRates(): readonly number[] {
    return this.#nonceRates
  }

  get finished(): FinishedRace | null {
    return this.#finished
  }

  get check(): ProofCheck {
    return this.#check
  }

  get error(): MeshErrorObject | null {
    return this.#error
  }

  chooseClass(name: RaceClassName): void {
    if (!this.#isOn) this.#raceClass = name
  }

  chooseDuration(durationMs: number): void {
    if (!this.#isOn) this.#durationMs = durationMs
  }

  /** `event` is the press that asked for it: a script cannot make a trusted one, so consent is always a person's. */
  async start(event: Event): Promise<void> {
    if (!event.isTrusted || this.#isOn) return
    const run = ++this.#run
    this.#clear()
    this.#isOn = true
    const { hitNumerator } = RACE_CLASSES[this.#raceClass]
    // Both are fixed when the race starts; the choices are locked meanwhile.
    this.#field = new ScoreField(this.#durationMs, Math.sqrt(hitNumerator / 65_536))
    try {
      const [{ TabRacer }, { DeviceConditions }] = await Promise.all([
        import('../race/tab-racer.ts'),
        import('../mesh/device-conditions.ts'),
      ]).catch((cause: unknown) => {
        throw Object.assign(new Error('The code of the Race could not be loaded.', { cause }), {
          name: 'LoadError',
        })
      })
      // Stop was pressed while the code was on its way.
      if (run !== this.#run) return
      const sources: ConditionSources = {
        document,
        // The battery is no part of TypeScript's list.
        navigator: navigator as ConditionSources['navigator'],
      }
      this.#conditions = new DeviceConditions(sources, () => this.#pace())
      this.#racer = new TabRacer((report) => {
        if (run === this.#run) this.#take(report)
      })
      this.#slowedBy = this.#reasons()
      this.#racer.send({
        kind: 'start',
        raceClass: this.#raceClass,
        beacon: crypto.getRandomValues(new Uint8Array(32)),
        durationMs: this.#durationMs,
        duty: this.#duty(),
      })
      this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS)
    } catch (error) {
      if (run === this.#run) this.#fail(toErrorObject(error))
    }
  }

  pause(): void {
    this.#racer?.send({ kind: 'pause' })
  }

  resume(): void {
    this.#racer?.send({ kind: 'resume' })
  }

  /** Ends the race at the next dispatch; what was found stays. */
  stop(): void {
    if (this.#racer === null) {
      this.#run++
      this.#isOn = false
    } else this.#racer.send({ kind: 'stop' })
  }

  setPower(power: Power): void {
    this.#power = power
    writeStored(() => localStorage, POWER_KEY, power)
    this.#pace()
  }

  /** Runs the claims of the finished race again, as anybody could who has the proof. */
  verify(): void {
    if (this.#finished === null || this.#racer === null || this.#check.state === 'running') return
    this.#check = { state: 'running', checked: 0, total: this.#finished.claimCount }
    this.#racer.send({ kind: 'verify' })
  }

  /** Back to the choice; the proof is given up. */
  reset(): void {
    this.#run++
    this.#clear()
  }

  dispose(): void {
    this.#run++
    this.#release()
  }

  #take(report: RaceReport): void {
    switch (report.kind) {
      case 'progress':
        this.#progress = report.progress
        break
      case 'scores':
        this.#field?.add(report.scores)
        this.#fieldVersion++
        break
      case 'ended': {
        const { outcome, nonceCount, claimCount } = report.result
        this.#settle()
        if (outcome.kind === 'failed' && nonceCount === 0) return this.#fail(outcome.error)
        this.#error = outcome.kind === 'failed' ? outcome.error : null
        this.#finished = { raceClass: this.#raceClass, nonceCount, claimCount, outcome, proof: report.proof }
        break
      }
      case 'checked':
        this.#check = { state: 'running', checked: report.checked, total: report.total }
        break
      case 'verdict':
        this.#check = { state: 'done', verdict: report.verdict, words: report.words }
        break
      case 'failed':
        this.#fail(report.error)
        break
      default:
        report satisfies never
    }
  }

  #fail(error: MeshErrorObject): void {
    this.#settle()
    this.#release()
    this.#check = { state: 'none' }
    this.#error = error
  }

  /** The race is over; its worker stays for the check. */
  #settle(): void {
    this.#isOn = false
    clearInterval(this.#sampler)
    this.#conditions?.stop()
    this.#conditions = null
    this.#slowedBy = []
  }

  #release(): void {
    clearInterval(this.#sampler)
    this.#conditions?.stop()
    this.#conditions = null
    this.#racer?.dispose()
    this.#racer = null
  }

  #clear(): void {
    this.#release()
    this.#isOn = false
    this.#progress = null
    this.#field = null
    this.#nonceRates = []
    this.#finished = null
    this.#check = { state: 'none' }
    this.#error = null
  }

  #pace(): void {
    this.#slowedBy = this.#reasons()
    this.#racer?.send({ kind: 'set-duty', duty: this.#duty() })
  }

  /** The Race sends next to nothing, so that a metered connection is no reason. */
  #reasons(): readonly SlowReason[] {
    return (this.#conditions?.reasons ?? []).filter((reason) => reason !== 'metered')
  }

  #duty(): number {
    return dutyOf(this.#power, this.#slowedBy)
  }

  #sample(): void {
    const { phase, noncesPerSecond } = this.#progress ?? { phase: 'opening', noncesPerSecond: null }
    const rate = phase === 'racing' ? (noncesPerSecond ?? 0) : 0
    this.#nonceRates = [...this.#nonceRates, rate].slice(-SAMPLES)
  }
}

function storedPower(): Power {
  const stored = readStored(() => localStorage, POWER_KEY)
  return POWERS.find((power) => power === stored) ?? 'balanced'
}
