import { createCipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  chacha20Block,
  generateInput,
  generatePermutationWords,
  generateTarget,
  generateTensor,
} from './generator.ts'
import { RACE_CLASSES, TENSOR_NAMES } from './race-class.ts'
import type { InputKey, RaceSeed } from './seeds.ts'

const micro = RACE_CLASSES.micro
const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 3)
const raceSeed = key as RaceSeed // 32 bytes
const inputKey = key as InputKey // 32 bytes

/** The same stream from OpenSSL's ChaCha20, whose 16-byte IV is the last four words of the state. */
function opensslStream(words: readonly number[], length: number): Uint8Array {
  const iv = new DataView(new ArrayBuffer(16))
  words.forEach((word, i) => iv.setUint32(4 * i, word, true))
  return createCipheriv('chacha20', key, new Uint8Array(iv.buffer)).update(new Uint8Array(length))
}

const withoutMinimum = (bytes: Uint8Array): number[] =>
  [...bytes].map((byte) => (byte === 0x80 ? 0 : byte < 0x80 ? byte : byte - 256))

describe('the block function', () => {
  it('gives the block of RFC 8439, section 2.3.2', () => {
    const rfcKey = Uint8Array.from({ length: 32 }, (_, i) => i)
    const block = chacha20Block(rfcKey, { block: 1, index: 0x0900_0000, reserved: 0x4a00_0000, domain: 0 })
    const expected =
      'e4e7f110 15593bd1 1fdd0f50 c47120a3 c7f4d1c7 0368c033 9aaa2204 4e6cd4c3 ' +
      '466482d2 09aa9f07 05d7c214 a2028bd9 d19c12b5 b94e16de e883d0cb 4e3c50a2'
    expect([...block].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(expected)
  })
})

describe('streams', () => {
  it.each(TENSOR_NAMES.map((name, i) => ({ name, i })))(
    'addresses $name by layer and number',
    ({ name, i }) => {
      const weights = generateTensor(micro, raceSeed, 5, name)
      expect([...weights]).toEqual(withoutMinimum(opensslStream([0, 5 * 8 + i, 0, 1], weights.length)))
    },
  )

  it('generates target, input and permutation words in domains of their own', () => {
    const nonce = 0xffff_fffe
    expect([...generateTarget(micro, raceSeed)]).toEqual(withoutMinimum(opensslStream([0, 0, 0, 2], 64)))
    const input = withoutMinimum(opensslStream([0, nonce, 0, 3], 256))
    expect([...generateInput(micro, inputKey, nonce)]).toEqual(input)
    const words = new DataView(Uint8Array.from(opensslStream([0, nonce, 0, 4], 256)).buffer)
    const expected = Array.from({ length: 64 }, (_, i) => words.getUint32(4 * i, true))
    expect([...generatePermutationWords(micro, inputKey, nonce)]).toEqual(expected)
  })

  it('makes weights that are symmetric about zero and never -128', () => {
    const weights = generateTensor(RACE_CLASSES.tab, raceSeed, 0, 'query')
    const counts = new Map<number, number>()
    for (const weight of weights) counts.set(weight, (counts.get(weight) ?? 0) + 1)
    expect(counts.get(-128)).toBeUndefined()
    expect(counts.size).toBe(255)
    // 2^18 weights: each value is expected 1024 times (zero 2048), standard deviation 32 (45). Six deviations.
    for (const [value, count] of counts) {
      expect(Math.abs(count - (value === 0 ? 2048 : 1024)), `weight ${value}`).toBeLessThan(
        value === 0 ? 272 : 192,
      )
    }
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length
    expect(Math.abs(mean)).toBeLessThan((6 * 73.9) / 512)
  })
})
