import type { BatchScores } from '../worker/race-messages.ts'

/** Cells of the picture: enough for a dot of two pixels on a wide screen. */
export const FIELD_COLUMNS = 480
export const FIELD_ROWS = 120
/** The picture spans this many thresholds below and above "no relation"; chance hardly ever leaves it. */
export const FIELD_BOTTOM = -1.5
export const FIELD_TOP = 1.7
/** Hits are drawn one by one; so many are kept, and a window rarely has more. */
const MAX_MARKS = 4_000

/** One hit in the picture. */
export interface HitMark {
  /** Part of the window, 0 to 1. */
  readonly time: number
  readonly cosine: number
}

/**
 * Every nonce of a contest as a count in one cell of time and nearness, so that any number of nonces takes the same memory.
 * A batch's nonces ran one after the other and are spread evenly over its time.
 */
export class ScoreField {
  readonly counts = new Uint32Array(FIELD_COLUMNS * FIELD_ROWS)
  readonly durationMs: number
  /** Cosine from which on a nonce is a hit. */
  readonly threshold: number
  #marks: HitMark[] = []
  #nonces = 0
  #best = -Infinity
  #densest = 0

  constructor(durationMs: number, threshold: number) {
    this.durationMs = durationMs
    this.threshold = threshold
  }

  get marks(): readonly HitMark[] {
    return this.#marks
  }

  get nonces(): number {
    return this.#nonces
  }

  /** The largest cosine so far, or null. */
  get best(): number | null {
    return this.#nonces === 0 ? null : this.#best
  }

  /** Most nonces in one cell. */
  get densest(): number {
    return this.#densest
  }

  add({ cosines, hits, fromMs, toMs }: BatchScores): void {
    for (const [i, cosine] of cosines.entries()) {
      const atMs = fromMs + ((toMs - fromMs) * (i + 0.5)) / cosines.length
      const time = Math.min(1, atMs / this.durationMs)
      const column = Math.min(FIELD_COLUMNS - 1, Math.floor(time * FIELD_COLUMNS))
      const cell = rowOf(cosine / this.threshold) * FIELD_COLUMNS + column
      const count = this.counts[cell]! + 1
      this.counts[cell] = count
      this.#densest = Math.max(this.#densest, count)
      this.#best = Math.max(this.#best, cosine)
      if (hits[i] === 1 && this.#marks.length < MAX_MARKS) this.#marks.push({ time, cosine })
    }
    this.#nonces += cosines.length
  }
}

/** Height in the picture of a cosine in thresholds: 0 at the bottom, 1 at the top. */
export function heightOf(thresholds: number): number {
  return Math.min(1, Math.max(0, (thresholds - FIELD_BOTTOM) / (FIELD_TOP - FIELD_BOTTOM)))
}

/** Row 0 is the bottom. */
function rowOf(thresholds: number): number {
  return Math.min(FIELD_ROWS - 1, Math.floor(heightOf(thresholds) * FIELD_ROWS))
}

/** Distance of two unit vectors with this cosine: what the paper calls near. */
export function distanceOf(cosine: number): number {
  return Math.sqrt(2 - 2 * cosine)
}
