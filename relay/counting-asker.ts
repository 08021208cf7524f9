import type { Asker, GenerationEvent, GenerationRequest } from '../shared/mesh/asker.ts'
import type { Clock } from '../shared/mesh/ports.ts'

/** Tokens per second are taken over this window. */
const RATE_WINDOW_MS = 60_000
const RATE_BUCKET_MS = 1_000

export interface AnswerCounters {
  readonly answersTotal: number
  readonly tokensTotal: number
  readonly openSessions: number
  /** Mean over the last minute, or over the time since the first token if that is shorter. */
  readonly tokensPerSecond: number
  /** Of finished answers, as their stages reported them. */
  readonly tensorBytesTotal: number
  readonly tensorBytesRelayedTotal: number
}

/** Passes generations through and counts them. */
export class CountingAsker implements Asker {
  readonly #inner: Asker
  readonly #clock: Clock
  readonly #buckets: { startMs: number; tokens: number }[] = []
  #answers = 0
  #tokens = 0
  #open = 0
  #tensorBytes = 0
  #tensorBytesRelayed = 0

  constructor(inner: Asker, clock: Clock) {
    this.#inner = inner
    this.#clock = clock
  }

  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationEvent> {
    this.#open++
    try {
      for await (const event of this.#inner.generate(request, signal)) {
        if (event.kind === 'token') this.#countToken()
        else if (event.kind === 'end') {
          this.#answers++
          for (const stage of event.stages) {
            this.#tensorBytes += stage.tensorBytesSent
            this.#tensorBytesRelayed += stage.tensorBytesRelayed
          }
        }
        yield event
      }
    } finally {
      this.#open--
    }
  }

  counters(): AnswerCounters {
    const now = this.#clock.now()
    this.#dropOld(now)
    const first = this.#buckets[0]
    const spanMs = first === undefined ? RATE_WINDOW_MS : Math.max(RATE_BUCKET_MS, now - first.startMs)
    const tokens = this.#buckets.reduce((sum, bucket) => sum + bucket.tokens, 0)
    return {
      answersTotal: this.#answers,
      tokensTotal: this.#tokens,
      openSessions: this.#open,
      tokensPerSecond: (tokens * 1000) / spanMs,
      tensorBytesTotal: this.#tensorBytes,
      tensorBytesRelayedTotal: this.#tensorBytesRelayed,
    }
  }

  #countToken(): void {
    this.#tokens++
    const now = this.#clock.now()
    const newest = this.#buckets.at(-1)
    if (newest !== undefined && now - newest.startMs < RATE_BUCKET_MS) newest.tokens++
    else {
      this.#dropOld(now)
      this.#buckets.push({ startMs: now, tokens: 1 })
    }
  }

  #dropOld(nowMs: number): void {
    while (this.#buckets[0] !== undefined && nowMs - this.#buckets[0].startMs > RATE_WINDOW_MS)
      this.#buckets.shift()
  }
}
