import type { MemberPeer } from '../shared/mesh/membership.ts'
import type { NetworkSnapshot } from '../shared/mesh/network-snapshot.ts'
import type { ModelManifest } from '../shared/model/manifest.ts'
import type { LayerRange } from '../shared/protocol/layer-range.ts'
import type { AnswerCounters } from './counting-asker.ts'

export interface SnapshotInput {
  readonly self: string
  readonly addresses: readonly string[]
  readonly uptimeMs: number
  readonly nowMs: number
  readonly models: readonly ModelManifest[]
  readonly sizeOf: (manifest: ModelManifest) => number
  readonly peers: readonly MemberPeer[]
  readonly counters: AnswerCounters
}

/** Draws the picture of the mesh that `GET /api/network` answers. */
export function networkSnapshot(input: SnapshotInput): NetworkSnapshot {
  return {
    relay: { peerId: input.self, addresses: input.addresses, uptimeMs: Math.round(input.uptimeMs) },
    models: input.models.map((manifest) => ({
      id: manifest.id,
      name: manifest.name,
      encoding: manifest.encoding,
      layerCount: manifest.config.layerCount,
      sizeBytes: input.sizeOf(manifest),
      gaps: gaps(manifest, input.peers),
    })),
    peers: input.peers.map(({ advert, firstSeenMs }) => ({
      peerId: advert.peerId,
      kind: advert.kind,
      isBackstop: advert.isBackstop,
      isAwake: advert.isAwake,
      sinceMs: Math.round(input.nowMs - firstSeenMs),
      stages: advert.stages.map((stage) => ({
        modelId: stage.modelId,
        layers: stage.layers,
        state: stage.state,
        decodeStepMs: stage.decodeStepMicros / 1000,
        openSessions: stage.openSessions,
      })),
    })),
    links: input.peers.flatMap(({ advert }) =>
      advert.links.map((link) => ({
        from: advert.peerId,
        to: link.peerId,
        path: link.path,
        roundTripMs: link.roundTripMicros / 1000,
      })),
    ),
    rates: {
      tokensPerSecond: input.counters.tokensPerSecond,
      openSessions: input.counters.openSessions,
      answersTotal: input.counters.answersTotal,
      tokensTotal: input.counters.tokensTotal,
      tensorBytesRelayedTotal: input.counters.tensorBytesRelayedTotal,
      tensorBytesTotal: input.counters.tensorBytesTotal,
    },
  }
}

/** Layers that no awake peer serves, as maximal ranges. */
function gaps(manifest: ModelManifest, peers: readonly MemberPeer[]): readonly LayerRange[] {
  const served = new Array<boolean>(manifest.config.layerCount).fill(false)
  for (const { advert } of peers) {
    if (!advert.isAwake) continue
    for (const stage of advert.stages)
      if (stage.modelId === manifest.id && stage.state === 'ready')
        served.fill(true, stage.layers.start, Math.min(stage.layers.end, served.length))
  }
  const ranges: LayerRange[] = []
  for (let layer = 0; layer < served.length; layer++) {
    if (served[layer]) continue
    const start = layer
    while (layer < served.length && !served[layer]) layer++
    ranges.push({ start, end: layer })
  }
  return ranges
}
