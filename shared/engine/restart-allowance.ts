/** Three tries tell an accident from a device that cannot do the work, and none of them is a storm. */
const MAX_RESTARTS = 3
export const RESTART_WINDOW_MS = 10 * 60_000
/** Before the first restart; each further one within the window waits twice as long. */
const FIRST_DELAY_MS = 250

/** How often a worker that dies is started again, and after which pause. */
export class RestartAllowance {
  #deathsMs: number[] = []

  /** Deaths within the window, the last one included. */
  get deaths(): number {
    return this.#deathsMs.length
  }

  /** Notes a death; returns the pause before the restart in milliseconds, or null when it is time to give up. */
  afterDeath(nowMs: number): number | null {
    this.#deathsMs = [...this.#deathsMs.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS), nowMs]
    return this.deaths > MAX_RESTARTS ? null : FIRST_DELAY_MS * 2 ** (this.deaths - 1)
  }
}
