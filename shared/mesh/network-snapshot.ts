import type { LayerRange } from '../protocol/layer-range.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'

/** What `GET /api/network` answers: the mesh as this relay sees it. Ids are text because this crosses JSON. */
export interface NetworkSnapshot {
  readonly relay: {
    readonly peerId: string
    readonly addresses: readonly string[]
    readonly uptimeMs: number
  }
  readonly models: readonly {
    readonly id: string
    readonly name: string
    readonly encoding: 'q4' | 'q8'
    readonly layerCount: number
    readonly sizeBytes: number
    /** Layers that no awake peer serves. */
    readonly gaps: readonly LayerRange[]
  }[]
  readonly peers: readonly {
    readonly peerId: string
    readonly kind: 'tab' | 'native'
    readonly isBackstop: boolean
    readonly isAwake: boolean
    readonly sinceMs: number
    readonly stages: readonly {
      readonly modelId: string
      readonly layers: LayerRange
      readonly state: 'loading' | 'ready'
      readonly decodeStepMs: number
      readonly openSessions: number
    }[]
  }[]
  readonly links: readonly {
    readonly from: string
    readonly to: string
    readonly path: LinkPath
    readonly roundTripMs: number
  }[]
  /** Over the last minute, of answers that this relay asked for. */
  readonly rates: {
    readonly tokensPerSecond: number
    readonly openSessions: number
    readonly answersTotal: number
    readonly tokensTotal: number
    /** Tensor bytes that stages said went through a relay, of all that they sent. */
    readonly tensorBytesRelayedTotal: number
    readonly tensorBytesTotal: number
  }
}
