import type { Libp2p } from '@libp2p/interface'
import type { PeerIdText } from '../protocol/ids.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { formatRange } from '../protocol/layer-range.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  SESSION_LIMITS,
  SESSION_V1,
  type SessionEnded,
  type SessionHop,
  type SessionMessage,
} from '../protocol/session/session.ts'
import type { Asker, GenerationEvent, GenerationRequest, RouteStage, ServedStage } from './asker.ts'
import { lastingConnection } from './lasting-connection.ts'
import type { Membership } from './membership.ts'
import type { Logger } from './ports.ts'
import { planRoute, type RoutePlan } from './routing.ts'
import { SessionError } from './session-error.ts'
import { timeLimit, type TimeLimit } from './time-limit.ts'
import { WireStream } from './wire-stream.ts'

/** A stage may have to dial its neighbour first (up to 15 s). */
const OPEN_TIMEOUT_MS = 20_000
/** Grace after the end for the reports of the other stages. */
const REPORT_TIMEOUT_MS = 2_000
/** Routes that are tried before the asker hears of a failure; each leaves out the peers that failed. */
const MAX_ROUTE_ATTEMPTS = 3
const FAILED_ROUTE_PAUSE_MS = 300

interface OpenStage {
  readonly hop: SessionHop
  readonly stream: WireStream
  readonly route: RouteStage
  readonly watch: PeerWatch
}

/** Aborts when the peer is known to be gone, from the first word to it until the end of the answer. */
interface PeerWatch {
  readonly lost: AbortSignal
  stop(): void
}

/** Runs generations over the mesh by control streams to each stage of a route. */
export class MeshAsker implements Asker {
  readonly #libp2p: Libp2p
  readonly #membership: Membership
  readonly #layerCountOf: (modelId: string) => number | null
  readonly #logger: Logger
  readonly #lostListeners = new Map<PeerIdText, Set<() => void>>()
  #openGenerations = 0

  constructor(options: {
    libp2p: Libp2p
    membership: Membership
    layerCountOf: (modelId: string) => number | null
    logger: Logger
  }) {
    this.#libp2p = options.libp2p
    this.#membership = options.membership
    this.#layerCountOf = options.layerCountOf
    this.#logger = options.logger
  }

  get openGenerations(): number {
    return this.#openGenerations
  }

  /** Ends the generations that run over a peer that is gone, without waiting for its streams to notice. */
  peerLost(peerId: PeerIdText): void {
    for (const listener of this.#lostListeners.get(peerId) ?? []) listener()
  }

  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationEvent> {
    this.#openGenerations++
    let stages: readonly OpenStage[] = []
    const deadline = timeLimit(request.deadlineMs, signal)
    try {
      stages = await this.#openRoute(request, deadline.signal)
      yield { kind: 'route', stages: stages.map((stage) => stage.route) }
      yield* this.#run(request, stages, deadline.signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (deadline.hasPassed) throw deadlinePassed(request.deadlineMs, error)
      throw error
    } finally {
      deadline.dispose()
      this.#openGenerations--
      for (const { stream, watch } of stages) {
        watch.stop()
        stream.close()
      }
    }
  }

  async #openRoute(request: GenerationRequest, signal: AbortSignal): Promise<readonly OpenStage[]> {
    const excluded = new Set<PeerIdText>()
    const suspects = new Set<PeerIdText>()
    let lastError: unknown
    for (let attempt = 0; attempt < MAX_ROUTE_ATTEMPTS; attempt++) {
      signal.throwIfAborted()
      const plan = this.#plan(request, excluded)
      if (plan === null) break
      const results = await Promise.allSettled(
        plan.hops.map(async (hop, index) => {
          const watch = this.#watchPeer(hop.peerId)
          const limit = timeLimit(OPEN_TIMEOUT_MS, signal, watch.lost)
          try {
            return await this.#openStage(request, plan, index, watch, limit)
          } catch (error) {
            watch.stop()
            throw error
          } finally {
            limit.dispose()
          }
        }),
      )
      const failures = results.flatMap((result, index) =>
        result.status === 'rejected'
          ? [{ error: result.reason as unknown, peerId: plan.hops[index]?.peerId }]
          : [],
      )
      const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      if (failures.length === 0) return opened
      // Both ends of a link that failed need a moment to see that it is gone; asked at once, they offer it again.
      await new Promise<void>((resolve) => setTimeout(resolve, FAILED_ROUTE_PAUSE_MS))
      for (const { stream, watch } of opened) {
        watch.stop()
        stream.close()
      }
      // What failed because the asker itself gave up says nothing of a peer.
      signal.throwIfAborted()
      for (const { error, peerId } of failures) {
        lastError = error
        if (peerId === undefined) continue
        // A link is made by two: one that failed says little of either, and the next try makes a new one.
        if (isLinkFailure(error) && !suspects.has(peerId)) suspects.add(peerId)
        else excluded.add(peerId)
        this.#logger.info('a stage refused a session', { peerId, error: errorText(error) })
      }
    }
    signal.throwIfAborted()
    throw lastError instanceof Error ? lastError : this.#noRoute(request)
  }

