import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import { placeBars, type PlacedBar, type TrackBar, type TrackLink } from './track-layout.ts'

export type TrackSize = 'strip' | 'full'

/** Pixel sizes of the two forms of the track: the strip under an answer, and the picture of a page. */
const SIZES = {
  strip: { lane: 26, laneGap: 4, top: 17, rail: 9, numbers: 0, post: 18 },
  full: { lane: 44, laneGap: 6, top: 34, rail: 12, numbers: 20, post: 34 },
} as const

// Between the bars of neighbouring layers, so that they read as two.
const BAR_INSET = 1.5
// How far from a bar's end a hop starts.
const HOP_INSET = 14

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface DrawnBar extends PlacedBar, Box {}

export interface DrawnLink extends TrackLink {
  readonly line: string
  readonly isRelayed: boolean
  readonly labelX: number
  readonly labelY: number
}

export interface TrackGeometry {
  readonly height: number
  readonly bars: readonly DrawnBar[]
  readonly links: readonly DrawnLink[]
  /** The stretch between the hops above and the rail below, where bars lie. */
  readonly lanes: { readonly top: number; readonly bottom: number }
  readonly railY: number
  /** The horizontal box of a layer range. */
  boxOf(layers: LayerRange): Box
}

/** Lays a track out on `width` pixels. Direct hops arch over the bars, relayed ones dip to a post below. */
export function layTrack(
  input: {
    readonly layerCount: number
    readonly bars: readonly TrackBar[]
    readonly links: readonly TrackLink[]
    readonly size: TrackSize
  },
  width: number,
): TrackGeometry {
  const size = SIZES[input.size]
  const placed = placeBars(input.bars)
  const laneCount = 1 + Math.max(0, ...placed.map((bar) => bar.lane))
  const hasOver = input.links.length > 0
  const hasPost = input.links.some((link) => link.path === 'relayed-stream')
  const top = hasOver ? size.top : 4
  const bottom = top + laneCount * (size.lane + size.laneGap) - size.laneGap
  const perLayer = width / input.layerCount
  const boxOf = (layers: LayerRange): Box => ({
    x: layers.start * perLayer + BAR_INSET,
    y: top,
    width: Math.max(1, (layers.end - layers.start) * perLayer - 2 * BAR_INSET),
    height: bottom - top,
  })
  const bars = placed.map((bar) => ({
    ...bar,
    ...boxOf(bar.layers),
    y: top + bar.lane * (size.lane + size.laneGap),
    height: size.lane,
  }))
  const railY = bottom + size.rail
  const byKey = new Map(bars.map((bar) => [bar.key, bar]))
  const links = input.links.flatMap((link) => {
    const from = byKey.get(link.from)
    const to = byKey.get(link.to)
    if (from === undefined || to === undefined) return []
    return [drawLink(link, from, to, perLayer, railY + size.numbers + size.post - 8)]
  })
  return {
    height: railY + 3 + size.numbers + (hasPost ? size.post : 0),
    bars,
    links,
    lanes: { top, bottom },
    railY,
    boxOf,
  }
}

function drawLink(link: TrackLink, from: DrawnBar, to: DrawnBar, perLayer: number, postY: number): DrawnLink {
  const isRelayed = link.path === 'relayed-stream'
  const enter = Math.max(to.layers.start, from.layers.end) * perLayer
  const ax = from.x + from.width - Math.min(HOP_INSET, from.width / 3)
  const bx = enter + Math.min(HOP_INSET, to.width / 3)
  const middle = (ax + bx) / 2
  if (isRelayed) {
    const ay = from.y + from.height
    const by = to.y + to.height
    const line = `M${ax},${ay} C${ax},${postY} ${ax},${postY} ${middle},${postY} C${bx},${postY} ${bx},${postY} ${bx},${by}`
    return { ...link, line, isRelayed, labelX: middle, labelY: postY }
  }
  if (from.lane === to.lane) {
    // A cubic reaches three quarters of its control height.
    const rise = Math.min(from.y - 2, 12 + Math.max(0, bx - ax - 2 * HOP_INSET) * 0.1)
    const peak = from.y - rise * 1.2
    const line = `M${ax},${from.y} C${ax},${peak} ${bx},${peak} ${bx},${to.y}`
    return { ...link, line, isRelayed, labelX: middle, labelY: from.y - rise * 0.9 - 4 }
  }
  const ay = from.y + from.height / 2
  const by = to.y + to.height / 2
  const edge = from.x + from.width
  const start = enter + BAR_INSET
  const bend = Math.max(16, (start - edge) / 2)
  const line = `M${edge - 5},${ay} C${edge + bend},${ay} ${start - bend},${by} ${start + 5},${by}`
  return { ...link, line, isRelayed, labelX: (edge + start) / 2, labelY: (ay + by) / 2 }
}
