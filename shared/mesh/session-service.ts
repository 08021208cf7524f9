import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { errorCode } from '../errors.ts'
import { maxSessionTokens } from '../model/stage-memory.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  SESSION_LIMITS,
  SESSION_V1,
  type SessionEndReason,
  type SessionOpen,
  type SessionOpened,
  type StageReport,
} from '../protocol/session/session.ts'
import type { DataPlaneApi, DataPlaneEvent, SessionPeer, StageSessionSpec } from './data-plane-api.ts'
import type { LinkService } from './link-service.ts'
import type { Logger } from './ports.ts'
import type { HeldStage, StageHost } from './stage-host.ts'
import { WireStream } from './wire-stream.ts'

/** Time for the asker's first message. */
const OPEN_TIMEOUT_MS = 5_000
/** Tokens that may wait for a slow asker before its session is ended: a whole long answer. */
const MAX_BUFFERED_BYTES = 256 * 1024

/** Echoes that stand in for the beats of a young link, the size of a small hidden state. */
const FIRST_ECHOES = 3
const FIRST_ECHO_BYTES = 1_024

const NO_WORK: StageReport = {
  prefillMicros: 0,
  decodeMicros: 0,
  decodeSteps: 0,
  tensorBytesSent: 0,
  tensorBytesRelayed: 0,
}

export interface SessionServiceOptions {
  readonly libp2p: Libp2p
  readonly self: SessionPeer
  readonly host: StageHost
  readonly links: LinkService
  readonly dataPlane: DataPlaneApi
  readonly maxSessions: number
  readonly logger: Logger
  /** The number of open sessions changed, or a token was served. */
  readonly onActivity: () => void
}

/** The stage's side of a session's control stream: checks the opening, reaches the next stage, reports tokens and the end. */
export class SessionService {
  readonly #options: SessionServiceOptions
  readonly #streams = new Map<SessionId, WireStream>()
  #tokensServed = 0

  constructor(options: SessionServiceOptions) {
    this.#options = options
  }

  get openSessions(): number {
    return this.#streams.size
  }

  /** Tokens of finished steps that this stage had a part in. */
  get tokensServed(): number {
    return this.#tokensServed
  }

