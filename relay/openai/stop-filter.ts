/** Lets text through up to the first stop string; what could still become one is held back. */
export class StopFilter {
  readonly #stops: readonly string[]
  #held = ''

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  /** Returns what may be shown now. After `isStopped` nothing more may be pushed. */
  push(text: string): { readonly text: string; readonly isStopped: boolean } {
    const all = this.#held + text
    let cut = -1
    for (const stop of this.#stops) {
      const at = all.indexOf(stop)
      if (at !== -1 && (cut === -1 || at < cut)) cut = at
    }
    if (cut !== -1) {
      this.#held = ''
      return { text: all.slice(0, cut), isStopped: true }
    }
    const heldLength = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)))
    this.#held = all.slice(all.length - heldLength)
    return { text: all.slice(0, all.length - heldLength), isStopped: false }
  }

  /** What was held back and turned out to be no stop string. */
  flush(): string {
    const text = this.#held
    this.#held = ''
    return text
  }
}

/** Length of the longest proper prefix of `stop` that `text` ends with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
