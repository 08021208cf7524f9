import { decodeBeat, encodeBeat } from '../protocol/beat/beat.ts'
import { encodeFrame, FrameAssembler, MAX_FRAME_PAYLOAD_BYTES } from '../protocol/frame/frame.ts'
import type { Frame, FrameHeader } from '../protocol/frame/frame.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import { isRelayedPath, type LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import type { Clock, FrameChannel } from './ports.ts'

/** Above this the sender waits for a drain; Chromium's own buffer ends at 16 MiB and then throws. */
const HIGH_WATER_BYTES = 1024 * 1024
/** Frames that wait for a drain. Four prefill chunks of the largest model fit; more means that the peer is not reading. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024
/** Round trips that the median is taken over: 3 s of beats. */
const ROUND_TRIP_SAMPLES = 20
/** Sessions whose frames may be half-received at once; each holds at most one frame. */
const MAX_OPEN_ASSEMBLIES = 64

export interface NeighbourLinkEvents {
  onFrame(frame: Frame): void
  /** The channel closed, the peer stopped reading, or it sent bytes that are no frames. */
  onFailed(cause: 'closed' | 'overflow' | 'malformed'): void
}

/**
 * The data plane's connection to one neighbour: frames on an ordered channel, beats on a lossy one beside it.
 *
 * Without a beat channel (a stream of the fallback ladder) beats travel on the ordered one: a beat is 24 bytes,
 * shorter than any frame header, so the two cannot be confused.
 */
