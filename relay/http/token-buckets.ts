/** More keys than this and the least recently used one is forgotten: the map's memory is bounded, about 100 B a key. */
const MAX_KEYS = 50_000

/** One token bucket per key. A bucket starts full, holds a minute's worth and refills evenly. */
export class TokenBuckets {
  readonly #perMinute: number
  readonly #nowMs: () => number
  // Insertion order is order of use: a touched key is put back at the end.
  readonly #buckets = new Map<string, { tokens: number; updatedAtMs: number }>()

  constructor(options: { readonly perMinute: number; readonly nowMs: () => number }) {
    this.#perMinute = options.perMinute
    this.#nowMs = options.nowMs
  }

  /** Takes one token, or says how long until there is one. */
  take(
    key: string,
  ): { readonly isAllowed: true } | { readonly isAllowed: false; readonly retryAfterMs: number } {
    const nowMs = this.#nowMs()
    const previous = this.#buckets.get(key)
    const refilled =
      previous === undefined
        ? this.#perMinute
        : previous.tokens + (Math.max(0, nowMs - previous.updatedAtMs) * this.#perMinute) / 60_000
    const tokens = Math.min(this.#perMinute, refilled)
    const isAllowed = tokens >= 1
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, updatedAtMs: nowMs })
    if (this.#buckets.size > MAX_KEYS) this.#forgetOldest()
    return isAllowed
      ? { isAllowed }
      : { isAllowed, retryAfterMs: Math.ceil(((1 - tokens) * 60_000) / this.#perMinute) }
  }

  get size(): number {
    return this.#buckets.size
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key)
      return
    }
  }
}
