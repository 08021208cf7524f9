import { toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { parseNetworkSnapshot } from '../lib/network-snapshot.ts'

// Two minutes at one poll a second: what a person can still connect with what they just saw.
const HISTORY_LENGTH = 120
const REQUEST_TIMEOUT_MS = 5_000

export interface StageHistory {
  readonly decodeStepMs: readonly number[]
  readonly openSessions: readonly number[]
}

/** The mesh as the relay sees it, polled only while a page shows it and the tab is visible. */
export class Network {
  #snapshot = $state.raw<NetworkSnapshot | null>(null)
  #error = $state.raw<MeshErrorObject | null>(null)
  #tokenRates = $state.raw<readonly number[]>([])
  readonly #history = new Map<string, { decodeStepMs: number[]; openSessions: number[] }>()
  readonly #watchers = new Set<{ intervalMs: number }>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #isPolling = false
  readonly #onVisibility = (): void => this.#schedule(0)

  constructor() {
    document.addEventListener('visibilitychange', this.#onVisibility)
  }

  /** The latest picture; kept when a poll fails, so that {@link error} can say how old it is. */
  get snapshot(): NetworkSnapshot | null {
    return this.#snapshot
  }

  get error(): MeshErrorObject | null {
    return this.#error
  }

  /** Tokens per second of the last polls, oldest first. */
  get tokenRates(): readonly number[] {
    return this.#tokenRates
  }

  /** What the polls saw of one peer's stage, oldest first. */
  historyOf(peerId: string, modelId: string): StageHistory {
    void this.#snapshot // Read so that a new poll redraws the chart.
    const history = this.#history.get(`${modelId} ${peerId}`)
    return {
      decodeStepMs: [...(history?.decodeStepMs ?? [])],
      openSessions: [...(history?.openSessions ?? [])],
    }
  }

  /** Keeps the picture fresh until the returned function is called. */
  watch(intervalMs: number): () => void {
    const watcher = { intervalMs }
    this.#watchers.add(watcher)
    this.#schedule(0)
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) clearTimeout(this.#timer)
    }
  }

  /** Asks again now. */
  retry(): void {
    this.#schedule(0)
  }

  dispose(): void {
    this.#watchers.clear()
    clearTimeout(this.#timer)
    document.removeEventListener('visibilitychange', this.#onVisibility)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    if (this.#watchers.size === 0 || document.visibilityState === 'hidden') return
    this.#timer = setTimeout(() => void this.#poll(), delayMs)
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    try {
      const response = await fetch('/api/network', { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
      if (!response.ok) throw new Error(`The relay answered with status ${response.status}.`)
      this.#take(parseNetworkSnapshot(await response.json()))
    } catch (error) {
      this.#error = {
        name: 'NetworkError',
        shortMessage: 'The relay does not answer.',
        metaMessages: ['It may have stopped, or this device is offline.'],
        data: { code: 'RELAY_UNREACHABLE', reason: toErrorObject(error).shortMessage } as { code: string },
      }
    } finally {
      this.#isPolling = false
    }
    this.#schedule(Math.min(...[...this.#watchers].map((watcher) => watcher.intervalMs)))
  }

  #take(snapshot: NetworkSnapshot): void {
    const seen = new Set<string>()
    for (const peer of snapshot.peers) {
      for (const stage of peer.stages) {
        const key = `${stage.modelId} ${peer.peerId}`
        seen.add(key)
        const history = this.#history.get(key) ?? { decodeStepMs: [], openSessions: [] }
        this.#history.set(key, history)
        keep(history.decodeStepMs, stage.decodeStepMs)
        keep(history.openSessions, stage.openSessions)
      }
    }
    for (const key of this.#history.keys()) if (!seen.has(key)) this.#history.delete(key)
    this.#tokenRates = [...this.#tokenRates, snapshot.rates.tokensPerSecond].slice(-HISTORY_LENGTH)
    this.#error = null
    this.#snapshot = snapshot
  }
}

function keep(values: number[], value: number): void {
  values.push(value)
  if (values.length > HISTORY_LENGTH) values.shift()
}
