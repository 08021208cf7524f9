import { expect, it } from 'vitest'
import { fromHex, toHex } from '../ids.ts'
import type { ProtocolError } from '../protocol-error.ts'

/** One message and its bytes, as the JSON files of `vectors/` hold them. */
export interface GoldenVector {
  readonly name: string
  readonly message: unknown
  readonly hex: string
}

/** Holds a codec to its checked-in bytes, both ways, and to owning what it returns. */
export function testGoldenVectors<T>(
  vectors: readonly GoldenVector[],
  encode: (message: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('keeps its bytes: %s', (_name, vector) => {
    expect(toHex(encode(vector.message as T))).toBe(vector.hex) // the JSON was written from T
    expect(decode(fromHex(vector.hex))).toStrictEqual(vector.message)
  })

  it('keeps nothing of the input buffer', () => {
    for (const { name, hex, message } of vectors) {
      const bytes = fromHex(hex)
      const decoded = decode(bytes)
      bytes.fill(0xff)
      expect(decoded, name).toStrictEqual(message)
    }
  })

  it('reads a message that lies inside a larger buffer', () => {
    for (const { name, hex, message } of vectors) {
      const inner = fromHex(hex)
      const outer = new Uint8Array(inner.length + 9).fill(0xff)
      outer.set(inner, 5)
      expect(decode(outer.subarray(5, 5 + inner.length)), name).toStrictEqual(message)
    }
  })
}

/** The code of the ProtocolError that `run` throws, `ok` where it throws nothing. Other errors pass through. */
export function outcome(run: () => unknown): ProtocolError['data']['code'] | 'ok' {
  try {
    run()
    return 'ok'
  } catch (error) {
    if ((error as Error).name !== 'ProtocolError') throw error
    return (error as ProtocolError).data.code
  }
}
