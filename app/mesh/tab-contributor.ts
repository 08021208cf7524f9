import type { Contributor, ContributorStatus, Power } from '../mesh-contributor.ts'
import { toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import type { MeshPeerStatus } from '../../shared/mesh/mesh-peer.ts'
import type { HeldStage } from '../../shared/mesh/stage-host.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import { TabPeer } from './tab-peer.ts'

/** Listeners hear of changes at most this often; figures that change faster are noise to a reader. */
const NOTIFY_INTERVAL_MS = 100

const OFF: ContributorStatus = {
  phase: 'off',
  peerId: null,
  backend: null,
  power: 'balanced',
  stage: null,
  download: null,
  openSessions: 0,
  tokensServed: 0,
  memoryBytes: 0,
  stepTimeDrift: null,
  links: [],
  error: null,
}

/** {@link Contributor} for a tab: turns the life of a {@link TabPeer} into the status that the pages show. */
export class TabContributor implements Contributor {
  readonly #relayOrigin: string
  readonly #listeners = new Set<(status: ContributorStatus) => void>()
  #status: ContributorStatus = OFF
  #peer: TabPeer | null = null
  #notifyTimer: ReturnType<typeof setTimeout> | null = null
  readonly #onPageHide = (): void => this.#peer?.abort()

  constructor(relayOrigin: string) {
    this.#relayOrigin = relayOrigin
  }

  get status(): ContributorStatus {
    return this.#status
  }

  subscribe(listener: (status: ContributorStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(options: { readonly power: Power; readonly pinnedLayers: LayerRange | null }): Promise<void> {
    if (this.#peer !== null) return
    this.#set({ ...OFF, phase: 'connecting', power: options.power })
    const peer = new TabPeer({
      relayOrigin: this.#relayOrigin,
      power: options.power,
      pinnedLayers: options.pinnedLayers,
      onChange: (status) => this.#show(status),
      onStageFailed: (error) => this.#fail(error),
      onCrash: (error) => {
        this.#fail(error)
        void this.#release()
      },
    })
    this.#peer = peer
    addEventListener('pagehide', this.#onPageHide)
    try {
      await peer.start()
      this.#set({ ...this.#status, phase: 'waiting', peerId: peer.peerId, backend: peer.backend })
      this.#show(peer.status())
    } catch (error) {
      // A stop in the middle of the start is a wish, not a failure.
      if (this.#peer !== peer) return
      this.#fail(toErrorObject(error))
      await this.#release()
    }
  }

  setPower(power: Power): void {
    this.#peer?.setPower(power)
    this.#set({ ...this.#status, power })
  }

  async stop(): Promise<void> {
    if (this.#peer === null) {
      this.#set({ ...OFF, power: this.#status.power })
      return
    }
    this.#set({ ...this.#status, phase: 'stopping' })
    await this.#release()
    this.#set({ ...OFF, power: this.#status.power, tokensServed: this.#status.tokensServed })
  }

  async #release(): Promise<void> {
    removeEventListener('pagehide', this.#onPageHide)
    const peer = this.#peer
    this.#peer = null
    await peer?.stop()
  }

  #fail(error: MeshErrorObject): void {
    this.#set({ ...this.#status, phase: 'failed', error })
  }

  #show(status: MeshPeerStatus): void {
    const peer = this.#peer
    if (peer === null || peer.peerId === null) return
    const stage = status.stages.find(({ state }) => state !== 'draining') ?? null
    const isFailed = this.#status.phase === 'failed' && stage === null
    this.#set({
      phase: isFailed ? 'failed' : phaseOf(stage),
      peerId: peer.peerId,
      backend: peer.backend,
      power: this.#status.power,
      stage:
        stage === null
          ? null
          : {
              modelName: stage.manifest.name,
              layers: stage.layers,
              layerCount: stage.manifest.config.layerCount,
              weightBytes: stage.weightBytes,
              decodeStepMs: stage.decodeStepMs,
            },
      download: stage?.download ?? this.#status.download,
      openSessions: status.openSessions,
      tokensServed: status.tokensServed,
      memoryBytes: status.stages.reduce((sum, held) => sum + held.weightBytes, 0),
      stepTimeDrift:
        status.recentStepMs === null || stage?.decodeStepMs == null
          ? null
          : status.recentStepMs / stage.decodeStepMs,
      links: status.links.map(({ peerId, path, roundTripMs }) => ({
        peerId,
        path,
        roundTripMs: roundTripMs ?? 0,
      })),
      error: isFailed ? this.#status.error : null,
    })
  }

  #set(status: ContributorStatus): void {
    this.#status = status
    this.#notifyTimer ??= setTimeout(() => {
      this.#notifyTimer = null
      for (const listener of this.#listeners) listener(this.#status)
    }, NOTIFY_INTERVAL_MS)
  }
}

function phaseOf(stage: HeldStage | null): ContributorStatus['phase'] {
  switch (stage?.state) {
    case undefined:
      return 'waiting'
    case 'downloading':
      return 'downloading'
    case 'preparing':
      return 'preparing'
    case 'ready':
    case 'draining':
      return 'serving'
  }
}
