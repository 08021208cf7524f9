import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { PeerIdText } from '../protocol/ids.ts'
import { decodeLinkMessage, encodeLinkMessage, LINK_LIMITS, LINK_V1 } from '../protocol/link/link.ts'
import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../protocol/frame/frame.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import type { DataChannelLike } from './data-channel.ts'
import { LinkError } from './link-error.ts'
import { LinkRenewal } from './link-renewal.ts'
import { systemClock, type FrameChannel, type Logger } from './ports.ts'
import { StreamChannel } from './stream-channel.ts'
import { timeLimit } from './time-limit.ts'
import { WireStream } from './wire-stream.ts'

/** Frames over a libp2p stream, for the lower rungs of the ladder. */
const FRAMES_V1 = '/mesh/frames/1.0.0'
/** The same on another connection, where the frames of a relayed stream go on. The answer is a `LinkMessage`. */
const FRAMES_RENEWAL_V1 = '/mesh/frames-renewal/1.0.0'
const MAX_FRAMES_MESSAGE_BYTES = MAX_MESSAGE_BYTES + FRAME_HEADER_BYTES
/** Dial (155 to 435 ms measured on loopback), ICE over a real network, and the hand-shake. */
const LINK_TIMEOUT_MS = 15_000
/** How long the larger id waits for the smaller to open by itself, and how often it then asks. */
const REQUEST_DELAY_MS = 400
const REQUEST_INTERVAL_MS = 5_000
/** A dial through the relay takes some 60 ms on loopback, and a second or two over bad networks. */
const RENEWAL_TIMEOUT_MS = 10_000
/**
 * Time for each try of a direct connection. libp2p may miss that its peer connection closed, and then only waits. On a
 * busy machine about one dial of twenty from Node gets nowhere, so a third try is worth more than a relayed link.
 */
const DIRECT_TIMEOUTS_MS = [2_500, 4_000, 6_000]
/** Ids of the first pair of negotiated channels. libp2p's own count up from 0; Chromium has 1,023 in all. */
const FIRST_CHANNEL_ID = 900
/** Pairs before ids come round again: a closed channel's id stays taken for a moment. */
const CHANNEL_PAIRS = 50

/** How a platform turns channels into a link of its data plane. */
export interface LinkAdopter {
  /**
   * Takes both channels in the task that made them; settles when frames flow. Returns the rung that was reached.
   * @param speaksFirst true on the side that made its channels second, see `NeighbourLink`
   */
  adoptChannels(
    peerId: PeerIdText,
    hot: DataChannelLike,
    beat: DataChannelLike,
    speaksFirst: boolean,
  ): Promise<LinkPath>
  adoptStream(peerId: PeerIdText, path: 'stream' | 'relayed-stream', channel: FrameChannel): Promise<void>
}

/**
 * Makes data-plane links: a direct libp2p connection by WebRTC, then two negotiated data channels on it. If no direct
 * connection can be made, or it hides its peer connection, a libp2p stream carries the frames. A relay cuts what it
 * carries sooner or later: a stream through one moves to a fresh connection before that.
 *
 * The peer with the smaller id opens; the other asks it to. So two peers that want each other at once make one link.
 */
export class LinkService {
  readonly #libp2p: Libp2p
  readonly #self: PeerIdText
  readonly #adopter: LinkAdopter
  readonly #logger: Logger
  readonly #allowsStreams: boolean
  readonly #links = new Map<PeerIdText, Promise<LinkPath>>()
  /** When the link of a peer was finished, on `performance.now()`; infinity while it is being made. */
  readonly #finishedMs = new Map<PeerIdText, number>()
  readonly #requests = new Map<
    PeerIdText,
    { resolve: (path: LinkPath) => void; reject: (error: unknown) => void }
  >()
  /** Relayed channels that the other side opened, and may move. */
  readonly #followed = new Map<PeerIdText, StreamChannel>()
  readonly #stopped = new AbortController()
  #nextPair = 0

