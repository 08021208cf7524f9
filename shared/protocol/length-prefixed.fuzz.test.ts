import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeLengthPrefixed, LengthPrefixedDecoder } from './length-prefixed.ts'
import { createRandom } from './testing/create-random.fixture.ts'
import { arbitraryUint32 } from './testing/arbitraries.suite.ts'
import {
  assertEqual,
  decodeOrRefuse,
  fuzzParameters,
  fuzzRuns,
  printSeed,
} from './testing/fuzz-codec.suite.ts'

const MAX_BYTES = 96

/** Cuts at random, empty chunks included. */
function chunksOf(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length;) {
    const size = Math.floor(random() * random() * 40)
    chunks.push(bytes.subarray(offset, offset + size))
    offset += size
  }
  return chunks
}

describe('length prefix', () => {
  it('finds the messages again, however the stream is cut', () => {
    printSeed('length prefix')
    const messages = fc.array(fc.uint8Array({ maxLength: MAX_BYTES }), { maxLength: 5 })
    fc.assert(
      fc.property(messages, arbitraryUint32, (sent, seed) => {
        const stream = Uint8Array.from(sent.flatMap((message) => [...encodeLengthPrefixed(message)]))
        const decoder = new LengthPrefixedDecoder(MAX_BYTES)
        const found = chunksOf(stream, createRandom(seed)).flatMap((chunk) => decoder.push(chunk))
        assertEqual(found, sent)
        expect(decoder.isBetweenMessages).toBe(true)
      }),
      fuzzParameters(fuzzRuns / 2),
    )
  })

  it('reads random bytes as messages within the limit or refuses them for good', () => {
    // Small bytes, so that lengths are often legal.
    const stream = fc.uint8Array({ maxLength: 64, max: 255 }).map((bytes) => bytes.map((byte) => byte & 0x83))
    fc.assert(
      fc.property(stream, arbitraryUint32, (bytes, seed) => {
        const decoder = new LengthPrefixedDecoder(MAX_BYTES)
        let isBroken = false
        for (const chunk of chunksOf(bytes, createRandom(seed))) {
          const result = decodeOrRefuse((input) => decoder.push(input), chunk)
          if (isBroken) expect(result).toBeNull()
          isBroken ||= result === null
          for (const message of result?.value ?? []) expect(message.length).toBeLessThanOrEqual(MAX_BYTES)
        }
      }),
      fuzzParameters(fuzzRuns / 2),
    )
  })
})
