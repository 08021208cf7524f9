/** No dispatch may be predicted to run longer than this: a user's request waits for at most one. */
export const MAX_DISPATCH_MS = 100
/** Speed wavers by a few per cent, so predictions aim below the limit. */
const TARGET_DISPATCH_MS = 0.8 * MAX_DISPATCH_MS
/** Hits are known at the end of a batch: a device that fills quickly gets several device fulls, so that it never waits. */
const TARGET_BATCH_MS = 500
/** A device heats up and a first batch pays for set-up, so that no single measurement may move the size far. */
const MAX_GROWTH = 2
/** What is found after the deadline is lost: the last batches take this share of the time that is left, each. */
const DEADLINE_SHARE = 0.8
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
 * Chooses how many nonces a batch has, from measured speed: enough to keep the device full for a while, as few as keep
 * every dispatch below {@link MAX_DISPATCH_MS}, and no more than are likely to finish before the deadline.
 */
export class BatchSizer {
  readonly #deviceFull: number
  #last: BatchTiming | null = null
  /** False once smaller batches have shown that the path divides its work by another measure. */
  #doesSizeMatter = true

  /** @param deviceFull nonces that fill the device, by the path's own prediction; it divides longer batches into such */
  constructor(deviceFull: number) {
    this.#deviceFull = deviceFull
  }

  /**
   * Nonces of the next batch, at least 1.
   * @param remainingMs time for computing that is left
   */
  next(remainingMs: number): number {
    if (this.#last === null) return Math.max(1, Math.floor(this.#deviceFull * FIRST_SHARE))
    const { nonces, activeMs } = this.#last
    const within = (durationMs: number): number =>
      activeMs > 0 ? Math.floor((nonces * durationMs) / activeMs) : Infinity
    const wanted = Math.max(this.#deviceFull, within(TARGET_BATCH_MS))
    return Math.max(
      1,
      Math.min(
        wanted,
        nonces * MAX_GROWTH,
        this.#byDispatch(this.#last),
        within(DEADLINE_SHARE * remainingMs),
      ),
    )
  }

  /** A dispatch never holds more than a device full, so that only smaller batches have shorter ones. */
  #byDispatch({ nonces, longestDispatchMs }: BatchTiming): number {
    if (!this.#doesSizeMatter || longestDispatchMs <= 0) return Infinity
    const held = Math.min(nonces, this.#deviceFull)
    const allowed = Math.floor((held * TARGET_DISPATCH_MS) / longestDispatchMs)
    return allowed < this.#deviceFull ? allowed : Infinity
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
