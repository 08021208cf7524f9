/** Counts what is open at once, per key and in all. Holds only keys that have something open. */
export class Slots {
  readonly #perKey: number
  readonly #total: number
  readonly #open = new Map<string, number>()
  #openTotal = 0

  constructor(options: { readonly perKey: number; readonly total: number }) {
    this.#perKey = options.perKey
    this.#total = options.total
  }

  /** Takes a slot. `release` gives it back; calling it twice is harmless. */
  acquire(
    key: string,
  ):
    | { readonly status: 'acquired'; readonly release: () => void }
    | { readonly status: 'key-full' | 'all-full' } {
    const open = this.#open.get(key) ?? 0
    if (open >= this.#perKey) return { status: 'key-full' }
    if (this.#openTotal >= this.#total) return { status: 'all-full' }
    this.#open.set(key, open + 1)
    this.#openTotal++
    let isHeld = true
    const release = () => {
      if (!isHeld) return
      isHeld = false
      this.#openTotal--
      const left = (this.#open.get(key) ?? 1) - 1
      if (left === 0) this.#open.delete(key)
      else this.#open.set(key, left)
    }
    return { status: 'acquired', release }
  }

  get openTotal(): number {
    return this.#openTotal
  }
}
