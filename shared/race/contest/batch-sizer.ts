/** No dispatch may be predicted to run longer than this: a user's request waits for at most one. */
export const MAX_DISPATCH_MS = 100
/** Speed wavers by a few per cent, so predictions aim below the limit. */
const TARGET_DISPATCH_MS = 0.8 * MAX_DISPATCH_MS
/** A device heats up and a first batch pays for set-up, so that no single measurement may move the size far. */
const MAX_GROWTH = 2
/** The first batch trusts the path's own prediction to this share. */
const FIRST_SHARE = 1 / 4
/** A batch this much smaller must have dispatches that are shorter by more than {@link NO_GAIN}, or its size is not their cause. */
const SMALLER = 0.75
const NO_GAIN = 0.9

/** What one batch took. */
export interface BatchTiming {
  readonly nonces: number
  /** Longest time between two checkpoints. */
  readonly longestDispatchMs: number
  /** Time of all dispatches, without rests and waits. */
  readonly activeMs: number
}

/**
 * Chooses how many nonces a batch has, from measured speed: as many as fill the device, as few as keep every dispatch
 * below {@link MAX_DISPATCH_MS}, and no more than are likely to finish before the deadline.
 */
export class BatchSizer {
  readonly #largest: number
  #last: BatchTiming | null = null
  /** False once smaller batches have shown that the path divides its work by another measure. */
  #doesSizeMatter = true

  /** @param largest nonces that fill the device, by the path's own prediction */
  constructor(largest: number) {
    this.#largest = largest
  }

  /** Nonces of the next batch, at least 1. */
  next(remainingMs: number): number {
    if (this.#last === null) return Math.max(1, Math.floor(this.#largest * FIRST_SHARE))
    const { nonces, longestDispatchMs, activeMs } = this.#last
    const byDispatch =
      this.#doesSizeMatter && longestDispatchMs > 0
        ? Math.floor((nonces * TARGET_DISPATCH_MS) / longestDispatchMs)
        : Infinity
    const byDeadline = activeMs > 0 ? Math.floor((nonces * remainingMs) / activeMs) : Infinity
    return Math.max(1, Math.min(this.#largest, nonces * MAX_GROWTH, byDispatch, byDeadline))
  }

  note(timing: BatchTiming): void {
    const before = this.#last
    if (
      before !== null &&
      before.longestDispatchMs > TARGET_DISPATCH_MS &&
      timing.nonces <= before.nonces * SMALLER &&
      timing.longestDispatchMs > before.longestDispatchMs * NO_GAIN
    ) {
      this.#doesSizeMatter = false
    }
    this.#last = timing
  }
}
