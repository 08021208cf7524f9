import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/**
 * `FUZZ_RUNS` cases per message (100,000), `FUZZ_SEED` and `FUZZ_PATH` to repeat a failure as fast-check reports it.
 * Half of the cases are messages, half are bytes that claim to be one.
 */
export const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 100_000)
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 0x7fff_ffff)
const path = process.env.FUZZ_PATH

/** Messages of which every truncation is tried; of the others one at random. */
const FULLY_TRUNCATED = 200

/** Parameters for a property of `runs` cases. */
export function fuzzParameters<Ts>(runs: number): fc.Parameters<Ts> {
  return { seed, numRuns: Math.max(1, Math.round(runs)), ...(path === undefined ? {} : { path }) }
}

/** Says how to repeat what follows. */
export function printSeed(name: string): void {
  console.warn(`fuzz ${name}: FUZZ_SEED=${seed} FUZZ_RUNS=${fuzzRuns}`)
}

/** The result of `decode`, or null where it threw a ProtocolError; anything else that it throws fails the test. */
export function decodeOrRefuse<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): { value: T } | null {
  try {
    return { value: decode(bytes) }
  } catch (error) {
    if ((error as Error).name === 'ProtocolError') return null
    throw error
  }
}

/** True with an argument for the failure message: `expect` per case would cost more than the codec. */
export function assertEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected)
}

/**
 * The shared properties of every codec: what is encoded decodes to itself, and random bytes, a flipped byte and a
 * truncation give a message that encodes again, or a ProtocolError, and nothing else.
 */
export function fuzzCodec<T>(options: {
  name: string
  arbitrary: fc.Arbitrary<T>
  encode: (message: T) => Uint8Array
  decode: (bytes: Uint8Array) => T
  /** First bytes that get random input past the outermost check. */
  prefixes: readonly (readonly number[])[]
}): void {
  const { name, arbitrary, encode, decode } = options

  /** Whatever decodes is a legal message: it can be sent on and means the same. */
  const accept = (bytes: Uint8Array): void => {
    const result = decodeOrRefuse(decode, bytes)
    if (result !== null) assertEqual(decode(encode(result.value)), result.value)
  }

  describe(name, () => {
    it('decodes what it encodes, and survives a flipped byte and a cut', () => {
      printSeed(name)
      let count = 0
      fc.assert(
        fc.property(arbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, where, flip) => {
          const bytes = encode(message)
          assertEqual(decode(bytes), message)
          if (bytes.length === 0) return
          if (count++ < FULLY_TRUNCATED)
            for (let end = 0; end < bytes.length; end++) accept(bytes.subarray(0, end))
          else accept(bytes.subarray(0, where % bytes.length))
          const flipped = bytes.slice()
          flipped[where % bytes.length] = (flipped[where % bytes.length] ?? 0) ^ flip
          accept(flipped)
        }),
        fuzzParameters(fuzzRuns / 2),
      )
    })

    it('refuses random bytes or reads a message in them', () => {
      const prefix = fc.constantFrom([], ...options.prefixes)
      fc.assert(
        fc.property(prefix, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
          accept(Uint8Array.from([...start, ...rest]))
        }),
        fuzzParameters(fuzzRuns / 2),
      )
    })
  })
}
