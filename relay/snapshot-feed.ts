import type { NetworkSnapshot } from '../shared/mesh/network-snapshot.ts'

const INTERVAL_MS = 1_000

/** Renders the snapshot once a second for however many followers there are, and not at all for none. */
export class SnapshotFeed {
  readonly #snapshot: () => NetworkSnapshot
  readonly #waiting = new Set<(json: string) => void>()
  #timer: NodeJS.Timeout | undefined

  constructor(snapshot: () => NetworkSnapshot) {
    this.#snapshot = snapshot
  }

  /** The snapshot now and then every second until `signal` aborts. A slow reader misses some, it never queues any. */
  async *follow(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    if (signal.aborted) return
    yield JSON.stringify(this.#snapshot())
    for (;;) {
      const json = await this.#next(signal)
      if (json === null) return
      yield json
    }
  }

  #next(signal: AbortSignal): Promise<string | null> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(null)
        return
      }
      const stop = () => {
        this.#waiting.delete(deliver)
        resolve(null)
      }
      const deliver = (json: string) => {
        signal.removeEventListener('abort', stop)
        resolve(json)
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.add(deliver)
      this.#timer ??= setTimeout(() => this.#tick(), INTERVAL_MS)
    })
  }

  #tick(): void {
    this.#timer = undefined
    if (this.#waiting.size === 0) return
    const json = JSON.stringify(this.#snapshot())
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const deliver of waiting) deliver(json)
  }
}
