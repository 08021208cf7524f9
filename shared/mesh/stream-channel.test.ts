import { streamPair } from '@libp2p/utils'
import { describe, expect, it, vi } from 'vitest'
import { StreamChannel } from './stream-channel.ts'
import { WireStream } from './wire-stream.ts'

async function wirePair(): Promise<readonly [WireStream, WireStream]> {
  const [a, b] = await streamPair()
  return [new WireStream(a, 1024), new WireStream(b, 1024)]
}

/** Both ends of a channel, and what arrived at each: the first byte of every message. */
async function channelPair() {
  const streams = await wirePair()
  const ends = streams.map((stream) => {
    const channel = new StreamChannel(stream)
    const received: number[] = []
    const onClose = vi.fn()
    const onDrain = vi.fn()
    channel.listen({ onMessage: (message) => received.push(message[0] ?? -1), onDrain, onClose })
    return { channel, stream, received, onClose, onDrain }
  })
  const [a, b] = ends
  if (a === undefined || b === undefined) throw new Error('a pair has two ends')
  return { a, b }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

describe('StreamChannel', () => {
  it('passes messages, reports the end once, and refuses to send after it', async () => {
    const [a, b] = await wirePair()
    const channel = new StreamChannel(b)
    await channel.opened
    const onMessage = vi.fn()
    const onClose = vi.fn()
    channel.listen({ onMessage, onDrain() {}, onClose })
    a.send(Uint8Array.of(1))
    a.send(Uint8Array.of(2))
    a.close()
    await vi.waitFor(() => expect(onClose).toHaveBeenCalledOnce())
    expect(onMessage.mock.calls).toEqual([[Uint8Array.of(1)], [Uint8Array.of(2)]])
    expect(() => channel.send(Uint8Array.of(3))).toThrow('the stream is closed')
    expect(channel.bufferedBytes).toBe(0)
  })

  it('closes the stream for the other side', async () => {
    const [a, b] = await wirePair()
    new StreamChannel(b).close()
    expect(await a.next()).toBeNull()
  })

  it('tells the size of all that passes either way, also of what its listener transfers', async () => {
    const [a, b] = await wirePair()
    const channel = new StreamChannel(a)
    const onMessage = (message: Uint8Array<ArrayBuffer>): void => {
      structuredClone(message, { transfer: [message.buffer] })
    }
    channel.listen({ onMessage, onDrain() {}, onClose() {} })
    const sizes: number[] = []
    channel.onTraffic = (bytes) => sizes.push(bytes)
    channel.send(new Uint8Array(5))
    b.send(new Uint8Array(7))
    await vi.waitFor(() => expect(sizes).toEqual([5, 7]))
  })
})

describe('a StreamChannel that moves', () => {
  it('loses, repeats and reorders nothing, both sides sending all the while, and closes what it left', async () => {
    const { a, b } = await channelPair()
    const left: WireStream[] = [a.stream, b.stream]
    let sent = 0
    const send = (): void => {
      a.channel.send(Uint8Array.of(sent % 251))
      b.channel.send(Uint8Array.of(sent % 251))
      sent++
    }
    for (let move = 0; move < 4; move++) {
      const [next, peerNext] = await wirePair()
      for (let count = 0; count < 50; count++) send()
      b.channel.follow(peerNext)
      a.channel.lead(next)
      // The new stream has the first of these before the old one has been read to its end.
      for (let count = 0; count < 50; count++) send()
      await vi.waitFor(() => expect(left.every(({ closed }) => closed.aborted)).toBe(true))
      left.push(next, peerNext)
      for (const stream of left.slice(0, -2)) expect(stream.closed.aborted).toBe(true)
    }
    const all = Array.from({ length: sent }, (_, index) => index % 251)
    await vi.waitFor(() => expect([a.received.length, b.received.length]).toEqual([sent, sent]))
    expect([a.received, b.received]).toEqual([all, all])
    expect([a.onClose, b.onClose].map((onClose) => onClose.mock.calls.length)).toEqual([0, 0])
  })

  it('says that there is room again, whatever the old stream still holds', async () => {
    const { a, b } = await channelPair()
    const [next, peerNext] = await wirePair()
    b.channel.follow(peerNext)
    a.channel.lead(next)
    expect(a.onDrain).toHaveBeenCalled()
    await vi.waitFor(() => expect(b.onDrain).toHaveBeenCalled())
  })

  it('stays where it is while the leader has not ended the old stream, and takes a later successor', async () => {
    const { a, b } = await channelPair()
    const [given, peerGiven] = await wirePair()
    b.channel.follow(peerGiven)
    given.close() // the leader gave up
    b.channel.send(Uint8Array.of(1))
    a.channel.send(Uint8Array.of(2))
    await vi.waitFor(() => expect([a.received, b.received]).toEqual([[1], [2]]))
    const [next, peerNext] = await wirePair()
    b.channel.follow(peerNext)
    a.channel.lead(next)
    b.channel.send(Uint8Array.of(3))
    a.channel.send(Uint8Array.of(4))
    await vi.waitFor(() =>
      expect([a.received, b.received]).toEqual([
        [1, 3],
        [2, 4],
      ]),
    )
  })

  it('closes when the other side ends the stream and no successor is agreed', async () => {
    const { a, b } = await channelPair()
    const [next] = await wirePair()
    a.channel.lead(next)
    await vi.waitFor(() => expect(b.onClose).toHaveBeenCalledOnce())
    await vi.waitFor(() => expect(a.onClose).toHaveBeenCalledOnce())
  })

  it('closes, and says so once, when the old stream is cut before its end', async () => {
    const { a, b } = await channelPair()
    const [next, peerNext] = await wirePair()
    b.stream.abort(new Error('cut'))
    await pause()
    b.channel.follow(peerNext)
    expect(() => a.channel.lead(next)).toThrow('closed')
    await vi.waitFor(() =>
      expect([a.onClose, b.onClose].map(({ mock }) => mock.calls.length)).toEqual([1, 1]),
    )
    expect(a.channel.isClosed).toBe(true)
  })

  it('closes the old stream, the new one and the one to come together', async () => {
    const { a, b } = await channelPair()
    const [next, peerNext] = await wirePair()
    a.channel.lead(next) // b is never told: the move stays half done
    const [other, peerOther] = await wirePair()
    b.channel.follow(peerOther)
    a.channel.close()
    b.channel.close()
    expect([a.stream, next, b.stream, peerOther].map(({ closed }) => closed.aborted)).toEqual([
      true,
      true,
      true,
      true,
    ])
    await vi.waitFor(() =>
      expect([peerNext, other].map(({ closed }) => closed.aborted)).toEqual([true, true]),
    )
  })
})
