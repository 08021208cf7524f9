/** Time as an argument, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the Unix epoch, for stamps. */
  readonly nowMs: () => number
  /** Milliseconds that never run backwards, for durations. */
  readonly monotonicMs: () => number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
