import type { LayerRange } from '../layer-range.ts'
import type { ModelId, PeerIdText } from '../ids.ts'

/** GossipSub topic of {@link StageAdvert}. */
export const STAGE_ADVERTS_V1 = '/mesh/stage-adverts/1.0.0'

/** What a peer says of itself: where it is, what it could hold, what it serves. The newest `sequence` of a `generation` counts. */
export interface StageAdvert {
  readonly peerId: PeerIdText
  /** Grows each time that the peer starts or wakes from a freeze; stale frames are refused by it. */
  readonly generation: number
  readonly sequence: number
  readonly kind: 'tab' | 'native'
  /** A backstop serves only the layers that nobody else covers (the native peer of `npm start`). */
  readonly isBackstop: boolean
  /** False while the peer drains or sleeps: no new session may choose it. */
  readonly isAwake: boolean
  /** Where the peer holds circuit reservations, as multiaddrs without the `/p2p-circuit` part, at most 4. */
  readonly relayAddresses: readonly string[]
  /** Bytes that it is willing to hold in stages. */
  readonly memoryBudgetBytes: number
  /** Encodings that its engine runs well. */
  readonly encodings: readonly ('q4' | 'q8')[]
  /** The owner's wish for exactly these layers (`--layers`, `?layers=`); null lets the relay decide. */
  readonly pinnedLayers: LayerRange | null
  readonly stages: readonly AdvertisedStage[]
  /** Measured links to neighbours, at most 32. */
  readonly links: readonly AdvertisedLink[]
}

export interface AdvertisedStage {
  readonly modelId: ModelId
  readonly layers: LayerRange
  readonly state: 'loading' | 'ready'
  /** Median time of one decode step, microseconds. */
  readonly decodeStepMicros: number
  readonly openSessions: number
  readonly maxSessions: number
}

export interface AdvertisedLink {
  readonly peerId: PeerIdText
  readonly path: LinkPath
  /** Median round trip of the last beats, microseconds. */
  readonly roundTripMicros: number
}

/** The rungs of the fallback ladder, best first (design section 6). */
export type LinkPath = 'worker-channel' | 'main-channel' | 'stream' | 'relayed-stream'
export const LINK_PATHS: readonly LinkPath[] = ['worker-channel', 'main-channel', 'stream', 'relayed-stream']

/** True for the rung whose bytes a relay carries. */
export function isRelayedPath(path: LinkPath): boolean {
  return path === 'relayed-stream'
}
