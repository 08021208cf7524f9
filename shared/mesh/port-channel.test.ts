import { describe, expect, it, vi } from 'vitest'
import { EngineError } from '../engine/engine-error.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import { parseSessionId } from '../protocol/ids.ts'
import type { DataPlaneApi, DataPlaneEvent } from './data-plane-api.ts'
import { dataChannelFrameChannel, type DataChannelLike } from './data-channel.ts'
import { remoteDataPlane, serveDataPlane, type PortLike } from './data-plane-port.ts'
import { LinkError } from './link-error.ts'
import { lendChannel, portFrameChannel } from './port-channel.ts'
import type { FrameChannel } from './ports.ts'

type Port = PortLike & { start(): void; close(): void }

function ports(): { near: Port; far: Port; farClosed: Promise<void> } {
  const { port1, port2 } = new MessageChannel()
  const farClosed = new Promise<void>((resolve) => {
    port2.addEventListener('close', () => resolve())
  })
  return { near: port1, far: port2, farClosed }
}

class LentChannel implements FrameChannel {
  open = (): void => {}
  fail = (_error: Error): void => {}
  readonly opened = new Promise<void>((resolve, reject) => {
    this.open = resolve
    this.fail = reject
  })
  bufferedBytes = 0
  readonly sent: Uint8Array[] = []
  isClosed = false
  listeners: Parameters<FrameChannel['listen']>[0] | null = null

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.isClosed) throw new Error('closed')
    this.sent.push(message)
  }

  listen(listeners: Parameters<FrameChannel['listen']>[0]): void {
    this.listeners = listeners
  }

  close(): void {
    this.isClosed = true
  }
}

function lent() {
  const { near, far, farClosed } = ports()
  const channel = new LentChannel()
  lendChannel(channel, near)
  const remote = portFrameChannel(far)
  const heard = { onMessage: vi.fn(), onDrain: vi.fn(), onClose: vi.fn() }
  remote.listen(heard)
  return { channel, remote, heard, farClosed }
}

