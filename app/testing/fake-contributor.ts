import type { Contributor, ContributorStatus } from '../mesh-contributor.ts'
import { PEERS } from './fake-network.ts'

/** Layers from here on do not fit, so that a test can see a start fail. */
export const FIRST_TOO_LARGE_LAYER = 1_000

/** Stands in for the mesh in browser tests: walks through every phase in about a second and then counts tokens. */
export function createContributor(_options: { relayOrigin: string }): Promise<Contributor> {
  return Promise.resolve(new FakeContributor())
}

class FakeContributor implements Contributor {
  #status: ContributorStatus = {
    phase: 'off',
    peerId: null,
    backend: null,
    power: 'balanced',
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
  readonly #listeners = new Set<(status: ContributorStatus) => void>()
  #timer: ReturnType<typeof setInterval> | undefined
  #tick = 0

  get status(): ContributorStatus {
    return this.#status
  }

  subscribe(listener: (status: ContributorStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start({ power, pinnedLayers }: Parameters<Contributor['start']>[0]): Promise<void> {
    const layers = pinnedLayers ?? { start: 4, end: 8 }
    if (layers.start >= FIRST_TOO_LARGE_LAYER) {
      this.#set({
        phase: 'failed',
        error: {
          name: 'EngineError',
          shortMessage: 'These layers need 3.1 GB, and this device offers 0.5 GB.',
          metaMessages: ['Other tabs may hold memory.', 'Close some, or choose fewer layers.'],
          data: { code: 'OUT_OF_BUDGET' },
        },
      })
      return Promise.resolve()
    }
    this.#tick = 0
    this.#set({ phase: 'connecting', power, tokensServed: 0, error: null, links: [], stage: null })
    this.#timer = setInterval(() => this.#step(layers), 100)
    return Promise.resolve()
  }

  setPower(power: ContributorStatus['power']): void {
    this.#set({ power })
  }

  stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#set({ phase: 'off', stage: null, download: null, openSessions: 0, links: [], error: null })
    return Promise.resolve()
  }

  #step(layers: { start: number; end: number }): void {
    this.#tick++
    const totalBytes = 6_400_000
    const tick = this.#tick
    const stage = { modelName: 'guide', layers, layerCount: 8, weightBytes: totalBytes, decodeStepMs: null }
    if (tick === 2) this.#set({ phase: 'waiting', peerId: PEERS[2] ?? null })
    if (tick >= 4 && tick < 20) {
      const doneBytes = Math.min(totalBytes, 1_600_000 + (tick - 4) * 320_000)
      this.#set({ phase: 'downloading', stage, download: { doneBytes, totalBytes, cachedBytes: 1_600_000 } })
    }
    if (tick === 20)
      this.#set({ phase: 'preparing', backend: 'webgpu', download: null, memoryBytes: 9_800_000 })
    if (tick >= 24) {
      this.#set({
        phase: 'serving',
        stage: { ...stage, decodeStepMs: 3.4 + Math.sin(tick / 9) * 0.3 },
        tokensServed: this.#status.tokensServed + Math.max(0, Math.round(4 + 3 * Math.sin(tick / 13))),
        openSessions: 2,
        stepTimeDrift: 1.02,
        links: [
          { peerId: PEERS[0] ?? '', path: 'worker-channel', roundTripMs: 1.24 },
          { peerId: PEERS[1] ?? '', path: 'relayed-stream', roundTripMs: 38 },
        ],
      })
    }
  }

  #set(change: Partial<ContributorStatus>): void {
    this.#status = { ...this.#status, ...change }
    for (const listener of this.#listeners) listener(this.#status)
  }
}