export class NeighbourLink {
  readonly peerId: PeerIdText
  readonly path: LinkPath
  /** Settles when frames can flow; rejects if the link closes first. */
  readonly opened: Promise<void>
  readonly #hot: FrameChannel
  readonly #beat: FrameChannel
  readonly #clock: Clock
  readonly #generation: number
  readonly #events: NeighbourLinkEvents
  readonly #assembler = new FrameAssembler({
    maxPayloadBytes: MAX_FRAME_PAYLOAD_BYTES,
    maxConcurrentFrames: MAX_OPEN_ASSEMBLIES,
  })
  readonly #queue: Uint8Array<ArrayBuffer>[] = []
  readonly #roundTripsMs: number[] = []
  #queuedBytes = 0
  #beatSequence = 0
  readonly #speaksFirst: boolean
  /** Null until the link is open: a link that is still opening is not silent. */
  #lastHeardMs: number | null = null
  #onFirstHeard = (): void => {}
  #onClosed = (_error: Error): void => {}
  /** Frames may arrive before the channel says that it is open (a channel that was handed to a worker): replies wait. */
  #isOpen = false
  #isClosed = false
  #bytesSent = 0

  constructor(options: {
    peerId: PeerIdText
    path: LinkPath
    hot: FrameChannel
    beat: FrameChannel | null
    clock: Clock
    generation: number
    /**
     * False for the side whose channels exist before the other's: libdatachannel resets a stream on which something
     * arrives before its channel is made, so this side keeps silent until it has heard the other.
     */
    speaksFirst: boolean
    events: NeighbourLinkEvents
  }) {
    this.peerId = options.peerId
    this.path = options.path
    this.#hot = options.hot
    this.#beat = options.beat ?? options.hot
    this.#clock = options.clock
    this.#generation = options.generation
    this.#events = options.events
    this.#speaksFirst = options.speaksFirst
    const heard = new Promise<void>((resolve) => {
      this.#onFirstHeard = resolve
    })
    const closed = new Promise<never>((_resolve, reject) => {
      this.#onClosed = reject
    })
    this.opened = Promise.race([
      closed,
      options.hot.opened.then(async () => {
        this.#isOpen = true
        this.#flush()
        if (!options.speaksFirst) await heard
        this.#lastHeardMs = options.clock.now()
      }),
    ])
    // Whoever waits gets the rejection; nobody may be waiting.
    this.opened.catch(() => {})
    this.#hot.listen({
      onMessage: (message) => this.#onMessage(message),
      onDrain: () => this.#flush(),
      onClose: () => this.#fail('closed'),
    })
    options.beat?.listen({
      onMessage: (message) => this.#onBeat(message),
      onDrain: () => {},
      // The ordered channel of the same connection reports the end; one report is enough.
      onClose: () => {},
    })
  }

  get isRelayed(): boolean {
    return isRelayedPath(this.path)
  }

  get bytesSent(): number {
    return this.#bytesSent
  }

  /** Milliseconds since anything at all arrived; 0 while the channel opens. */
  silenceMs(): number {
    return this.#lastHeardMs === null ? 0 : this.#clock.now() - this.#lastHeardMs
  }

  /** Median round trip of the last beats, or null before the first reply. */
  roundTripMs(): number | null {
    if (this.#roundTripsMs.length === 0) return null
    const sorted = [...this.#roundTripsMs].sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? null
  }

  /** Sends one frame; frames of a session arrive in the order of the calls. Copies `payload`. */
  sendFrame(header: FrameHeader, payload: Uint8Array): void {
    for (const message of encodeFrame(header, payload)) this.#enqueue(message)
  }

  sendBeat(): void {
    if (!this.#speaksFirst && this.#lastHeardMs === null) return
    this.#beatSequence = (this.#beatSequence + 1) >>> 0
    this.#sendBeatMessage('beat', this.#beatSequence, Math.round(this.#clock.now() * 1000))
  }

  dropSession(sessionId: SessionId): void {
    this.#assembler.dropSession(sessionId)
  }

  close(): void {
    this.#isClosed = true
    this.#onClosed(new Error('the link closed before it opened'))
    this.#queue.length = 0
    this.#queuedBytes = 0
    this.#hot.close()
    if (this.#beat !== this.#hot) this.#beat.close()
  }

  #enqueue(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return
    this.#bytesSent += message.length
    if (this.#isOpen && this.#queue.length === 0 && this.#hot.bufferedBytes < HIGH_WATER_BYTES) {
      this.#sendNow(message)
      return
    }
    this.#queuedBytes += message.length
    if (this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.#fail('overflow')
      return
    }
    this.#queue.push(message)
  }

  #flush(): void {
    if (!this.#isOpen) return
    while (this.#queue.length > 0 && this.#hot.bufferedBytes < HIGH_WATER_BYTES) {
      const message = this.#queue.shift()
      if (message === undefined) return
      this.#queuedBytes -= message.length
      this.#sendNow(message)
    }
  }

  #sendNow(message: Uint8Array<ArrayBuffer>): void {
    try {
      this.#hot.send(message)
    } catch {
      // A channel may close between its state and the send (js-libp2p issue 3469): the same end as a close event.
      this.#fail('closed')
    }
  }

  #sendBeatMessage(kind: 'beat' | 'beat-reply', sequence: number, sentAtMicros: number): void {
    if (this.#isClosed) return
    try {
      this.#beat.send(encodeBeat({ kind, generation: this.#generation, sequence, sentAtMicros }))
    } catch {
      // Beats are lossy by design; if the connection is gone, silence or the ordered channel's close says so.
    }
  }

  #heard(): void {
    this.#lastHeardMs = this.#clock.now()
    this.#onFirstHeard()
  }

  #onMessage(message: Uint8Array<ArrayBuffer>): void {
    this.#heard()
    if (this.#beat === this.#hot && message.length < 48) {
      this.#onBeat(message)
      return
    }
    let frame: Frame | null
    try {
      frame = this.#assembler.push(message)
    } catch {
      this.#fail('malformed')
      return
    }
    if (frame === null) return
    if (frame.header.kind === 'echo') {
      this.sendFrame({ ...frame.header, kind: 'echo-reply' }, frame.payload)
      return
    }
    this.#events.onFrame(frame)
  }

  #onBeat(message: Uint8Array<ArrayBuffer>): void {
    this.#heard()
    let beat: ReturnType<typeof decodeBeat>
    try {
      beat = decodeBeat(message)
    } catch {
      this.#fail('malformed')
      return
    }
    if (beat.kind === 'beat') {
      this.#sendBeatMessage('beat-reply', beat.sequence, beat.sentAtMicros)
      return
    }
    const roundTripMs = this.#clock.now() - beat.sentAtMicros / 1000
    // A reply that claims to be from the future, or from before this link, is a lie or a leftover.
    if (roundTripMs < 0 || roundTripMs > 60_000) return
    this.#roundTripsMs.push(roundTripMs)
    if (this.#roundTripsMs.length > ROUND_TRIP_SAMPLES) this.#roundTripsMs.shift()
  }

  #fail(cause: 'closed' | 'overflow' | 'malformed'): void {
    if (this.#isClosed) return
    this.close()
    this.#events.onFailed(cause)
  }
}
