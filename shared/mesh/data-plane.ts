import type { ComputeEngine, StageId } from '../engine/compute-engine.ts'
import type { Frame } from '../protocol/frame/frame.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import type { SessionEndReason } from '../protocol/session/session.ts'
import type { LinkPath } from '../protocol/stage-advert/stage-advert.ts'
import type {
  DataPlaneApi,
  DataPlaneEvent,
  LinkStatus,
  SessionPeer,
  StageSessionSpec,
} from './data-plane-api.ts'
import { LinkError } from './link-error.ts'
import { NeighbourLink } from './neighbour-link.ts'
import type { Clock, FrameChannel } from './ports.ts'
import { StageSession } from './stage-session.ts'

/** Measured: detection in 536 to 692 ms for closed, killed and frozen tabs, worst healthy gap 153 ms (docs/mesh.md). */
export const BEAT_INTERVAL_MS = 150
export const SILENCE_LIMIT_MS = 600
/** Four beats within the second after which a relay drops a peer. */
export const PRESENCE_INTERVAL_MS = 250
/** A channel on an open connection opens in milliseconds; five seconds is a connection that will not. */
const LINK_OPEN_TIMEOUT_MS = 5_000

/** Steps that the median is taken over: one slow step is the machine's moment, most of these slow is heat. */
const RECENT_STEPS = 32

export interface DataPlaneOptions {
  readonly engine: ComputeEngine
  readonly clock: Clock
  readonly self: PeerIdText
  readonly generation: number
  readonly onEvent: (event: DataPlaneEvent) => void
  readonly beatIntervalMs?: number
  readonly silenceLimitMs?: number
}

type LinkClosed = Extract<DataPlaneEvent, { kind: 'link-closed' }>

interface PendingEcho {
  readonly resolve: (roundTripMs: number) => void
  readonly reject: (error: LinkError) => void
  readonly sentAtMs: number
}

/** Routes frames between links and sessions, watches neighbours by beats, and ends what they leave behind. */
export class DataPlane implements DataPlaneApi {
  readonly #options: DataPlaneOptions
  readonly #links = new Map<PeerIdText, NeighbourLink>()
  readonly #sessions = new Map<SessionId, { session: StageSession; cancelDeadline: () => void }>()
  readonly #echoes = new Map<string, PendingEcho>()
  readonly #stopTimers: (() => void)[]
  #echoSequence = 0
  readonly #recentStepsMs: number[] = []

  constructor(options: DataPlaneOptions) {
    this.#options = options
    this.#stopTimers = [
      options.clock.every(options.beatIntervalMs ?? BEAT_INTERVAL_MS, () => this.#beat()),
      options.clock.every(PRESENCE_INTERVAL_MS, () =>
        options.onEvent({
          kind: 'alive',
          recentStepMs: median(this.#recentStepsMs),
          openSessions: this.#sessions.size,
        }),
      ),
    ]
  }

  /**
   * Takes over the channels of a neighbour, replacing an older link of the same peer. Settles once frames can flow.
   * @param speaksFirst see `NeighbourLink`; of the two ends of a link at least one must
   * @throws LinkError `LINK_TIMEOUT`, `NO_LINK`
   */
  async addLink(
    peerId: PeerIdText,
    path: LinkPath,
    hot: FrameChannel,
    beat: FrameChannel | null,
    speaksFirst: boolean,
  ): Promise<void> {
    const link = new NeighbourLink({
      peerId,
      path,
      hot,
      beat,
      clock: this.#options.clock,
      generation: this.#options.generation,
      speaksFirst,
      events: {
        onFrame: (frame) => this.#onFrame(link, frame),
        onFailed: (cause) => this.#dropLink(link, cause),
      },
    })
    const older = this.#links.get(peerId)
    this.#links.set(peerId, link)
    older?.close()
    this.#dropEchoes(peerId, 'replaced')
    let cancelTimer = (): void => {}
    const timeout = new Promise<never>((_resolve, reject) => {
      cancelTimer = this.#options.clock.after(LINK_OPEN_TIMEOUT_MS, () =>
        reject(
          new LinkError(`The channel to ${peerId} did not open within ${LINK_OPEN_TIMEOUT_MS / 1000} s.`, {
            data: { code: 'LINK_TIMEOUT', peerId, timeoutMs: LINK_OPEN_TIMEOUT_MS },
          }),
        ),
      )
    })
    try {
      await Promise.race([link.opened, timeout])
      link.sendBeat()
    } catch (error) {
      this.#dropLink(link, 'not-opened')
      if (error instanceof LinkError) throw error
      throw new LinkError(`The channel to ${peerId} closed before it opened.`, {
        data: { code: 'NO_LINK', peerId },
        cause: error,
      })
    } finally {
      cancelTimer()
    }
  }

