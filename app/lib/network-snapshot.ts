import * as v from 'valibot'
import { LINK_PATHS } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'

const quantity = v.pipe(v.number(), v.minValue(0))
const layer = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1024))
const layers = v.pipe(
  v.object({ start: layer, end: layer }),
  v.check((range) => range.start < range.end, 'a layer range must not be empty'),
)

const Snapshot = v.object({
  relay: v.object({ peerId: v.string(), addresses: v.array(v.string()), uptimeMs: quantity }),
  models: v.array(
    v.object({
      id: v.string(),
      name: v.string(),
      encoding: v.picklist(['q4', 'q8']),
      layerCount: v.pipe(layer, v.minValue(1)),
      sizeBytes: quantity,
      gaps: v.array(layers),
    }),
  ),
  peers: v.array(
    v.object({
      peerId: v.string(),
      kind: v.picklist(['tab', 'native']),
      isBackstop: v.boolean(),
      isAwake: v.boolean(),
      sinceMs: quantity,
      stages: v.array(
        v.object({
          modelId: v.string(),
          layers,
          state: v.picklist(['loading', 'ready']),
          decodeStepMs: quantity,
          openSessions: quantity,
        }),
      ),
    }),
  ),
  links: v.array(
    v.object({ from: v.string(), to: v.string(), path: v.picklist(LINK_PATHS), roundTripMs: quantity }),
  ),
  rates: v.object({
    tokensPerSecond: quantity,
    openSessions: quantity,
    answersTotal: quantity,
    tokensTotal: quantity,
    tensorBytesRelayedTotal: quantity,
    tensorBytesTotal: quantity,
  }),
})

/** Checks what `GET /api/network` answered. @throws ValiError with the path of the first wrong field */
export function parseNetworkSnapshot(value: unknown): NetworkSnapshot {
  return v.parse(Snapshot, value)
}
