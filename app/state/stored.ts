/**
 * Reads a value that this app stored as JSON; undefined if there is none or it is not JSON. Storage may be switched
 * off altogether (private windows, embedded frames): then nothing is remembered, and nothing else changes.
 */
export function readStored(storage: () => Storage, key: string): unknown {
  try {
    const text = storage().getItem(key)
    return text === null ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

/** Keeps a value as JSON; returns false if storage is full or switched off. */
export function writeStored(storage: () => Storage, key: string, value: unknown): boolean {
  try {
    storage().setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
