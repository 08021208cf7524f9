import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import { placeBars, type PlacedBar, type TrackBar, type TrackLink } from './track-layout.ts'

export type TrackSize = 'strip' | 'full'

/**
 * Pixel sizes of the two forms of the track: the strip under an answer, and the picture of a page. `top` holds the
 * hops over the first lane, `laneGap` those over the others, `post` the way down to the relay.
 */
const SIZES = {
  strip: { lane: 28, laneGap: 18, denseGap: 4, top: 20, rail: 10, numbers: 0, post: 18 },
  full: { lane: 44, laneGap: 24, denseGap: 8, top: 32, rail: 12, numbers: 20, post: 32 },
} as const

// Between the bars of neighbouring layers, so that they read as two.
const BAR_INSET = 2
// How far from a bar's end a hop starts.
const HOP_INSET = 18
// `38 ms by relay` and its margin.
const RELAYED_LABEL_WIDTH = 112
/** More labels than this collide: then only the hops of the chosen bar are labelled. */
export const MAX_LABELLED_LINKS = 8

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface DrawnBar extends PlacedBar, Box {}

interface Point {
  readonly x: number
  readonly y: number
}

export interface DrawnLink extends TrackLink {
  readonly line: string
  readonly isRelayed: boolean
  readonly start: Point
  readonly end: Point
  /** Where the label stands when all links are labelled; null where another label of this track stands already. */
  readonly label: (Point & { readonly anchor: 'start' | 'middle' | 'end' }) | null
  /** Where the label stands while the bar at the other end is chosen: at the right end of this one. */
  readonly fromLabel: Point
  readonly toLabel: Point
  /** The relay's post; null for a direct link. */
  readonly post: Point | null
}

export interface TrackGeometry {
  readonly height: number
  readonly bars: readonly DrawnBar[]
  readonly links: readonly DrawnLink[]
  /** The stretch between the hops above and the rail below, where bars lie. */
  readonly lanes: { readonly top: number; readonly bottom: number }
  readonly railY: number
  /** The box of a layer range over all lanes. */
  boxOf(layers: LayerRange): Box
}

/** Lays a track out on `width` pixels. Direct hops arch over the bars, relayed ones dip to a post below the rail. */
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
  const hasHops = input.links.length > 0
  const isDense = !hasHops || input.links.length > MAX_LABELLED_LINKS
  const laneGap = isDense ? size.denseGap : size.laneGap
  const top = hasHops ? size.top : 2
  const bottom = top + laneCount * (size.lane + laneGap) - laneGap
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
    y: top + bar.lane * (size.lane + laneGap),
    height: size.lane,
  }))
  const railY = bottom + size.rail
  const postY = railY + size.numbers + size.post - 8
  const hasPost = input.links.some((link) => link.path === 'relayed-stream')
  const byKey = new Map(bars.map((bar) => [bar.key, bar]))
  const taken = new Set<string>()
  const links = input.links.flatMap((link) => {
    const from = byKey.get(link.from)
    const to = byKey.get(link.to)
    if (from === undefined || to === undefined) return []
    const drawn = drawLink(link, from, to, {
      perLayer,
      postY,
      width,
      rise: from.lane === 0 ? size.top : laneGap,
    })
    const place =
      drawn.label === null ? '' : `${Math.round(drawn.label.x / 24)} ${Math.round(drawn.label.y / 12)}`
    const isFree = !taken.has(place)
    taken.add(place)
    return [isFree ? drawn : { ...drawn, label: null }]
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

function drawLink(
  link: TrackLink,
  from: DrawnBar,
  to: DrawnBar,
  {
    perLayer,
    postY,
    width,
    rise,
  }: { readonly perLayer: number; readonly postY: number; readonly width: number; readonly rise: number },
): DrawnLink {
  const enter = Math.max(to.layers.start, from.layers.end) * perLayer
  const ax = from.x + from.width - Math.min(HOP_INSET, from.width / 3)
  const bx = enter + Math.min(HOP_INSET, to.width / 3)
  const middle = (ax + bx) / 2
  const common = {
    ...link,
    fromLabel: { x: from.x + from.width - 12, y: from.y + from.height - 10 },
    toLabel: { x: to.x + to.width - 12, y: to.y + to.height - 10 },
  }
  if (link.path === 'relayed-stream') {
    const start = { x: ax, y: from.y + from.height }
    const end = { x: bx, y: to.y + to.height }
    return {
      ...common,
      start,
      end,
      line: `M${ax},${start.y} C${ax},${postY} ${ax},${postY} ${middle},${postY} C${bx},${postY} ${bx},${postY} ${bx},${end.y}`,
      isRelayed: true,
      label:
        bx + RELAYED_LABEL_WIDTH < width
          ? { x: bx + 8, y: postY + 4, anchor: 'start' }
          : { x: ax - 8, y: postY + 4, anchor: 'end' },
      post: { x: middle, y: postY },
    }
  }
  if (from.lane === to.lane) {
    const height = Math.min(rise - (from.lane === 0 ? 16 : 4), 14)
    // A cubic reaches three quarters of its control points' height.
    const peak = from.y - height * (4 / 3)
    return {
      ...common,
      start: { x: ax, y: from.y },
      end: { x: bx, y: to.y },
      line: `M${ax},${from.y} C${ax},${peak} ${bx},${peak} ${bx},${to.y}`,
      isRelayed: false,
      label:
        from.lane === 0
          ? { x: middle, y: from.y - height - 5, anchor: 'middle' }
          : { x: bx + 6, y: from.y - 6, anchor: 'start' },
      post: null,
    }
  }
  // Between lanes: out of one bar's end, through the gap, into the other's start.
  const start = { x: from.x + from.width - 8, y: from.y + (to.lane > from.lane ? from.height : 0) }
  const end = { x: enter + BAR_INSET + 12, y: to.y + (to.lane > from.lane ? 0 : to.height) }
  const half = (start.y + end.y) / 2
  return {
    ...common,
    start,
    end,
    line: `M${start.x},${start.y} C${start.x},${half} ${end.x},${half} ${end.x},${end.y}`,
    isRelayed: false,
    label: { x: end.x + 8, y: half + 4, anchor: 'start' },
    post: null,
  }
}
