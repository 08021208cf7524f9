import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../protocol/frame/frame.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import { decodeLinkMessage, encodeLinkMessage } from '../protocol/link/link.ts'
import { circuitAddresses, isLimited, relaysOf } from './connection-addresses.ts'
import { LinkRenewal } from './link-renewal.ts'
import { systemClock, type Logger } from './ports.ts'
import type { StreamChannel } from './stream-channel.ts'
import { timeLimit } from './time-limit.ts'
import { WireStream } from './wire-stream.ts'

/** A stream on another connection, where the frames of a relayed stream go on. Answered with a `LinkMessage`. */
const FRAMES_RENEWAL_V1 = '/mesh/frames-renewal/1.0.0'
export const MAX_FRAMES_MESSAGE_BYTES = MAX_MESSAGE_BYTES + FRAME_HEADER_BYTES
/** A dial through a relay took 51 to 55 ms on loopback; ten seconds is one that gets nowhere. */
const RENEWAL_TIMEOUT_MS = 10_000

/**
 * Keeps links through relays alive beyond what a relay lets pass of one connection: the side that opened a link moves it
 * to a fresh connection in time, the other follows.
 */
export class RelayedLinks {
  readonly #libp2p: Libp2p
  readonly #logger: Logger
  /** Channels that the other side opened, and may move. */
  readonly #followed = new Map<PeerIdText, StreamChannel>()
  readonly #stopped = new AbortController()

  constructor(options: { libp2p: Libp2p; logger: Logger }) {
    this.#libp2p = options.libp2p
    this.#logger = options.logger
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(
      FRAMES_RENEWAL_V1,
      (stream, connection) => this.#onRenewalStream(stream, connection),
      { runOnLimitedConnection: true },
    )
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the link service stopped'))
    await this.#libp2p.unhandle(FRAMES_RENEWAL_V1)
    this.#followed.clear()
  }

  /**
   * A connection for a link. A new one where that can be made: what the relay lets pass of it is untouched.
   * @param relayAddresses where the peer holds reservations; if none are given, the relays that connect it now are tried
   */
  async connect(
    peerId: PeerIdText,
    relayAddresses: readonly string[],
    signal: AbortSignal,
  ): Promise<Connection> {
    try {
      return await this.#dial(peerId, relayAddresses, signal)
    } catch (error) {
      // A peer that has reached us may itself be out of reach, as when it holds no reservation on our relay.
      const existing = this.#libp2p
        .getConnections(peerIdFromString(peerId))
        .find((connection) => connection.status === 'open')
      if (existing === undefined || signal.aborted) throw error
      return existing
    }
  }

  /** Moves the channel from connection to connection from now on; this side has opened it. */
  lead(
    channel: StreamChannel,
    connection: Connection,
    peerId: PeerIdText,
    relayAddresses: readonly string[],
  ): void {
    const renewal = new LinkRenewal({
      connection,
      move: (from) => this.#move(channel, from, peerId, relayAddresses),
      clock: systemClock,
      logger: this.#logger,
    })
    channel.onTraffic = (messageBytes) => renewal.onMessage(messageBytes)
  }

  /** Lets the peer move the channel, which it has opened. */
  follow(channel: StreamChannel, peerId: PeerIdText): void {
    this.#followed.set(peerId, channel)
  }

  forget(peerId: PeerIdText): void {
    this.#followed.delete(peerId)
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

  /** Moves a channel to a fresh connection, which it returns; on failure the channel stays where it is. */
  async #move(
    channel: StreamChannel,
    from: Connection,
    peerId: PeerIdText,
    relayAddresses: readonly string[],
  ): Promise<Connection> {
    const limit = timeLimit(RENEWAL_TIMEOUT_MS, this.#stopped.signal)
    try {
      const connection = await this.#dial(peerId, relayAddresses, limit.signal)
      // A dial joins another that is under way, so it may end in a direct connection, which is not ours to use or close.
      if (!isLimited(connection)) throw new Error('a direct connection came instead')
      try {
        channel.lead(await agree(connection, limit.signal))
      } catch (error) {
        void closeOnceUnused(connection)
        throw error
      }
      void closeOnceUnused(from)
      return connection
    } finally {
      limit.dispose()
    }
  }

  #dial(peerId: PeerIdText, relayAddresses: readonly string[], signal: AbortSignal): Promise<Connection> {
    const relays =
      relayAddresses.length > 0
        ? relayAddresses
        : relaysOf(this.#libp2p.getConnections(peerIdFromString(peerId)))
    return this.#libp2p.dial(circuitAddresses(peerId, relays), { signal, force: true })
  }
}

/** A stream on `connection` that the other side will go on in. @throws Error when it refuses */
async function agree(connection: Connection, signal: AbortSignal): Promise<WireStream> {
  const raw = await connection.newStream(FRAMES_RENEWAL_V1, { signal, runOnLimitedConnection: true })
  const stream = new WireStream(raw, MAX_FRAMES_MESSAGE_BYTES)
  try {
    const reply = await stream.next(signal)
    if (reply === null || decodeLinkMessage(reply).kind !== 'ready')
      throw new Error('the peer refused to go on in another stream')
    return stream
  } catch (error) {
    stream.close()
    throw error
  }
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