  #plan(request: GenerationRequest, excluded: ReadonlySet<PeerIdText>): RoutePlan | null {
    const layerCount = this.#layerCountOf(request.modelId)
    if (layerCount === null) return null
    const plan = planRoute({
      modelId: request.modelId,
      layerCount,
      peers: this.#membership.peers().filter((peer) => !excluded.has(peer.advert.peerId)),
      tieSeed: Number.parseInt(request.sessionId.slice(0, 8), 16),
    })
    return plan.kind === 'no-route' ? null : plan
  }

  #noRoute(request: GenerationRequest): SessionError {
    const layerCount = this.#layerCountOf(request.modelId) ?? 0
    const plan = planRoute({
      modelId: request.modelId,
      layerCount,
      peers: this.#membership.peers(),
      tieSeed: 0,
    })
    const missing = plan.kind === 'no-route' ? plan.missing : [{ start: 0, end: layerCount }]
    const text = missing.map(formatRange).join(', ')
    return new SessionError(`Nobody can serve layers ${text} of ${layerCount} right now.`, {
      data: { code: 'NO_ROUTE', missing },
      metaMessages: [
        'Peers join and leave; a model is answered when its layers are all held by someone.',
        'Open Contribute in another tab, start a node, or try again in a moment.',
      ],
    })
  }

  async #openStage(
    request: GenerationRequest,
    plan: RoutePlan,
    stageIndex: number,
    watch: PeerWatch,
    limit: TimeLimit,
  ): Promise<OpenStage> {
    const hop = plan.hops[stageIndex]
    if (hop === undefined) throw new Error('stage index beyond the route')
    const isLast = stageIndex === plan.hops.length - 1
    const { sampling } = request
    let stream: WireStream
    try {
      const { signal } = limit
      const connection = await lastingConnection(this.#libp2p, hop.peerId, hop.relayAddresses, signal)
      const raw = await connection.newStream(SESSION_V1, { signal, runOnLimitedConnection: true })
      stream = new WireStream(raw, SESSION_LIMITS.maxBytes)
    } catch (error) {
      throw peerLost(hop.peerId, error)
    }
    try {
      stream.send(
        encodeSessionMessage({
          kind: 'open',
          open: {
            sessionId: request.sessionId,
            modelId: request.modelId,
            stageIndex,
            route: plan.hops.map(({ peerId, generation, layers, relayAddresses }) => ({
              peerId,
              generation,
              layers,
              relayAddresses,
            })),
            capacityTokens: request.promptTokenIds.length + request.maxNewTokens,
            promptTokenCount: request.promptTokenIds.length,
            maxNewTokens: request.maxNewTokens,
            endTokenIds: request.endTokenIds,
            deadlineMs: request.deadlineMs,
            sampling: isLast
              ? {
                  ...sampling,
                  historyTokenIds: sampling.repetitionPenalty === 1 ? [] : request.promptTokenIds,
                }
              : null,
          },
        }),
      )
      const reply = await next(stream, limit.signal)
      if (reply === null) throw peerLost(hop.peerId, undefined)
      if (reply.kind === 'ended') throw stageFailed(hop.peerId, reply.ended)
      if (reply.kind !== 'opened') throw badMessage(hop.peerId, `answered with ${reply.kind}`)
      const { link } = reply.opened
      return {
        hop,
        stream,
        watch,
        route: {
          peerId: hop.peerId,
          kind: hop.kind,
          layers: hop.layers,
          link: link === null ? null : { path: link.path, roundTripMs: link.roundTripMicros / 1000 },
        },
      }
    } catch (error) {
      stream.close()
      if (limit.hasPassed) throw peerLost(hop.peerId, error)
      throw asSessionError(hop.peerId, error, limit.signal)
    }
  }

  async *#run(
    request: GenerationRequest,
    stages: readonly OpenStage[],
    signal: AbortSignal,
  ): AsyncIterable<GenerationEvent> {
    const head = stages[0]
    const last = stages.at(-1)
    if (head === undefined || last === undefined) throw new Error('a route without stages was opened')
    const failed = new AbortController()
    const ended = new Map<OpenStage, SessionEnded>()
    for (const { watch } of stages) {
      const onLost = (): void => failed.abort(watch.lost.reason)
      if (watch.lost.aborted) onLost()
      else watch.lost.addEventListener('abort', onLost)
    }
    const readers = stages
      .filter((stage) => stage !== last)
      .map((stage) => this.#readToEnd(stage, ended, failed))
    const onStop = (): void => failed.abort(signal.reason)
    signal.addEventListener('abort', onStop)
    if (signal.aborted) onStop()
    try {
      head.stream.send(encodeSessionMessage({ kind: 'prompt', prompt: { tokenIds: request.promptTokenIds } }))
      for (;;) {
        // Tokens that are here already are handed out first, also when a peer was lost behind them; not after a stop.
        signal.throwIfAborted()
        const message = await next(last.stream, failed.signal)
        if (message === null) throw peerLost(last.hop.peerId, undefined)
        if (message.kind === 'tokens') {
          for (const [index, tokenId] of message.tokens.tokenIds.entries())
            yield { kind: 'token', tokenId, position: message.tokens.position + index }
          continue
        }
        if (message.kind !== 'ended') throw badMessage(last.hop.peerId, `sent ${message.kind}`)
        ended.set(last, message.ended)
        const { reason } = message.ended
        if (reason !== 'end-token' && reason !== 'length') throw stageFailed(last.hop.peerId, message.ended)
        await this.#collectReports(stages, readers)
        yield { kind: 'end', reason, stages: stages.map((stage) => served(stage, ended.get(stage))) }
        return
      }
    } catch (error) {
      if (failed.signal.aborted) throw failed.signal.reason
      throw asSessionError(last.hop.peerId, error, signal)
    } finally {
      signal.removeEventListener('abort', onStop)
    }
  }

  /** Tells the other stages that the session is over, and waits a moment for what they report. */
  async #collectReports(stages: readonly OpenStage[], readers: readonly Promise<void>[]): Promise<void> {
    const over = encodeSessionMessage({
      kind: 'ended',
      ended: {
        reason: 'closed-by-asker',
        report: {
          prefillMicros: 0,
          decodeMicros: 0,
          decodeSteps: 0,
          tensorBytesSent: 0,
          tensorBytesRelayed: 0,
        },
      },
    })
    for (const { stream } of stages) if (!stream.closed.aborted) stream.send(over)
    const limit = timeLimit(REPORT_TIMEOUT_MS)
    await Promise.race([
      Promise.allSettled(readers),
      new Promise<void>((resolve) => limit.signal.addEventListener('abort', () => resolve(), { once: true })),
    ])
    limit.dispose()
  }

  async #readToEnd(
    stage: OpenStage,
    ended: Map<OpenStage, SessionEnded>,
    failed: AbortController,
  ): Promise<void> {
    const { peerId } = stage.hop
    try {
      const message = await next(stage.stream)
      if (message === null) failed.abort(peerLost(peerId, undefined))
      else if (message.kind === 'ended') {
        ended.set(stage, message.ended)
        // After the end of the answer this is the report that was asked for, and nobody looks at `failed` any more.
        failed.abort(stageFailed(peerId, message.ended))
      } else failed.abort(badMessage(peerId, `sent ${message.kind}`))
    } catch (error) {
      failed.abort(asSessionError(peerId, error, failed.signal))
    }
  }

  #watchPeer(peerId: PeerIdText): PeerWatch {
    const lost = new AbortController()
    const listener = (): void => lost.abort(peerLost(peerId, undefined))
    const listeners = this.#lostListeners.get(peerId) ?? new Set()
    listeners.add(listener)
    this.#lostListeners.set(peerId, listeners)
    return {
      lost: lost.signal,
      stop: () => {
        listeners.delete(listener)
        if (listeners.size === 0 && this.#lostListeners.get(peerId) === listeners)
          this.#lostListeners.delete(peerId)
      },
    }
  }
}

