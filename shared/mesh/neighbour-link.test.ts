import { describe, expect, it } from 'vitest'
import type { Frame, FrameHeader } from '../protocol/frame/frame.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import type { DataPlaneEvent } from './data-plane-api.ts'
import { DataPlane, SILENCE_LIMIT_MS } from './data-plane.ts'
import { NeighbourLink } from './neighbour-link.ts'
import type { FrameChannel } from './ports.ts'
import { memoryChannelPair } from './testing/memory-channel.fixture.ts'
import { ToyEngine } from './testing/toy-engine.fixture.ts'
import { settle, VirtualClock } from './testing/virtual-clock.fixture.ts'

const MIB = 1024 * 1024
const PEER = 'neighbour' as PeerIdText // opaque to a link

function header(change: Partial<FrameHeader> = {}): FrameHeader {
  return {
    kind: 'hidden',
    wantsAck: false,
    generation: 1,
    sessionId: '1'.repeat(32) as SessionId, // 32 hex digits
    position: 0,
    tokenCount: 1,
    hiddenSize: 4,
    tokenId: 0,
    ...change,
  }
}

/** A channel whose buffer empties only when told to. */
class StuckChannel implements FrameChannel {
  readonly opened: Promise<void>
  readonly sent: Uint8Array[] = []
  bufferedBytes = 0
  isClosed = false
  refuses = false
  listeners: Parameters<FrameChannel['listen']>[0] | null = null

  constructor(opened: Promise<void> = Promise.resolve()) {
    this.opened = opened
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.refuses) throw new Error('closed')
    this.sent.push(message)
    this.bufferedBytes += message.length
  }

  listen(listeners: Parameters<FrameChannel['listen']>[0]): void {
    this.listeners = listeners
  }

  drain(): void {
    this.bufferedBytes = 0
    this.listeners?.onDrain()
  }

  close(): void {
    this.isClosed = true
  }
}

function link(
  hot: FrameChannel,
  options: { beat?: FrameChannel; clock?: VirtualClock; speaksFirst?: boolean } = {},
) {
  const frames: Frame[] = []
  const failures: string[] = []
  const created = new NeighbourLink({
    peerId: PEER,
    path: 'stream',
    hot,
    beat: options.beat ?? null,
    clock: options.clock ?? new VirtualClock(),
    generation: 1,
    speaksFirst: options.speaksFirst ?? true,
    events: { onFrame: (frame) => frames.push(frame), onFailed: (cause) => failures.push(cause) },
  })
  return { link: created, frames, failures }
}

