import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'

/** A peer's stage on a track. */
export interface TrackBar {
  /** Unique on its track. */
  readonly key: string
  readonly peerId: string
  readonly layers: LayerRange
  readonly state: 'ready' | 'loading' | 'asleep'
  readonly isYours: boolean
  /** The one figure that stands in the bar where there is room, such as `2.2 ms`. */
  readonly note?: string | undefined
  /** Said by screen readers and shown on hover: one or two plain sentences. */
  readonly description: string
}

/** A measured link between two bars of one track. */
export interface TrackLink {
  readonly key: string
  readonly from: string
  readonly to: string
  readonly path: LinkPath
  readonly roundTripMs: number
}

export interface PlacedBar extends TrackBar {
  readonly lane: number
}

/**
 * Puts bars on as few lanes as possible without overlap (first fit by start is optimal for intervals).
 * Order among equals is by key, so that a bar does not jump between polls.
 */
export function placeBars(bars: readonly TrackBar[]): readonly PlacedBar[] {
  const laneEnds: number[] = []
  return [...bars]
    .sort(
      (a, b) => a.layers.start - b.layers.start || b.layers.end - a.layers.end || (a.key < b.key ? -1 : 1),
    )
    .map((bar) => {
      const free = laneEnds.findIndex((end) => end <= bar.layers.start)
      const lane = free === -1 ? laneEnds.length : free
      laneEnds[lane] = bar.layers.end
      return { ...bar, lane }
    })
}

/** Layers of `[0, layerCount)` that no ready bar holds. */
export function findGaps(bars: readonly TrackBar[], layerCount: number): readonly LayerRange[] {
  const gaps: LayerRange[] = []
  let covered = 0
  const ready = bars.filter((bar) => bar.state === 'ready')
  for (const { layers } of ready.sort((a, b) => a.layers.start - b.layers.start)) {
    if (layers.start > covered) gaps.push({ start: covered, end: Math.min(layers.start, layerCount) })
    covered = Math.max(covered, layers.end)
  }
  if (covered < layerCount) gaps.push({ start: covered, end: layerCount })
  return gaps
}

/** The step between printed layer numbers: 1, 2, 4, 8, ... so that labels keep `minPixels` apart. */
export function labelStep(layerCount: number, width: number, minPixels: number): number {
  let step = 1
  while (step < layerCount && (width / layerCount) * step < minPixels) step *= 2
  return step
}