async function next(stream: WireStream, signal?: AbortSignal): Promise<SessionMessage | null> {
  const bytes = await stream.next(signal)
  return bytes === null ? null : decodeSessionMessage(bytes)
}

function served(stage: OpenStage, ended: SessionEnded | undefined): ServedStage {
  const report = ended?.report
  return {
    ...stage.route,
    prefillMs: (report?.prefillMicros ?? 0) / 1000,
    decodeStepMs:
      report === undefined || report.decodeSteps === 0 ? 0 : report.decodeMicros / 1000 / report.decodeSteps,
    tensorBytesSent: report?.tensorBytesSent ?? 0,
    tensorBytesRelayed: report?.tensorBytesRelayed ?? 0,
  }
}

function peerLost(peerId: PeerIdText, cause: unknown): SessionError {
  return new SessionError(`Peer ${shortId(peerId)} left while it was serving this answer.`, {
    data: { code: 'PEER_LOST', peerId },
    metaMessages: [
      'A tab was closed, or its device lost the network.',
      'Ask again: the remaining peers take over.',
    ],
    cause,
  })
}

function stageFailed(peerId: PeerIdText, { reason }: SessionEnded): SessionError {
  if (reason === 'refused-busy')
    return new SessionError('All the peers that could answer are busy.', {
      data: { code: 'BUSY' },
      metaMessages: ['Each peer serves a few answers at once.', 'Try again in a moment.'],
    })
  return new SessionError(`Peer ${shortId(peerId)} ended the answer: ${reason}.`, {
    data: { code: 'STAGE_FAILED', peerId, reason },
    metaMessages: ['A peer of the route failed or left.', 'Ask again: another route is chosen.'],
  })
}

