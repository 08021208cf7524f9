import { streamPair } from '@libp2p/utils'
import { describe, expect, it, vi } from 'vitest'
import { encodeLengthPrefixed } from '../protocol/length-prefixed.ts'
import { WireStream } from './wire-stream.ts'

async function wirePair(maxMessageBytes = 1024) {
  const [rawA, rawB] = await streamPair()
  return { rawA, rawB, a: new WireStream(rawA, maxMessageBytes), b: new WireStream(rawB, maxMessageBytes) }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

describe('WireStream', () => {
  it('carries whole messages in order and says null after the end', async () => {
    const { a, b } = await wirePair()
    for (let length = 0; length < 5; length++) a.send(new Uint8Array(length).fill(length))
    a.close()
    for (let length = 0; length < 5; length++)
      expect([...((await b.next()) ?? [])]).toEqual(new Array<number>(length).fill(length))
    expect(await b.next()).toBeNull()
    expect(await b.next()).toBeNull()
    expect(b.closed.aborted).toBe(true)
  })

  it('wakes a waiting reader when the other side resets the stream', async () => {
    const { a, b } = await wirePair()
    const waiting = b.next()
    a.abort(new Error('gone'))
    expect(await waiting).toBeNull()
  })

  it('stops waiting when the signal aborts, but first hands out what has arrived', async () => {
    const { a, b } = await wirePair()
    const abort = new AbortController()
    const waiting = b.next(abort.signal)
    abort.abort(new Error('too late'))
    await expect(waiting).rejects.toThrow('too late')
    a.send(Uint8Array.of(7))
    await pause()
    expect(await b.next(abort.signal)).toEqual(Uint8Array.of(7))
    await expect(b.next(abort.signal)).rejects.toThrow('too late')
  })

  it('resets a stream that declares a message over the limit', async () => {
    const { rawA, a, b } = await wirePair(8)
    rawA.send(Uint8Array.of(9, 0, 0, 0))
    expect(await b.next()).toBeNull()
    expect(await a.next()).toBeNull()
  })

  it('delivers what a stream held that had ended before it was wrapped, and then its end', async () => {
    const [rawA, rawB] = await streamPair()
    rawA.send(encodeLengthPrefixed(Uint8Array.of(1)))
    await rawA.close()
    await pause()
    const b = new WireStream(rawB, 8)
    expect(await b.next()).toEqual(Uint8Array.of(1))
    expect(await b.next(AbortSignal.timeout(500))).toBeNull()
  })

  it('keeps the tokens of a long answer for a slow reader, and cuts off a flood', async () => {
    const [rawA, rawB] = await streamPair()
    const b = new WireStream(rawB, 1024 * 1024)
    const tokens = new Uint8Array(20_000 * 16)
    for (let index = 0; index < 20_000; index++) tokens[index * 16] = 12
    rawA.send(tokens)
    await vi.waitFor(async () => expect(await b.next()).toHaveLength(12))
    expect(b.closed.aborted).toBe(false)
    const large = encodeLengthPrefixed(new Uint8Array(1024 * 1024))
    for (let count = 0; count < 17; count++) rawA.send(large)
    await vi.waitFor(() => expect(b.closed.aborted).toBe(true))
    expect(rawB.status).toBe('aborted')
  })
})
