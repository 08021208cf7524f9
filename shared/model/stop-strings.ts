/**
 * Watches a streamed text for strings that end it. Text that may be the start of such a string is held back until the
 * next piece decides, so that no part of a stop string is ever given out.
 */
export class StopStringDetector {
  readonly #stops: readonly string[]
  #held = ''
  #isStopped = false

  /** @param stops empty strings are ignored */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  /** Takes the next piece; returns the text that is certain now. After a stop it returns nothing any more. */
  push(piece: string): { readonly text: string; readonly isStopped: boolean } {
    if (this.#isStopped) return { text: '', isStopped: true }
    const text = this.#held + piece
    const stopAt = Math.min(...this.#stops.map((stop) => indexOrInfinity(text, stop)))
    if (stopAt !== Infinity) {
      this.#isStopped = true
      this.#held = ''
      return { text: text.slice(0, stopAt), isStopped: true }
    }
    const heldLength = Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)))
    this.#held = text.slice(text.length - heldLength)
    return { text: text.slice(0, text.length - heldLength), isStopped: false }
  }

  /** The end of the text: returns what was held back. */
  flush(): string {
    const text = this.#held
    this.#held = ''
    return text
  }
}

function indexOrInfinity(text: string, stop: string): number {
  const index = text.indexOf(stop)
  return index === -1 ? Infinity : index
}

/** Length of the longest end of `text` that begins `stop`, less than the whole of it. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