function deadlinePassed(deadlineMs: number, cause: unknown): SessionError {
  return new SessionError(`The answer was not done within ${deadlineMs} ms.`, {
    data: { code: 'DEADLINE_PASSED', deadlineMs },
    metaMessages: ['The peers are slow or busy.', 'Ask for fewer tokens, or raise deadline_ms.'],
    cause,
  })
}

/** A stage that breaks the protocol: nothing that it says counts any more. */
function badMessage(peerId: PeerIdText, what: string, cause?: unknown): SessionError {
  return new SessionError(`Peer ${shortId(peerId)} broke the session protocol: it ${what}.`, {
    data: { code: 'STAGE_FAILED', peerId, reason: 'refused-malformed' },
    metaMessages: ['The peer is broken, or runs another version.', 'Ask again: another route is chosen.'],
    cause,
  })
}

/** What `next` and `send` throw beside a stop: bytes that are no message, or a stream that has just closed. */
function asSessionError(peerId: PeerIdText, error: unknown, signal: AbortSignal): unknown {
  if (error instanceof SessionError || signal.aborted) return error
  if (error instanceof ProtocolError) return badMessage(peerId, 'sent bytes that are no message', error)
  return peerLost(peerId, error)
}

function isLinkFailure(error: unknown): boolean {
  return (
    error instanceof SessionError && error.data.code === 'STAGE_FAILED' && error.data.reason === 'link-failed'
  )
}

function shortId(peerId: PeerIdText): string {
  return peerId.slice(-8)
}

function errorText(error: unknown): string {
  return error instanceof SessionError ? error.shortMessage : String(error)
}
