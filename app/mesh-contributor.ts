import type { LayerRange } from '../shared/protocol/layer-range.ts'
import type { LinkPath } from '../shared/protocol/stage-advert/stage-advert.ts'
import type { SlowReason } from './lib/power-rule.ts'
import type { MeshErrorObject } from '../shared/errors.ts'
import type { MemoryShortage } from '../shared/mesh/stage-host.ts'

/** Share of the device that a contributor lends. */
export type Power = 'quiet' | 'balanced' | 'full'

/** The tab's side of the mesh as the pages see it. Nothing runs before `start`, which must come from a trusted click. */
export interface Contributor {
  readonly status: ContributorStatus
  /** Called after each change, at most 10 times a second. Returns the way to stop listening. */
  subscribe(listener: (status: ContributorStatus) => void): () => void
  start(options: {
    readonly power: Power
    readonly pinnedLayers: LayerRange | null
    /** Everything goes through the relay, so that no peer learns the address of this device. */
    readonly isRelayOnly: boolean
  }): Promise<void>
  setPower(power: Power): void
  /** Halts work within a second: sessions end as `leaving`, workers and connections close. */
  stop(): Promise<void>
}

export interface ContributorStatus {
  readonly phase:
    | 'off'
    | 'connecting'
    /** Connected, no stage assigned yet. */
    | 'waiting'
    | 'downloading'
    /** Building the graph and running the self-test. */
    | 'preparing'
    | 'serving'
    | 'stopping'
    | 'failed'
  readonly peerId: string | null
  readonly backend: 'webgpu' | 'wasm' | null
  readonly power: Power
  /** Why the tab takes less of the device than `power` allows, see `dutyOf`. */
  readonly slowedBy: readonly SlowReason[]
  readonly stage: {
    readonly modelName: string
    readonly layers: LayerRange
    readonly layerCount: number
    readonly weightBytes: number
    readonly decodeStepMs: number | null
  } | null
  /** Why a tab waits for layers in vain; null where that is not so. */
  readonly shortage: MemoryShortage | null
  /** `cachedBytes` were already on this device. */
  readonly download: {
    readonly doneBytes: number
    readonly totalBytes: number
    readonly cachedBytes: number
  } | null
  readonly openSessions: number
  readonly tokensServed: number
  /** Weights and KV caches, bytes. */
  readonly memoryBytes: number
  /** Latest engine step against the device's own baseline, 1 = as measured at load; rises as the device heats. */
  readonly stepTimeDrift: number | null
  readonly links: readonly {
    readonly peerId: string
    readonly path: LinkPath
    readonly roundTripMs: number
  }[]
  readonly error: MeshErrorObject | null
}