  removeLink(peerId: PeerIdText): Promise<void> {
    const link = this.#links.get(peerId)
    if (link !== undefined) this.#dropLink(link, 'removed')
    return Promise.resolve()
  }

  links(): Promise<readonly LinkStatus[]> {
    return Promise.resolve(
      [...this.#links.values()].map((link) => ({
        peerId: link.peerId,
        path: link.path,
        roundTripMs: link.roundTripMs(),
        bytesSent: link.bytesSent,
      })),
    )
  }

  async openSession(spec: StageSessionSpec): Promise<void> {
    for (const neighbour of [spec.next, spec.next === null ? spec.head : null]) {
      if (neighbour === null || neighbour.peerId === this.#options.self) continue
      this.#linkTo(neighbour.peerId)
    }
    await this.#options.engine.openSession({
      stageId: spec.stageId,
      sessionId: spec.sessionId,
      capacityTokens: spec.capacityTokens,
      sampling: spec.sampling ?? undefined,
    })
    const session = new StageSession(spec, this.#options.generation, {
      engine: this.#options.engine,
      now: () => this.#options.clock.now(),
      sendNext: (header, payload) => {
        const link = spec.next === null ? undefined : this.#links.get(spec.next.peerId)
        if (link === undefined) {
          session.end('link-failed')
          return
        }
        session.tensorBytesSent += payload.length
        if (link.isRelayed) session.tensorBytesRelayed += payload.length
        link.sendFrame(header, payload)
      },
      sendPrevious: (header) => this.#sendTo(session, spec.previous, header),
      sendHead: (header) => this.#sendTo(session, spec.head, header),
      onToken: (position, tokenId) =>
        this.#options.onEvent({ kind: 'token', sessionId: spec.sessionId, position, tokenId }),
      onStepMs: (stepMs) => {
        this.#recentStepsMs.push(stepMs)
        if (this.#recentStepsMs.length > RECENT_STEPS) this.#recentStepsMs.shift()
      },
      onEnded: (reason, report) => {
        this.#forget(spec)
        this.#options.onEvent({ kind: 'session-ended', sessionId: spec.sessionId, reason, report })
      },
    })
    const cancelDeadline = this.#options.clock.after(spec.deadlineMs, () => session.end('deadline'))
    this.#sessions.set(spec.sessionId, { session, cancelDeadline })
  }

  prompt(sessionId: SessionId, tokenIds: readonly number[]): Promise<void> {
    this.#sessions.get(sessionId)?.session.prompt(tokenIds)
    return Promise.resolve()
  }

  closeSession(sessionId: SessionId, reason: SessionEndReason): Promise<void> {
    this.#sessions.get(sessionId)?.session.end(reason)
    return Promise.resolve()
  }

  closeSessions(stageId: StageId | null, reason: SessionEndReason): Promise<void> {
    for (const { session } of [...this.#sessions.values()])
      if (stageId === null || session.spec.stageId === stageId) session.end(reason)
    return Promise.resolve()
  }

  async measure(peerId: PeerIdText, payloadBytes: number, rounds: number): Promise<readonly number[]> {
    const payload = new Uint8Array(payloadBytes)
    const roundTrips: number[] = []
    for (let round = 0; round < rounds; round++) roundTrips.push(await this.#echo(peerId, payload))
    return roundTrips
  }

  /** Ends every session and closes every link. The engine belongs to the caller. */
  dispose(reason: SessionEndReason = 'leaving'): void {
    for (const stop of this.#stopTimers) stop()
    for (const { session } of [...this.#sessions.values()]) session.end(reason)
    for (const link of this.#links.values()) {
      link.close()
      this.#dropEchoes(link.peerId, 'disposed')
    }
    this.#links.clear()
  }

  #echo(peerId: PeerIdText, payload: Uint8Array): Promise<number> {
    const link = this.#linkTo(peerId)
    this.#echoSequence = (this.#echoSequence + 1) >>> 0
    const position = this.#echoSequence
    return new Promise((resolve, reject) => {
      this.#echoes.set(`${peerId}:${position}`, { resolve, reject, sentAtMs: this.#options.clock.now() })
      link.sendFrame(
        {
          kind: 'echo',
          wantsAck: false,
          generation: this.#options.generation,
          sessionId: '0'.repeat(32) as SessionId, // no session: the echo's number is its position
          position,
          tokenCount: 0,
          hiddenSize: 0,
          tokenId: 0,
        },
        payload,
      )
    })
  }

  #onFrame(link: NeighbourLink, { header, payload }: Frame): void {
    if (header.kind === 'echo-reply') {
      const key = `${link.peerId}:${header.position}`
      const pending = this.#echoes.get(key)
      this.#echoes.delete(key)
      pending?.resolve(this.#options.clock.now() - pending.sentAtMs)
      return
    }
    // A frame for a session that has just ended here is ordinary; it is dropped without a word.
    const session = this.#sessions.get(header.sessionId)?.session
    if (session === undefined) return
    const { spec } = session
    const sender = header.kind === 'hidden' ? spec.previous : header.kind === 'token' ? spec.last : spec.next
    // INVARIANT: a session takes frames only from the neighbour and generation that its route names.
    if (sender?.peerId !== link.peerId || sender.generation !== header.generation) return
    session.accept({ header, payload })
  }

  #sendTo(
    session: StageSession,
    peer: SessionPeer | null,
    header: Parameters<NeighbourLink['sendFrame']>[0],
  ): void {
    const link = peer === null ? undefined : this.#links.get(peer.peerId)
    if (link === undefined) session.end('link-failed')
    else link.sendFrame(header, new Uint8Array(0))
  }

  #linkTo(peerId: PeerIdText): NeighbourLink {
    const link = this.#links.get(peerId)
    if (link !== undefined) return link
    throw new LinkError(`There is no link to ${peerId}.`, {
      data: { code: 'NO_LINK', peerId },
      metaMessages: [
        'The peer left, or no connection to it could be made.',
        'Ask again: another route is chosen.',
      ],
    })
  }

  #beat(): void {
    const limitMs = this.#options.silenceLimitMs ?? SILENCE_LIMIT_MS
    for (const link of [...this.#links.values()]) {
      if (link.silenceMs() > limitMs) {
        this.#dropLink(link, 'silent')
        this.#options.onEvent({ kind: 'peer-silent', peerId: link.peerId })
      } else link.sendBeat()
    }
  }

  #dropLink(link: NeighbourLink, cause: LinkClosed['cause']): void {
    link.close()
    if (this.#links.get(link.peerId) !== link) return
    this.#links.delete(link.peerId)
    this.#dropEchoes(link.peerId, cause)
    for (const { session } of [...this.#sessions.values()]) {
      const { previous, next, head, last } = session.spec
      const isHead = previous === null
      const neighbours = [previous, next, next === null ? head : null, isHead ? last : null]
      if (neighbours.some((peer) => peer?.peerId === link.peerId))
        session.end(cause === 'silent' ? 'peer-silent' : 'link-failed')
    }
    this.#options.onEvent({ kind: 'link-closed', peerId: link.peerId, cause })
  }

  #dropEchoes(peerId: PeerIdText, cause: string): void {
    for (const [key, pending] of this.#echoes) {
      if (!key.startsWith(`${peerId}:`)) continue
      this.#echoes.delete(key)
      pending.reject(
        new LinkError(`The link to ${peerId} closed while it was measured (${cause}).`, {
          data: { code: 'NO_LINK', peerId },
        }),
      )
    }
  }

  #forget(spec: StageSessionSpec): void {
    const entry = this.#sessions.get(spec.sessionId)
    entry?.cancelDeadline()
    this.#sessions.delete(spec.sessionId)
    for (const link of this.#links.values()) link.dropSession(spec.sessionId)
    this.#options.engine.closeSession(spec.stageId, spec.sessionId).catch(() => {
      // A lost device has already freed the cache; the loss itself is reported by the next forward.
    })
  }
}

function median(samples: readonly number[]): number | null {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
