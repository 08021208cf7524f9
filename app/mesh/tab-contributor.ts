import { dutyOf, type SlowReason } from '../lib/power-rule.ts'
import type { Contributor, ContributorStatus, Power } from '../mesh-contributor.ts'
import { toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import { RestartAllowance } from '../../shared/engine/restart-allowance.ts'
import type { MeshPeerStatus } from '../../shared/mesh/mesh-peer.ts'
import type { HeldStage } from '../../shared/mesh/stage-host.ts'
import { systemClock, type Clock } from '../../shared/mesh/ports.ts'
import { DeviceConditions, type ConditionSources } from './device-conditions.ts'
import { TabPeer, type TabPeerOptions } from './tab-peer.ts'

/** Listeners hear of changes at most this often; figures that change faster are noise to a reader. */
const NOTIFY_INTERVAL_MS = 100

const OFF: ContributorStatus = {
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

type StartOptions = Parameters<Contributor['start']>[0]

/** What is used of a {@link TabPeer}. */
export type ContributingPeer = Pick<
  TabPeer,
  'peerId' | 'backend' | 'start' | 'status' | 'setDuty' | 'stop' | 'abort'
>

/** {@link Contributor} for a tab: turns the life of a {@link TabPeer} into the status that the pages show. */
export class TabContributor implements Contributor {
  readonly #relayOrigin: string
  readonly #listeners = new Set<(status: ContributorStatus) => void>()
  #status: ContributorStatus = OFF
  readonly #createPeer: (options: TabPeerOptions) => ContributingPeer
  readonly #clock: Clock
  #peer: ContributingPeer | null = null
  /** What the person asked for last; null once they asked to stop. */
  #wish: StartOptions | null = null
  #allowance = new RestartAllowance()
  #cancelRestart = (): void => {}
  /** By peers of this contribution that have died. */
  #tokensBefore = 0
  #notifyTimer: ReturnType<typeof setTimeout> | null = null
  readonly #sources: ConditionSources
  /** While the tab contributes. */
  #conditions: DeviceConditions | null = null
  readonly #onPageHide = (): void => this.#peer?.abort()

  /** @param parts others than a real tab's, for tests */
  constructor(
    relayOrigin: string,
    parts: {
      createPeer?: (options: TabPeerOptions) => ContributingPeer
      clock?: Clock
      conditions?: ConditionSources
    } = {},
  ) {
    this.#relayOrigin = relayOrigin
    this.#createPeer = parts.createPeer ?? ((options) => new TabPeer(options))
    this.#clock = parts.clock ?? systemClock
    this.#sources = parts.conditions ?? {
      document,
      navigator: navigator as ConditionSources['navigator'], // battery and connection are no standards
    }
  }

  get status(): ContributorStatus {
    return this.#status
  }

  subscribe(listener: (status: ContributorStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(options: StartOptions): Promise<void> {
    if (this.#wish !== null) return
    this.#wish = options
    this.#allowance = new RestartAllowance()
    this.#tokensBefore = 0
    this.#conditions ??= new DeviceConditions(this.#sources, () => this.#pace())
    await this.#join(options)
  }

  async #join(wish: StartOptions): Promise<void> {
    this.#set({
      ...OFF,
      phase: 'connecting',
      power: wish.power,
      slowedBy: this.#reasons(),
      tokensServed: this.#tokensBefore,
    })
    const peer = this.#createPeer({
      relayOrigin: this.#relayOrigin,
      power: wish.power,
      duty: dutyOf(wish.power, this.#reasons()),
      isRelayOnly: wish.isRelayOnly,
      pinnedLayers: wish.pinnedLayers,
      onChange: (status) => this.#show(status),
      onStageFailed: (error) => this.#fail(error),
      onCrash: (error) => {
        if (this.#peer === peer) void this.#onCrash(error)
      },
    })
    this.#peer = peer
    addEventListener('pagehide', this.#onPageHide)
    try {
      await peer.start()
      // Overtaken by a stop or a crash, which have said what there is to say.
      if (this.#peer !== peer) return
      this.#set({ ...this.#status, phase: 'waiting', peerId: peer.peerId, backend: peer.backend })
      this.#show(peer.status())
    } catch (error) {
      // A stop in the middle of the start is a wish, not a failure.
      if (this.#peer !== peer) return
      this.#wish = null
      this.#fail(toErrorObject(error))
      await this.#release()
    }
  }

  setPower(power: Power): void {
    if (this.#wish !== null) this.#wish = { ...this.#wish, power }
    this.#set({ ...this.#status, power })
    this.#pace()
  }

  /** The choice of the person, lowered by what the device says. */
  #pace(): void {
    const slowedBy = this.#reasons()
    this.#peer?.setDuty(dutyOf(this.#status.power, slowedBy))
    this.#set({ ...this.#status, slowedBy })
  }

  #reasons(): readonly SlowReason[] {
    return this.#conditions?.reasons ?? []
  }

  async stop(): Promise<void> {
    this.#wish = null
    this.#conditions?.stop()
    this.#conditions = null
    this.#cancelRestart()
    if (this.#peer === null) {
      this.#set({ ...OFF, power: this.#status.power, tokensServed: this.#status.tokensServed })
      return
    }
    this.#set({ ...this.#status, phase: 'stopping' })
    await this.#release()
    this.#set({ ...OFF, power: this.#status.power, tokensServed: this.#status.tokensServed })
  }

  /** A worker died: joins again as a new peer, whose pieces are on this device already, unless that happens too often. */
  async #onCrash(error: MeshErrorObject): Promise<void> {
    const delayMs = this.#allowance.afterDeath(this.#clock.now())
    this.#tokensBefore = this.#status.tokensServed
    if (delayMs === null) {
      this.#wish = null
      this.#fail(error)
      await this.#release()
      return
    }
    console.warn('Racemesh: a worker of this tab stopped and is started again.', error)
    this.#set({ ...OFF, phase: 'connecting', power: this.#status.power, tokensServed: this.#tokensBefore })
    await this.#release()
    this.#cancelRestart = this.#clock.after(delayMs, () => {
      if (this.#wish !== null && this.#peer === null) void this.#join(this.#wish)
    })
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
      slowedBy: this.#reasons(),
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
      shortage: status.shortage,
      download: stage?.download ?? this.#status.download,
      openSessions: status.openSessions,
      tokensServed: this.#tokensBefore + status.tokensServed,
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
