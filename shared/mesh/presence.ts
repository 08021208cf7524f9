import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { decodeBeat, encodeBeat } from '../protocol/beat/beat.ts'
import type { PeerIdText } from '../protocol/ids.ts'
import type { Clock, Logger } from './ports.ts'
import { WireStream } from './wire-stream.ts'

/** Stream protocol: a serving peer tells its relay four times a second that it is alive. */
const PRESENCE_V1 = '/mesh/presence/1.0.0'
/** Beats are 24 bytes; nothing else may travel here. */
const MAX_PRESENCE_BYTES = 64
/** After this much silence a peer leaves every map (issue: within one second). */
export const PRESENCE_LIMIT_MS = 1_000
const SWEEP_INTERVAL_MS = 100

/** The serving peer's side: one stream to its relay, re-opened when it breaks. */
export class PresenceSender {
  readonly #libp2p: Libp2p
  readonly #generation: number
  readonly #logger: Logger
  readonly #streams = new Map<string, WireStream | 'dialling'>()
  #sequence = 0
  #isStopped = false

  constructor(libp2p: Libp2p, generation: number, logger: Logger) {
    this.#libp2p = libp2p
    this.#generation = generation
    this.#logger = logger
  }

  /** Sends one beat to each relay. */
  beat(relayPeerIds: readonly PeerIdText[], nowMs: number): void {
    this.#sequence = (this.#sequence + 1) >>> 0
    for (const relay of relayPeerIds) {
      const stream = this.#streams.get(relay)
      if (stream === 'dialling') continue
      if (stream === undefined || stream.closed.aborted) {
        // To dial the relay is the RelayKeeper's: it backs off, and a connection that is made here would hide from it
        // that the old one, and the reservation with it, was lost.
        if (this.#libp2p.getConnections(peerIdFromString(relay)).length === 0) continue
        this.#streams.set(relay, 'dialling')
        void this.#open(relay)
        continue
      }
      stream.send(
        encodeBeat({
          kind: 'beat',
          generation: this.#generation,
          sequence: this.#sequence,
          sentAtMicros: Math.round(nowMs * 1000),
        }),
      )
    }
  }

  /** Closes the streams: the relay then stops watching, without calling the peer lost. */
  stop(): void {
    this.#isStopped = true
    for (const stream of this.#streams.values()) if (stream !== 'dialling') stream.close()
    this.#streams.clear()
  }

  async #open(relay: PeerIdText): Promise<void> {
    try {
      const raw = await this.#libp2p.dialProtocol(peerIdFromString(relay), PRESENCE_V1, {
        signal: AbortSignal.timeout(5_000),
      })
      const stream = new WireStream(raw, MAX_PRESENCE_BYTES)
      if (this.#isStopped) stream.close()
      else this.#streams.set(relay, stream)
    } catch (error) {
      this.#streams.delete(relay)
      this.#logger.debug('presence stream not opened', { relay, error: String(error) })
    }
  }
}

/** The relay's side: watches the peers that beat, and says who fell silent. */
export class PresenceWatch {
  readonly #libp2p: Libp2p
  readonly #clock: Clock
  readonly #onSilent: (peerId: PeerIdText) => void
  readonly #onHeard: (peerId: PeerIdText) => void
  readonly #lastBeatMs = new Map<PeerIdText, number>()
  #stopSweep = (): void => {}

  constructor(options: {
    libp2p: Libp2p
    clock: Clock
    onSilent: (peerId: PeerIdText) => void
    onHeard: (peerId: PeerIdText) => void
  }) {
    this.#libp2p = options.libp2p
    this.#clock = options.clock
    this.#onSilent = options.onSilent
    this.#onHeard = options.onHeard
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(PRESENCE_V1, (stream, connection) => this.#serve(stream, connection), {
      maxInboundStreams: 2,
    })
    let lastSweepMs = this.#clock.now()
    this.#stopSweep = this.#clock.every(SWEEP_INTERVAL_MS, () => {
      const now = this.#clock.now()
      // If this process itself was held up, its silence is not the peers': give them the time back.
      const heldUpMs = Math.max(0, now - lastSweepMs - 2 * SWEEP_INTERVAL_MS)
      lastSweepMs = now
      for (const [peerId, lastMs] of this.#lastBeatMs) {
        if (heldUpMs > 0) this.#lastBeatMs.set(peerId, lastMs + heldUpMs)
        else if (now - lastMs > PRESENCE_LIMIT_MS) {
          this.#lastBeatMs.delete(peerId)
          this.#onSilent(peerId)
        }
      }
    })
  }

  async stop(): Promise<void> {
    this.#stopSweep()
    await this.#libp2p.unhandle(PRESENCE_V1)
  }

  /** The peer is gone by other evidence. */
  forget(peerId: PeerIdText): void {
    this.#lastBeatMs.delete(peerId)
  }

  async #serve(raw: Stream, connection: Connection): Promise<void> {
    const peerId = connection.remotePeer.toString() as PeerIdText // libp2p has parsed it
    const stream = new WireStream(raw, MAX_PRESENCE_BYTES)
    for (let bytes = await stream.next(); bytes !== null; bytes = await stream.next()) {
      try {
        decodeBeat(bytes)
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
        break
      }
      this.#lastBeatMs.set(peerId, this.#clock.now())
      this.#onHeard(peerId)
    }
    this.#lastBeatMs.delete(peerId)
  }
}