describe('NeighbourLink', () => {
  it('keeps silent and unopened until it is heard where the other side speaks first', async () => {
    const clock = new VirtualClock()
    const pair = memoryChannelPair(clock, 1)
    const messages: number[] = []
    pair.tamper((message) => {
      messages.push(clock.now())
      return message
    })
    const { link: quiet } = link(pair.a, { clock, speaksFirst: false })
    let isOpen = false
    void quiet.opened.then(() => (isOpen = true))
    quiet.sendBeat()
    await clock.advance(5_000)
    expect([isOpen, messages.length, quiet.silenceMs()]).toEqual([false, 0, 0])
    const { link: first } = link(pair.b, { clock })
    first.sendBeat()
    await clock.advance(10)
    expect(isOpen).toBe(true)
    quiet.sendBeat()
    await clock.advance(10)
    expect(first.roundTripMs()).toBe(2)
    expect(quiet.roundTripMs()).toBe(2)
  })

  it('answers what arrives before its own channel says that it is open once it is', async () => {
    const clock = new VirtualClock()
    const pair = memoryChannelPair(clock, 1)
    const { link: measuring, frames } = link(pair.a, { clock })
    let open = (): void => {}
    const opening = new StuckChannel(new Promise((resolve) => (open = resolve)))
    opening.refuses = true // as a data channel does that is still connecting
    const { failures } = link(opening, { clock, speaksFirst: false })
    pair.b.listen({
      onMessage: (message) => opening.listeners?.onMessage(message),
      onDrain() {},
      onClose() {},
    })
    measuring.sendFrame(header({ kind: 'echo', position: 9 }), new Uint8Array(100))
    await clock.advance(5)
    expect([failures, opening.sent]).toEqual([[], []])
    opening.refuses = false
    open()
    await settle()
    for (const message of opening.sent) pair.b.send(new Uint8Array(message))
    await clock.advance(5)
    expect(frames).toMatchObject([{ header: { kind: 'echo-reply', position: 9 } }])
    expect(failures).toEqual([])
  })

  it('rejects `opened` when it closes first', async () => {
    const channel = new StuckChannel()
    const { link: closing, failures } = link(channel, { speaksFirst: false })
    channel.listeners?.onClose()
    await expect(closing.opened).rejects.toThrow('closed before it opened')
    expect(failures).toEqual(['closed'])
  })

  it('holds frames back at the high-water mark, sends them in order after a drain', async () => {
    const channel = new StuckChannel()
    const { link: busy, failures } = link(channel)
    await busy.opened
    for (let position = 0; position < 3; position++)
      busy.sendFrame(header({ position, tokenCount: 16, hiddenSize: 16_384 }), new Uint8Array(MIB))
    const held = channel.sent.length
    expect(channel.bufferedBytes).toBeLessThan(MIB + 128 * 1024)
    channel.drain()
    channel.drain()
    channel.drain()
    expect(channel.sent.length).toBeGreaterThan(2 * held)
    const positions = channel.sent.map((message) => new DataView(message.buffer).getUint32(24, true))
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    expect(new Set(positions)).toEqual(new Set([0, 1, 2]))
    expect(failures).toEqual([])
    expect(busy.bytesSent).toBe(channel.sent.reduce((sum, message) => sum + message.length, 0))
  })

  it('fails once as overflow when 16 MiB wait for a peer that does not read', async () => {
    const channel = new StuckChannel()
    const { link: busy, failures } = link(channel)
    await busy.opened
    for (let position = 0; position < 20; position++)
      busy.sendFrame(header({ position, tokenCount: 16, hiddenSize: 16_384 }), new Uint8Array(MIB))
    expect(failures).toEqual(['overflow'])
    expect(channel.isClosed).toBe(true)
  })

  it('fails as closed when the channel closes under a send', async () => {
    const channel = new StuckChannel()
    channel.refuses = true
    const { link: broken, failures } = link(channel)
    await broken.opened
    broken.sendFrame(header(), new Uint8Array(16))
    expect(failures).toEqual(['closed'])
  })

  it.each([
    ['frame', new Uint8Array(64).fill(0xee)],
    ['beat', new Uint8Array(24).fill(0xee)],
    ['empty message', new Uint8Array(0)],
  ])('fails as malformed on a %s that is none', (_, message) => {
    const channel = new StuckChannel()
    const { failures } = link(channel)
    channel.listeners?.onMessage(message)
    expect(failures).toEqual(['malformed'])
    expect(channel.isClosed).toBe(true)
  })

  it('answers echoes by itself and hands every other frame on', async () => {
    const clock = new VirtualClock()
    const pair = memoryChannelPair(clock, 1)
    const a = link(pair.a, { clock })
    const b = link(pair.b, { clock })
    a.link.sendFrame(header({ kind: 'echo', position: 9, tokenCount: 0, hiddenSize: 0 }), new Uint8Array(100))
    a.link.sendFrame(header(), new Uint8Array(16))
    await clock.advance(5)
    expect(a.frames).toMatchObject([{ header: { kind: 'echo-reply', position: 9 } }])
    expect(a.frames[0]?.payload).toHaveLength(100)
    expect(b.frames.map((frame) => frame.header.kind)).toEqual(['hidden'])
  })

  it('reports the median of the last twenty round trips', async () => {
    const clock = new VirtualClock()
    const hot = memoryChannelPair(clock, 1)
    const slow = { delayMs: 1 }
    const beats = memoryChannelPair(
      { now: () => clock.now(), every: () => () => {}, after: (_, run) => clock.after(slow.delayMs, run) },
      0,
    )
    const a = link(hot.a, { beat: beats.a, clock })
    link(hot.b, { beat: beats.b, clock })
    expect(a.link.roundTripMs()).toBeNull()
    for (const delayMs of [1, 1, 50]) {
      slow.delayMs = delayMs
      a.link.sendBeat()
      await clock.advance(200)
    }
    expect(a.link.roundTripMs()).toBe(2)
    slow.delayMs = 5
    for (let count = 0; count < 20; count++) {
      a.link.sendBeat()
      await clock.advance(20)
    }
    expect(a.link.roundTripMs()).toBe(10)
  })
})

describe('links of a DataPlane', () => {
  function plane(clock: VirtualClock, self: string) {
    const events: DataPlaneEvent[] = []
    const engine = new ToyEngine({
      layers: { start: 0, end: 1 },
      layerCount: 1,
      hiddenSize: 1,
      clock,
      stepMs: 0,
    })
    const created = new DataPlane({
      engine,
      clock,
      self: self as PeerIdText,
      generation: 1,
      onEvent: (event) => events.push(event),
    }) // opaque to a plane
    return { plane: created, events }
  }

  it.each(['replaced', 'disposed', 'silent'] as const)(
    'does not leave a measurement waiting on a link that is %s',
    async (how) => {
      const clock = new VirtualClock()
      const { plane: here } = plane(clock, 'here')
      await here.addLink(PEER, 'stream', new StuckChannel(), null, true)
      const measured = expect(here.measure(PEER, 100, 1)).rejects.toMatchObject({ data: { code: 'NO_LINK' } })
      if (how === 'replaced') await here.addLink(PEER, 'stream', new StuckChannel(), null, true)
      else if (how === 'disposed') here.dispose()
      else await clock.advance(2 * SILENCE_LIMIT_MS)
      await measured
      here.dispose()
    },
  )

  it('says NO_LINK at once when a channel closes before it opens, LINK_TIMEOUT when it never does', async () => {
    const clock = new VirtualClock()
    const { plane: here } = plane(clock, 'here')
    const channel = new StuckChannel()
    const closed = expect(here.addLink(PEER, 'stream', channel, null, false)).rejects.toMatchObject({
      data: { code: 'NO_LINK' },
    })
    channel.listeners?.onClose()
    await closed
    const late = expect(here.addLink(PEER, 'stream', new StuckChannel(), null, false)).rejects.toMatchObject({
      data: { code: 'LINK_TIMEOUT' },
    })
    await clock.advance(5_000)
    await late
    expect(await here.links()).toEqual([])
    here.dispose()
  })

  it('does nothing on its clock once disposed', async () => {
    const clock = new VirtualClock()
    const { plane: here, events } = plane(clock, 'here')
    const channel = new StuckChannel()
    await here.addLink(PEER, 'stream', channel, null, true)
    here.dispose()
    await settle()
    const before = [events.length, channel.sent.length]
    await clock.advance(10_000)
    expect([events.length, channel.sent.length]).toEqual(before)
    expect(channel.isClosed).toBe(true)
  })
})
