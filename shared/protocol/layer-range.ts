/** A contiguous layer range `[start, end)` of one model. */
export interface LayerRange {
  readonly start: number
  readonly end: number
}

/** Number of layers in the range. */
export function layerCount(range: LayerRange): number {
  return range.end - range.start
}

/** True if `outer` holds every layer of `inner`. */
export function containsRange(outer: LayerRange, inner: LayerRange): boolean {
  return outer.start <= inner.start && inner.end <= outer.end
}

/** Text form for people: `0-4 of 8` needs the total, so this is just `0-4`; `end` is exclusive. */
export function formatRange(range: LayerRange): string {
  return `${range.start}-${range.end}`
}