describe('portFrameChannel', () => {
  it('opens, carries messages both ways and closes the ports with the channel', async () => {
    const { channel, remote, heard, farClosed } = lent()
    channel.open()
    await remote.opened
    remote.send(Uint8Array.of(1, 2))
    channel.listeners?.onMessage(Uint8Array.of(3))
    await vi.waitFor(() => expect(heard.onMessage).toHaveBeenCalledWith(Uint8Array.of(3)))
    await vi.waitFor(() => expect(channel.sent).toEqual([Uint8Array.of(1, 2)]))
    remote.close()
    await farClosed
    expect(channel.isClosed).toBe(true)
  })

  it('counts what waits until the channel has drained', async () => {
    const { channel, remote, heard, farClosed } = lent()
    channel.bufferedBytes = 600 * 1024
    remote.send(new Uint8Array(1_000))
    await vi.waitFor(() => expect(channel.sent).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(remote.bufferedBytes).toBe(1_000)
    channel.listeners?.onDrain()
    await vi.waitFor(() => expect(heard.onDrain).toHaveBeenCalledOnce())
    expect(remote.bufferedBytes).toBe(0)
    channel.listeners?.onClose()
    await farClosed
  })

  it('says that the channel closed, once and to both who wait', async () => {
    const { channel, remote, heard, farClosed } = lent()
    channel.fail(new Error('refused'))
    await expect(remote.opened).rejects.toThrow('the channel closed')
    await farClosed
    channel.listeners?.onClose()
    expect(heard.onClose).toHaveBeenCalledOnce()
  })

  it('reports a send on a channel that has closed', async () => {
    const { channel, remote, heard } = lent()
    channel.close()
    remote.send(Uint8Array.of(1))
    await vi.waitFor(() => expect(heard.onClose).toHaveBeenCalledOnce())
  })
})

class FakeDataChannel extends EventTarget {
  binaryType = 'blob'
  bufferedAmountLowThreshold = 0
  bufferedAmount = 0
  readyState = 'connecting'
  send = vi.fn()
  close = vi.fn()

  emit(type: string, data?: unknown): void {
    this.dispatchEvent(Object.assign(new Event(type), { data }))
  }
}

describe('dataChannelFrameChannel', () => {
  const wrap = (raw: FakeDataChannel): FrameChannel =>
    dataChannelFrameChannel(raw as unknown as DataChannelLike) // an EventTarget asks for more of its listeners

  it('keeps the messages that overtake its hand-over and passes later ones on', () => {
    const raw = new FakeDataChannel()
    const channel = wrap(raw)
    expect(raw.binaryType).toBe('arraybuffer')
    raw.emit('message', Uint8Array.of(1).buffer)
    raw.emit('message', 'text is not ours')
    raw.emit('message', Uint8Array.of(2).buffer)
    const onMessage = vi.fn()
    const onDrain = vi.fn()
    const onClose = vi.fn()
    channel.listen({ onMessage, onDrain, onClose })
    raw.emit('message', Uint8Array.of(3).buffer)
    raw.emit('bufferedamountlow')
    raw.emit('close')
    expect(onMessage.mock.calls).toEqual([[Uint8Array.of(1)], [Uint8Array.of(2)], [Uint8Array.of(3)]])
    expect([onDrain.mock.calls.length, onClose.mock.calls.length]).toEqual([1, 1])
  })

  it('refuses to send unless it is open', async () => {
    const raw = new FakeDataChannel()
    const channel = wrap(raw)
    expect(() => channel.send(Uint8Array.of(1))).toThrow('the data channel is connecting')
    raw.readyState = 'open'
    raw.emit('open')
    await channel.opened
    channel.send(Uint8Array.of(1))
    expect(raw.send).toHaveBeenCalledOnce()
  })

  it.each(['close', 'error'])('rejects `opened` on %s', async (type) => {
    const raw = new FakeDataChannel()
    const channel = wrap(raw)
    raw.emit(type)
    await expect(channel.opened).rejects.toThrow(/closed before it opened|failed/)
  })
})

describe('remoteDataPlane', () => {
  const peerId = 'neighbour' as PeerIdText // opaque to a port

  function remote(plane: Partial<DataPlaneApi> | null) {
    const { near, far } = ports()
    const events: DataPlaneEvent[] = []
    const emit = serveDataPlane(near, () => {
      if (plane === null) throw new LinkError('not initialised', { data: { code: 'NO_LINK', peerId } })
      return plane as DataPlaneApi // each test calls what it gave
    })
    const api = remoteDataPlane(far, (event) => events.push(event))
    near.start()
    far.start()
    return { api, events, emit, close: () => near.close() }
  }

  it('passes arguments and results, matched to their calls', async () => {
    const measure = vi.fn(
      (_: PeerIdText, bytes: number) =>
        new Promise<readonly number[]>((resolve) => setTimeout(() => resolve([bytes]), bytes)),
    )
    const { api, close } = remote({ measure, links: () => Promise.resolve([]) })
    expect(await Promise.all([api.measure(peerId, 30, 2), api.links(), api.measure(peerId, 5, 1)])).toEqual([
      [30],
      [],
      [5],
    ])
    expect(measure.mock.calls[0]).toEqual([peerId, 30, 2])
    close()
  })

  it('carries errors across by name, text and data', async () => {
    const { api, close } = remote({
      prompt: () => Promise.reject(new EngineError('no session', { data: { code: 'UNKNOWN_SESSION' } })),
    })
    await expect(api.prompt(parseSessionId('1'.repeat(32)), [1])).rejects.toMatchObject({
      name: 'EngineError',
      shortMessage: 'no session',
      data: { code: 'UNKNOWN_SESSION' },
    })
    close()
  })

  it('answers calls with an error while there is no plane', async () => {
    const { api, close } = remote(null)
    await expect(api.links()).rejects.toMatchObject({ name: 'LinkError', data: { code: 'NO_LINK' } })
    close()
  })

  it('delivers events in order', async () => {
    const { events, emit, close } = remote({})
    const sent = ['a', 'b', 'c'].map((name): DataPlaneEvent => ({
      kind: 'peer-silent',
      peerId: name as PeerIdText, // opaque to a port
    }))
    for (const event of sent) emit(event)
    await vi.waitFor(() => expect(events).toEqual(sent))
    close()
  })
})