  constructor(options: {
    libp2p: Libp2p
    self: PeerIdText
    adopter: LinkAdopter
    logger: Logger
    /** False refuses the stream rungs. */
    allowStreams?: boolean
  }) {
    this.#libp2p = options.libp2p
    this.#self = options.self
    this.#adopter = options.adopter
    this.#logger = options.logger
    this.#allowsStreams = options.allowStreams ?? true
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(LINK_V1, (stream, connection) => this.#onLinkStream(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 128,
    })
    await this.#libp2p.handle(FRAMES_V1, (stream, connection) => this.#onFrameStream(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 128,
    })
    await this.#libp2p.handle(
      FRAMES_RENEWAL_V1,
      (stream, connection) => this.#onRenewalStream(stream, connection),
      { runOnLimitedConnection: true },
    )
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the link service stopped'))
    await this.#libp2p.unhandle([LINK_V1, FRAMES_V1, FRAMES_RENEWAL_V1])
    this.#links.clear()
    this.#finishedMs.clear()
    this.#followed.clear()
  }

  /**
   * Makes sure of a link; calls for the same peer share one attempt.
   * @param relayAddresses where the peer holds reservations
   * @throws LinkError
   */
  ensure(peerId: PeerIdText, relayAddresses: readonly string[]): Promise<LinkPath> {
    const existing = this.#links.get(peerId)
    if (existing !== undefined) return existing
    return this.#remember(peerId, this.#make(peerId, relayAddresses))
  }

  /** Call when the data plane lost the link, so that the next `ensure` makes a new one. */
  forget(peerId: PeerIdText): void {
    this.#links.delete(peerId)
    this.#finishedMs.delete(peerId)
    this.#followed.delete(peerId)
  }

  /** Drops every connection to a peer that has fallen silent; libp2p itself would wait 13 s. */
  disconnect(peerId: PeerIdText): void {
    this.forget(peerId)
    for (const connection of this.#libp2p.getConnections(peerIdFromString(peerId)))
      connection.abort(new Error('no beat within the silence limit'))
  }

  #remember(peerId: PeerIdText, attempt: Promise<LinkPath>): Promise<LinkPath> {
    this.#links.set(peerId, attempt)
    this.#finishedMs.set(peerId, Number.POSITIVE_INFINITY)
    attempt.then(
      () => {
        if (this.#links.get(peerId) === attempt) this.#finishedMs.set(peerId, performance.now())
      },
      () => {
        if (this.#links.get(peerId) === attempt) this.forget(peerId)
      },
    )
    return attempt
  }

  async #make(peerId: PeerIdText, relayAddresses: readonly string[]): Promise<LinkPath> {
    const limit = timeLimit(LINK_TIMEOUT_MS, this.#stopped.signal)
    const { signal } = limit
    try {
      if (this.#self < peerId) return await this.#open(peerId, relayAddresses, signal)
      return await this.#request(peerId, relayAddresses, signal)
    } catch (error) {
      if (error instanceof LinkError) throw error
      throw new LinkError(`No link to ${peerId} could be made.`, {
        data: { code: 'NO_LINK', peerId },
        metaMessages: [
          'The peer left, or a firewall blocks direct connections to it.',
          'Ask again: another route is chosen.',
        ],
        cause: error,
      })
    } finally {
      limit.dispose()
    }
  }

  async #open(peerId: PeerIdText, relayAddresses: readonly string[], signal: AbortSignal): Promise<LinkPath> {
    const connection = await this.#connectDirectly(peerId, relayAddresses, signal)
    const pc = connection === null ? null : peerConnectionOf(connection)
    if (connection === null || pc === null)
      return this.#openStream(peerId, relayAddresses, connection, signal)
    const hotChannelId = FIRST_CHANNEL_ID + 2 * (this.#nextPair++ % CHANNEL_PAIRS)
    const stream = new WireStream(await connection.newStream(LINK_V1, { signal }), LINK_LIMITS.maxBytes)
    const adopted = this.#adopt(peerId, pc, hotChannelId, hotChannelId + 1, false)
    try {
      stream.send(encodeLinkMessage({ kind: 'open', hotChannelId, beatChannelId: hotChannelId + 1 }))
      const reply = await stream.next(signal)
      if (reply === null || decodeLinkMessage(reply).kind !== 'ready')
        throw new Error('the peer refused the link')
      return await adopted
    } finally {
      stream.close()
    }
  }

  /** Asks the peer with the smaller id to open, and waits until it has. */
  async #request(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    signal: AbortSignal,
  ): Promise<LinkPath> {
    const opened = new Promise<LinkPath>((resolve, reject) => {
      this.#requests.set(peerId, { resolve, reject })
      signal.addEventListener('abort', () =>
        reject(
          new LinkError(`${peerId} did not open a link within ${LINK_TIMEOUT_MS / 1000} s.`, {
            data: { code: 'LINK_TIMEOUT', peerId, timeoutMs: LINK_TIMEOUT_MS },
          }),
        ),
      )
    })
    const done = new AbortController()
    void this.#ask(peerId, relayAddresses, AbortSignal.any([signal, done.signal]))
    try {
      return await opened
    } finally {
      done.abort()
      this.#requests.delete(peerId)
    }
  }

  /** Asks again and again until it is told to stop: a request may get lost with the connection that carries it. */
  async #ask(peerId: PeerIdText, relayAddresses: readonly string[], signal: AbortSignal): Promise<void> {
    // Both neighbours of a pipeline often want each other at once: the other side may be opening already, and two
    // connections through the relay at the same moment get in each other's way.
    let waitMs = REQUEST_DELAY_MS
    while (!signal.aborted) {
      try {
        await delay(waitMs, signal)
        // Not `signal`: a dial that is cut short the moment the other side's connection arrives takes that one along.
        const limit = AbortSignal.timeout(REQUEST_INTERVAL_MS)
        const stream = await this.#dialProtocol(peerId, relayAddresses, LINK_V1, limit)
        stream.send(encodeLinkMessage({ kind: 'request' }))
        stream.close()
      } catch (error) {
        this.#logger.debug('a link request was not sent', { peerId, error: String(error) })
      }
      waitMs = REQUEST_INTERVAL_MS
    }
  }

  async #onLinkStream(raw: Stream, connection: Connection): Promise<void> {
    const stream = new WireStream(raw, LINK_LIMITS.maxBytes)
    const peerId = connection.remotePeer.toString() as PeerIdText // libp2p has parsed it
    try {
      const first = await stream.next(AbortSignal.timeout(LINK_TIMEOUT_MS))
      if (first === null) return
      const message = decodeLinkMessage(first)
      if (message.kind === 'request') {
        if (this.#self > peerId) return
        // Who asks has no link. Ours to it is stale, unless it is under way or so young that the two have crossed.
        const ageMs = performance.now() - (this.#finishedMs.get(peerId) ?? Number.NEGATIVE_INFINITY)
        if (ageMs > REQUEST_INTERVAL_MS / 2) this.forget(peerId)
        // Relays of the asker are not needed: it has just reached us, so a connection exists.
        await this.ensure(peerId, [])
        return
      }
      const pc = peerConnectionOf(connection)
      if (message.kind !== 'open' || pc === null) {
        stream.send(encodeLinkMessage({ kind: 'refused' }))
        return
      }
      const adopted = this.#adopt(peerId, pc, message.hotChannelId, message.beatChannelId, true)
      stream.send(encodeLinkMessage({ kind: 'ready' }))
      this.#settle(peerId, adopted)
      await adopted
    } catch (error) {
      this.#logger.debug('link set-up failed', { peerId, error: String(error) })
    } finally {
      stream.close()
    }
  }

  async #onFrameStream(raw: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString() as PeerIdText // libp2p has parsed it
    if (!this.#allowsStreams) {
      raw.abort(new Error('stream links are switched off'))
      return
    }
    const channel = new StreamChannel(new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES))
    const path = isLimited(connection) ? 'relayed-stream' : 'stream'
    const adopted = this.#adopter.adoptStream(peerId, path, channel).then(() => path as LinkPath)
    this.#followed.set(peerId, channel)
    this.#settle(peerId, adopted)
    await adopted
  }

  #onRenewalStream(raw: Stream, connection: Connection): void {
    const stream = new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES)
    const channel = this.#followed.get(connection.remotePeer.toString() as PeerIdText) // libp2p has parsed it
    if (channel === undefined || channel.isClosed) {
      stream.send(encodeLinkMessage({ kind: 'refused' }))
      stream.close()
      return
    }
    // First, because the end of the old stream may come right after the answer.
    channel.follow(stream)
    stream.send(encodeLinkMessage({ kind: 'ready' }))
  }

  /** An inbound link answers both a request of ours and a later `ensure`. */
  #settle(peerId: PeerIdText, adopted: Promise<LinkPath>): void {
    const request = this.#requests.get(peerId)
    if (request !== undefined) adopted.then(request.resolve, request.reject)
    else void this.#remember(peerId, adopted).catch(() => {})
  }

  #adopt(
    peerId: PeerIdText,
    pc: PeerConnectionLike,
    hotId: number,
    beatId: number,
    speaksFirst: boolean,
  ): Promise<LinkPath> {
    const hot = pc.createDataChannel('racemesh-hot', { negotiated: true, id: hotId, ordered: true })
    const beat = pc.createDataChannel('racemesh-beat', {
      negotiated: true,
      id: beatId,
      ordered: false,
      maxRetransmits: 0,
    })
    const adopted = this.#adopter.adoptChannels(peerId, hot, beat, speaksFirst)
    // The hand-shake may fail first; its error is the one to report.
    adopted.catch(() => {})
    return adopted
  }

  async #openStream(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    direct: Connection | null,
    signal: AbortSignal,
  ): Promise<LinkPath> {
    if (!this.#allowsStreams) throw new Error('no direct connection, and stream links are switched off')
    const connection = direct ?? (await this.#connectRelayed(peerId, relayAddresses, signal))
    const raw = await connection.newStream(FRAMES_V1, { signal, runOnLimitedConnection: true })
    const channel = new StreamChannel(new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES))
    const path = isLimited(connection) ? 'relayed-stream' : 'stream'
    if (path === 'relayed-stream') {
      const renewal = new LinkRenewal({
        connection,
        move: (from) => this.#move(channel, from, peerId, relayAddresses),
        clock: systemClock,
        logger: this.#logger,
      })
      channel.onTraffic = (messageBytes) => renewal.onMessage(messageBytes)
    }
    await this.#adopter.adoptStream(peerId, path, channel)
    return path
  }

  /** A connection through a relay. A new one where that can be made: what the relay lets pass of it is then untouched. */
  async #connectRelayed(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    signal: AbortSignal,
  ): Promise<Connection> {
    try {
      return await this.#dialRelayed(peerId, relayAddresses, signal)
    } catch (error) {
      // A peer that has reached us may itself be out of reach, as when it holds no reservation on our relay.
      const inbound = this.#libp2p
        .getConnections(peerIdFromString(peerId))
        .find((connection) => connection.status === 'open')
      if (inbound === undefined || signal.aborted) throw error
      return inbound
    }
  }

  #dialRelayed(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    signal: AbortSignal,
  ): Promise<Connection> {
    const addresses =
      relayAddresses.length > 0
        ? circuitAddresses(peerId, relayAddresses)
        : this.#libp2p
            .getConnections(peerIdFromString(peerId))
            .flatMap((connection) => circuitTwin(connection))
    return this.#libp2p.dial(addresses, { signal, force: true })
  }

  /** Moves a relayed channel from its connection to a fresh one, which it returns. */
  async #move(
    channel: StreamChannel,
    from: Connection,
    peerId: PeerIdText,
    relayAddresses: readonly string[],
  ): Promise<Connection> {
    const limit = timeLimit(RENEWAL_TIMEOUT_MS, this.#stopped.signal)
    const { signal } = limit
    let connection: Connection | null = null
    try {
      const dialled = await this.#dialRelayed(peerId, relayAddresses, signal)
      // A dial joins another that is under way, so it may end in a direct connection, which is not ours to use or close.
      if (!isLimited(dialled)) throw new Error('a direct connection came instead')
      connection = dialled
      const raw = await connection.newStream(FRAMES_RENEWAL_V1, { signal, runOnLimitedConnection: true })
      const stream = new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES)
      try {
        const reply = await stream.next(signal)
        if (reply === null || decodeLinkMessage(reply).kind !== 'ready')
          throw new Error('the peer refused to go on in another stream')
        channel.lead(stream)
      } catch (error) {
        stream.close()
        throw error
      }
      void closeOnceUnused(from)
      return connection
    } catch (error) {
      if (connection !== null) void closeOnceUnused(connection)
      throw error
    } finally {
      limit.dispose()
    }
  }

  /** A direct connection, or null when none can be made; the relayed one then carries the frames. */
  async #connectDirectly(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    signal: AbortSignal,
  ): Promise<Connection | null> {
    const id = peerIdFromString(peerId)
    const direct = this.#libp2p.getConnections(id).find((connection) => !isLimited(connection))
    if (direct !== undefined) return direct
    const known =
      relayAddresses.length > 0
        ? webrtcAddresses(peerId, relayAddresses)
        : this.#libp2p.getConnections(id).flatMap((connection) => webrtcTwin(connection))
    // ICE now and then loses its first race on a busy machine; a relayed link in its place would cost every token.
    for (const timeoutMs of DIRECT_TIMEOUTS_MS) {
      const limit = timeLimit(timeoutMs, signal)
      try {
        const connection = await this.#libp2p.dial(known, { signal: limit.signal })
        if (!isLimited(connection)) return connection
      } catch (error) {
        this.#logger.debug('no direct connection', { peerId, timeoutMs, error: String(error) })
        if (signal.aborted) throw error
      } finally {
        limit.dispose()
      }
    }
    return null
  }

  async #dialProtocol(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    protocol: string,
    signal: AbortSignal,
  ): Promise<WireStream> {
    const id = peerIdFromString(peerId)
    const target = this.#libp2p.getConnections(id).length > 0 ? id : circuitAddresses(peerId, relayAddresses)
    const stream = await this.#libp2p.dialProtocol(target, protocol, { signal, runOnLimitedConnection: true })
    return new WireStream(stream, LINK_LIMITS.maxBytes)
  }
}

