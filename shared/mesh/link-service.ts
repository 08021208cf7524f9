import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerIdText } from '../protocol/ids.ts'
import { decodeLinkMessage, encodeLinkMessage, LINK_LIMITS, LINK_V1 } from '../protocol/link/link.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import { circuitAddresses, isLimited, relaysOf, webrtcAddresses } from './connection-addresses.ts'
import type { DataChannelLike } from './data-channel.ts'
import { LinkError } from './link-error.ts'
import type { FrameChannel, Logger } from './ports.ts'
import { MAX_FRAMES_MESSAGE_BYTES, RelayedLinks } from './relayed-links.ts'
import { StreamChannel } from './stream-channel.ts'
import { timeLimit } from './time-limit.ts'
import { WireStream } from './wire-stream.ts'

/** Frames over a libp2p stream, for the lower rungs of the ladder. */
const FRAMES_V1 = '/mesh/frames/1.0.0'
/** Dial (155 to 435 ms measured on loopback), ICE over a real network, and the hand-shake. */
const LINK_TIMEOUT_MS = 15_000
/** How long the larger id waits for the smaller to open by itself, and how often it then asks. */
const REQUEST_DELAY_MS = 400
const REQUEST_INTERVAL_MS = 5_000
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
 * carries sooner or later: `RelayedLinks` moves such a stream to a fresh connection before that.
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
  readonly #relayed: RelayedLinks
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
    this.#relayed = new RelayedLinks(options)
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
    await this.#relayed.start()
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the link service stopped'))
    await this.#libp2p.unhandle([LINK_V1, FRAMES_V1])
    await this.#relayed.stop()
    this.#links.clear()
    this.#finishedMs.clear()
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
    this.#relayed.forget(peerId)
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
    if (path === 'relayed-stream') this.#relayed.follow(channel, peerId)
    this.#settle(peerId, adopted)
    await adopted
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
    const connection = direct ?? (await this.#relayed.connect(peerId, relayAddresses, signal))
    const raw = await connection.newStream(FRAMES_V1, { signal, runOnLimitedConnection: true })
    const channel = new StreamChannel(new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES))
    const path = isLimited(connection) ? 'relayed-stream' : 'stream'
    if (path === 'relayed-stream') this.#relayed.lead(channel, connection, peerId, relayAddresses)
    await this.#adopter.adoptStream(peerId, path, channel)
    return path
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
    const relays = relayAddresses.length > 0 ? relayAddresses : relaysOf(this.#libp2p.getConnections(id))
    const known = webrtcAddresses(peerId, relays)
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
