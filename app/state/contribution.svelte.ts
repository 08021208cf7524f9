import { toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import type { Contributor, ContributorStatus, Power } from '../mesh-contributor.ts'
import { readStored, writeStored } from './stored.ts'

export const POWERS: readonly Power[] = ['quiet', 'balanced', 'full']
const POWER_KEY = 'racemesh.power'
const RELAY_ONLY_KEY = 'racemesh.relay-only'
const SAMPLE_MS = 1_000
// Two minutes, as on the Network page.
const SAMPLES = 120
// Downloads come in bursts of pieces: a rate over less time jumps.
const RATE_WINDOW_MS = 4_000

const OFF: Omit<ContributorStatus, 'power'> = {
  phase: 'off',
  peerId: null,
  backend: null,
  slowedBy: [],
  stage: null,
  shortage: null,
  download: null,
  openSessions: 0,
  tokensServed: 0,
  memoryBytes: 0,
  stepTimeDrift: null,
  links: [],
  error: null,
}

/** This tab's share in the mesh. Nothing of the mesh is loaded, let alone run, before {@link Contribution.start}. */
export class Contribution {
  #status = $state.raw<ContributorStatus>({ ...OFF, power: storedPower() })
  #isRelayOnly = $state(readStored(() => localStorage, RELAY_ONLY_KEY) === true)
  #tokenRates = $state.raw<readonly number[]>([])
  #downloadRate = $state.raw<number | null>(null)
  readonly #relayOrigin: string
  #contributor: Contributor | null = null
  /** Counts presses of Start and Stop, so that a slow start knows that it was overtaken. */
  #run = 0
  #unsubscribe: () => void = () => undefined
  #sampler: ReturnType<typeof setInterval> | undefined
  #tokensAtSample = 0
  #downloadSamples: { readonly atMs: number; readonly doneBytes: number }[] = []

  constructor(relayOrigin: string) {
    this.#relayOrigin = relayOrigin
  }

  get status(): ContributorStatus {
    return this.#status
  }

  /** Whether peers reach this tab through the relay alone; asked for at the next start. */
  get isRelayOnly(): boolean {
    return this.#isRelayOnly
  }

  get isOn(): boolean {
    return this.#status.phase !== 'off' && this.#status.phase !== 'failed'
  }

  /** Tokens that passed this stage in each of the last seconds, oldest first. */
  get tokenRates(): readonly number[] {
    return this.#tokenRates
  }

  /** Bytes a second over the last seconds; null until it can be told. */
  get downloadRate(): number | null {
    return this.#downloadRate
  }

  /**
   * Joins the mesh. `event` is the press that asked for it: scripts can click too, but they cannot make a trusted
   * event, so consent is always a person's.
   */
  async start(event: Event, pinnedLayers: LayerRange | null): Promise<void> {
    if (!event.isTrusted || this.isOn) return
    const run = ++this.#run
    this.#take({ ...OFF, phase: 'connecting', power: this.#status.power })
    try {
      // One that failed may still hold workers or connections.
      await this.#contributor?.stop()
      const contributor = this.#contributor ?? (await this.#load())
      // Stop was pressed while the code was on its way.
      if (run !== this.#run) return
      await contributor.start({
        power: this.#status.power,
        pinnedLayers,
        isRelayOnly: this.#isRelayOnly,
      })
    } catch (error) {
      if (run === this.#run) this.#fail(toErrorObject(error))
    }
  }

  /** Ends the work; safe to call at any time. */
  async stop(): Promise<void> {
    const run = ++this.#run
    if (this.#contributor === null) {
      this.#take({ ...OFF, power: this.#status.power })
      return
    }
    this.#take({ ...this.#status, phase: 'stopping' })
    try {
      await this.#contributor.stop()
    } catch (error) {
      if (run === this.#run) this.#fail(toErrorObject(error))
    }
  }

  setPower(power: Power): void {
    this.#status = { ...this.#status, power }
    writeStored(() => localStorage, POWER_KEY, power)
    this.#contributor?.setPower(power)
  }

  setRelayOnly(isRelayOnly: boolean): void {
    this.#isRelayOnly = isRelayOnly
    writeStored(() => localStorage, RELAY_ONLY_KEY, isRelayOnly)
  }

  dispose(): void {
    this.#unsubscribe()
    clearInterval(this.#sampler)
  }

  async #load(): Promise<Contributor> {
    const { createContributor } = await import('../mesh/create-contributor.ts').catch((cause: unknown) => {
      throw Object.assign(new Error('The code of the mesh could not be loaded.', { cause }), {
        name: 'LoadError',
      })
    })
    const contributor = await createContributor({ relayOrigin: this.#relayOrigin })
    this.#unsubscribe = contributor.subscribe((status) => this.#take(status))
    this.#contributor = contributor
    return contributor
  }

  #fail(error: MeshErrorObject): void {
    this.#take({ ...this.#status, phase: 'failed', error: this.#status.error ?? error })
  }

  #take(status: ContributorStatus): void {
    const wasOn = this.isOn
    this.#status = status
    this.#downloadRate = this.#rateOf(status.download?.doneBytes)
    if (this.isOn && !wasOn) {
      this.#tokensAtSample = status.tokensServed
      this.#tokenRates = []
      clearInterval(this.#sampler)
      this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS)
    }
    if (!this.isOn) clearInterval(this.#sampler)
  }

  #sample(): void {
    const { tokensServed } = this.#status
    const tokens = Math.max(0, tokensServed - this.#tokensAtSample)
    this.#tokensAtSample = tokensServed
    this.#tokenRates = [...this.#tokenRates, tokens / (SAMPLE_MS / 1000)].slice(-SAMPLES)
  }

  #rateOf(doneBytes: number | undefined): number | null {
    if (doneBytes === undefined) {
      this.#downloadSamples = []
      return null
    }
    const nowMs = performance.now()
    this.#downloadSamples.push({ atMs: nowMs, doneBytes })
    this.#downloadSamples = this.#downloadSamples.filter((sample) => nowMs - sample.atMs <= RATE_WINDOW_MS)
    const [first] = this.#downloadSamples
    if (first === undefined || nowMs - first.atMs < 500) return null
    return Math.max(0, ((doneBytes - first.doneBytes) * 1000) / (nowMs - first.atMs))
  }
}

function storedPower(): Power {
  const stored = readStored(() => localStorage, POWER_KEY)
  return POWERS.find((power) => power === stored) ?? 'balanced'
}