interface PeerConnectionLike {
  createDataChannel(
    label: string,
    options: { negotiated: boolean; id: number; ordered: boolean; maxRetransmits?: number },
  ): DataChannelLike
}

/** libp2p's own RTCPeerConnection: an undocumented member, so its absence is a case and not an error. */
function peerConnectionOf(connection: Connection): PeerConnectionLike | null {
  const { muxer } = connection as { muxer?: { peerConnection?: Partial<PeerConnectionLike> } }
  const pc = muxer?.peerConnection
  return typeof pc?.createDataChannel === 'function' ? (pc as PeerConnectionLike) : null // checked on this line
}

function delay(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, durationMs)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function isLimited(connection: Connection): boolean {
  return connection.limits !== undefined || !connection.direct
}

/** Where the peer can be dialled for a direct connection, by way of its relays. */
export function webrtcAddresses(peerId: PeerIdText, relayAddresses: readonly string[]): Multiaddr[] {
  return relayAddresses.map((address) => multiaddr(`${address}/p2p-circuit/webrtc/p2p/${peerId}`))
}

/** Where the peer can be dialled through its relays. */
export function circuitAddresses(peerId: PeerIdText, relayAddresses: readonly string[]): Multiaddr[] {
  return relayAddresses.map((address) => multiaddr(`${address}/p2p-circuit/p2p/${peerId}`))
}