  async start(): Promise<void> {
    await this.#options.libp2p.handle(SESSION_V1, (stream, connection) => this.#serve(stream, connection), {
      runOnLimitedConnection: true,
      maxInboundStreams: 4 * this.#options.maxSessions,
    })
  }

  async stop(): Promise<void> {
    await this.#options.libp2p.unhandle(SESSION_V1)
    for (const stream of this.#streams.values()) stream.close()
  }

  /** Feeds the events of the data plane that concern sessions. */
  onDataPlaneEvent(event: DataPlaneEvent): void {
    if (event.kind === 'token') {
      const stream = this.#streams.get(event.sessionId)
      // An asker that is gone closes its session by the end of the stream; until then steps in flight go on.
      if (stream === undefined || stream.closed.aborted) return
      stream.send(
        encodeSessionMessage({
          kind: 'tokens',
          tokens: { position: event.position, tokenIds: [event.tokenId] },
        }),
      )
      if (stream.bufferedBytes > MAX_BUFFERED_BYTES)
        void this.#options.dataPlane.closeSession(event.sessionId, 'closed-by-asker')
    } else if (event.kind === 'session-ended') {
      // Every decode step of a stage is one token that it had a part in; the prompt's step gave the first.
      if (event.report.prefillMicros > 0) this.#tokensServed += event.report.decodeSteps + 1
      this.#end(event.sessionId, event.reason, event.report)
    }
  }

  async #serve(raw: Stream, connection: Connection): Promise<void> {
    const stream = new WireStream(raw, SESSION_LIMITS.maxBytes)
    let sessionId: SessionId | null = null
    try {
      const first = await stream.next(AbortSignal.timeout(OPEN_TIMEOUT_MS))
      if (first === null) return
      const message = decodeSessionMessage(first)
      if (message.kind !== 'open') {
        refuse(stream, 'refused-malformed')
        return
      }
      const refusal = await this.#open(message.open, stream)
      if (refusal !== null) {
        refuse(stream, refusal)
        return
      }
      sessionId = message.open.sessionId
      await this.#follow(sessionId, stream)
    } catch (error) {
      this.#options.logger.debug('session stream failed', {
        peerId: connection.remotePeer.toString(),
        error: String(error),
      })
      if (sessionId === null) refuse(stream, 'refused-malformed')
    } finally {
      if (sessionId !== null) await this.#options.dataPlane.closeSession(sessionId, 'closed-by-asker')
      stream.close()
    }
  }

  async #follow(sessionId: SessionId, stream: WireStream): Promise<void> {
    for (let bytes = await stream.next(); bytes !== null; bytes = await stream.next()) {
      const message = decodeSessionMessage(bytes)
      if (message.kind === 'prompt') await this.#options.dataPlane.prompt(sessionId, message.prompt.tokenIds)
      else if (message.kind === 'ended') return
    }
  }

  /** Returns why the session is refused, or null when it is open. */
  async #open(open: SessionOpen, stream: WireStream): Promise<SessionEndReason | null> {
    const { self, host, dataPlane, maxSessions } = this.#options
    const hop = open.route[open.stageIndex]
    if (hop === undefined || hop.peerId !== self.peerId || hop.generation !== self.generation)
      return 'refused-not-serving'
    const stage = host.readyStage(open.modelId, hop.layers)
    if (stage === null) return 'refused-not-serving'
    if (!isPipeline(open, stage)) return 'refused-malformed'
    if (this.#streams.has(open.sessionId)) return 'refused-malformed'
    if (this.#streams.size >= maxSessions) return 'refused-busy'
    if (open.capacityTokens > maxSessionTokens(stage.manifest.config)) return 'refused-capacity'
    this.#streams.set(open.sessionId, stream)
    try {
      const spec = sessionSpec(open, stage)
      const link = await this.#reachNext(open, spec)
      await dataPlane.openSession(spec)
      if (stream.closed.aborted) throw new Error('the asker left while its session was opened')
      stream.send(encodeSessionMessage({ kind: 'opened', opened: { link } }))
      this.#options.onActivity()
      return null
    } catch (error) {
      this.#streams.delete(open.sessionId)
      // It may be open already, when only the answer could not be sent.
      await dataPlane.closeSession(open.sessionId, 'closed-by-asker')
      this.#options.onActivity()
      this.#options.logger.debug('session refused', { code: errorCode(error), error: String(error) })
      switch (errorCode(error)) {
        case 'OUT_OF_BUDGET':
        case 'TOO_MANY_SESSIONS':
          return 'refused-busy'
        case 'NO_LINK':
        case 'LINK_TIMEOUT':
          return 'link-failed'
        default:
          return 'engine-failed'
      }
    }
  }

  /** Makes sure of the link that this stage sends on, and measures it; null where both ends are this peer. */
  async #reachNext(open: SessionOpen, spec: StageSessionSpec): Promise<SessionOpened['link']> {
    const { self, links, dataPlane } = this.#options
    const { peerId } = spec.next ?? spec.head
    if (peerId === self.peerId) return null
    const relays = open.route.find((hop) => hop.peerId === peerId)?.relayAddresses ?? []
    const path = await links.ensure(peerId, relays)
    const beats = (await dataPlane.links()).find((link) => link.peerId === peerId)?.roundTripMs ?? null
    // A link that is still too young for a beat's reply is measured by echoes; a claim is never sent in their place.
    const roundTripMs =
      beats ?? Math.min(...(await dataPlane.measure(peerId, FIRST_ECHO_BYTES, FIRST_ECHOES)))
    return { path, roundTripMicros: Math.round(roundTripMs * 1000) }
  }

  #end(sessionId: SessionId, reason: SessionEndReason, report: StageReport): void {
    const stream = this.#streams.get(sessionId)
    if (stream === undefined) return
    this.#streams.delete(sessionId)
    this.#options.onActivity()
    if (stream.closed.aborted) return
    stream.send(encodeSessionMessage({ kind: 'ended', ended: { reason, report } }))
    stream.close()
  }
}

function refuse(stream: WireStream, reason: SessionEndReason): void {
  if (stream.closed.aborted) return
  stream.send(encodeSessionMessage({ kind: 'ended', ended: { reason, report: NO_WORK } }))
}

/** The route must cover the model in order, and no peer may appear twice: a frame's sender names its stage. */
function isPipeline(open: SessionOpen, stage: HeldStage): boolean {
  let layer = 0
  const peers = new Set<PeerIdText>()
  for (const hop of open.route) {
    if (hop.layers.start !== layer || peers.has(hop.peerId)) return false
    peers.add(hop.peerId)
    layer = hop.layers.end
  }
  const isLast = open.stageIndex === open.route.length - 1
  return (
    layer === stage.manifest.config.layerCount &&
    isLast === (open.sampling !== null) &&
    open.promptTokenCount >= 1 &&
    open.promptTokenCount < open.capacityTokens
  )
}

function sessionSpec(open: SessionOpen, stage: HeldStage): StageSessionSpec {
  const peerAt = (index: number): SessionPeer | null => {
    const hop = open.route[index]
    return hop === undefined ? null : { peerId: hop.peerId, generation: hop.generation }
  }
  const head = peerAt(0)
  const last = peerAt(open.route.length - 1)
  if (head === null || last === null) throw new Error('a route without stages passed its check')
  return {
    sessionId: open.sessionId,
    stageId: stage.stageId,
    layers: stage.layers,
    hiddenSize: stage.manifest.config.hiddenSize,
    previous: peerAt(open.stageIndex - 1),
    next: peerAt(open.stageIndex + 1),
    head,
    last,
    capacityTokens: open.capacityTokens,
    promptTokenCount: open.promptTokenCount,
    maxNewTokens: open.maxNewTokens,
    endTokenIds: open.endTokenIds,
    deadlineMs: open.deadlineMs,
    sampling:
      open.sampling === null
        ? null
        : { params: open.sampling, historyTokenIds: open.sampling.historyTokenIds },
  }
}
