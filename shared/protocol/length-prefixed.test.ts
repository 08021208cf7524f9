import { describe, expect, it } from 'vitest'
import { encodeLengthPrefixed, LengthPrefixedDecoder } from './length-prefixed.ts'
import { outcome } from './testing/golden.suite.ts'

function bytesOf(...numbers: number[]): Uint8Array {
  return Uint8Array.from(numbers)
}

it('writes the length as four bytes, little-endian', () => {
  expect(encodeLengthPrefixed(bytesOf(7, 8))).toEqual(bytesOf(2, 0, 0, 0, 7, 8))
  expect(encodeLengthPrefixed(bytesOf())).toEqual(bytesOf(0, 0, 0, 0))
  expect(encodeLengthPrefixed(new Uint8Array(0x010203)).subarray(0, 4)).toEqual(bytesOf(3, 2, 1, 0))
})

describe('LengthPrefixedDecoder', () => {
  it.each<[string, number[][], number[][]]>([
    [
      'one chunk per message',
      [
        [1, 0, 0, 0, 9],
        [1, 0, 0, 0, 8],
      ],
      [[9], [8]],
    ],
    ['two messages in one chunk', [[1, 0, 0, 0, 9, 1, 0, 0, 0, 8]], [[9], [8]]],
    [
      'a cut in the length',
      [
        [2, 0],
        [0, 0, 9, 8],
      ],
      [[9, 8]],
    ],
    [
      'a cut behind the length',
      [
        [2, 0, 0, 0],
        [9, 8],
      ],
      [[9, 8]],
    ],
    ['a cut in the message', [[2, 0, 0, 0, 9], [8]], [[9, 8]]],
    ['an empty message', [[0, 0, 0, 0, 1, 0, 0, 0, 9]], [[], [9]]],
    ['an unfinished message', [[2, 0, 0, 0, 9]], []],
  ])('%s', (_title, chunks, expected) => {
    const decoder = new LengthPrefixedDecoder(16)
    const messages = chunks.flatMap((chunk) => decoder.push(Uint8Array.from(chunk)))
    expect(messages.map((message) => [...message])).toEqual(expected)
  })

  it('says whether a stream that ends was cut', () => {
    const decoder = new LengthPrefixedDecoder(16)
    expect(decoder.isBetweenMessages).toBe(true)
    decoder.push(bytesOf(1))
    expect(decoder.isBetweenMessages).toBe(false)
    decoder.push(bytesOf(0, 0, 0))
    expect(decoder.isBetweenMessages).toBe(false)
    decoder.push(bytesOf(9))
    expect(decoder.isBetweenMessages).toBe(true)
  })

  it('takes the largest message, refuses a larger one by its length alone, and nothing after it', () => {
    const decoder = new LengthPrefixedDecoder(16)
    expect(decoder.push(encodeLengthPrefixed(new Uint8Array(16)))).toHaveLength(1)
    expect(outcome(() => decoder.push(bytesOf(17, 0, 0, 0)))).toBe('TOO_LARGE')
    expect(outcome(() => decoder.push(encodeLengthPrefixed(bytesOf(1))))).toBe('TOO_LARGE')
    expect(outcome(() => new LengthPrefixedDecoder(16).push(bytesOf(255, 255, 255, 255)))).toBe('TOO_LARGE')
  })

  it('keeps nothing of the chunk', () => {
    const chunk = encodeLengthPrefixed(bytesOf(1, 2, 3))
    const [message] = new LengthPrefixedDecoder(16).push(chunk)
    chunk.fill(0xff)
    expect(message).toEqual(bytesOf(1, 2, 3))
    expect(message?.buffer.byteLength).toBe(3)
  })

  it('joins a large message of single bytes without reallocating for each', () => {
    const size = 640 * 1024
    const stream = encodeLengthPrefixed(Uint8Array.from({ length: size }, (_, index) => index))
    const decoder = new LengthPrefixedDecoder(size)
    const startedAt = performance.now()
    const messages: Uint8Array[] = []
    for (let at = 0; at < stream.length; at++) messages.push(...decoder.push(stream.subarray(at, at + 1)))
    // Copying everything at each byte would move 200 GB.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(messages).toHaveLength(1)
    expect(Buffer.compare(messages[0] ?? new Uint8Array(), stream.subarray(4))).toBe(0)
  })

  it('does not believe a length before the bytes are there', () => {
    const decoders = Array.from({ length: 4_000 }, () => new LengthPrefixedDecoder(0xffff_ffff))
    // 16 TB, were it allocated.
    for (const decoder of decoders) expect(decoder.push(bytesOf(255, 255, 255, 255, 1))).toEqual([])
  })

  it.each([0, -1, 1.5, 2 ** 32])('refuses a limit of %d', (limit) => {
    expect(outcome(() => new LengthPrefixedDecoder(limit))).toBe('OUT_OF_RANGE')
  })
})