/** Others may still talk on a connection that frames have left, such as an asker. The relay's limit ends the wait. */
async function closeOnceUnused(connection: Connection): Promise<void> {
  const inUse = (): readonly Stream[] => connection.streams.filter((stream) => stream.status === 'open')
  while (connection.status === 'open' && inUse().length > 0) {
    await Promise.race(
      inUse().map(
        (stream) => new Promise<void>((resolve) => stream.addEventListener('close', () => resolve())),
      ),
    )
  }
  try {
    await connection.close()
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

/** The WebRTC address beside a relayed connection that already exists. */
function webrtcTwin(connection: Connection): Multiaddr[] {
  const relay = relayOf(connection)
  return relay === null ? [] : webrtcAddresses(connection.remotePeer.toString() as PeerIdText, [relay]) // libp2p has parsed it
}

/** Where a relayed connection that already exists can be dialled again. */
function circuitTwin(connection: Connection): Multiaddr[] {
  const relay = relayOf(connection)
  return relay === null ? [] : circuitAddresses(connection.remotePeer.toString() as PeerIdText, [relay]) // libp2p has parsed it
}

function relayOf(connection: Connection): string | null {
  const text = connection.remoteAddr.toString()
  const at = text.indexOf('/p2p-circuit')
  return at < 0 ? null : text.slice(0, at)
}
