import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerIdText } from '../protocol/ids.ts'
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
import { circuitAddresses } from './link-service.ts'
import type { Membership } from './membership.ts'
import type { Logger } from './ports.ts'
import { planRoute, type RoutePlan } from './routing.ts'
import { SessionError } from './session-error.ts'
import { WireStream } from './wire-stream.ts'

/** A stage may have to dial its neighbour first (up to 15 s). */
const OPEN_TIMEOUT_MS = 20_000
/** Grace after the end for the reports of the other stages. */
const REPORT_TIMEOUT_MS = 2_000
/** Routes that are tried before the asker hears of a failure; each leaves out the peers that failed. */
const MAX_ROUTE_ATTEMPTS = 3

interface OpenStage {
  readonly hop: SessionHop
  readonly stream: WireStream
  readonly route: RouteStage
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
    try {
      stages = await this.#openRoute(request, signal)
      yield { kind: 'route', stages: stages.map((stage) => stage.route) }
      yield* this.#run(request, stages, signal)
    } finally {
      this.#openGenerations--
      for (const { stream } of stages) stream.close()
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
        plan.hops.map((_hop, index) => this.#openStage(request, plan, index, signal)),
      )
      const failures = results.flatMap((result, index) =>
        result.status === 'rejected'
          ? [{ error: result.reason as unknown, peerId: plan.hops[index]?.peerId }]
          : [],
      )
      const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      if (failures.length === 0) return opened
      for (const { stream } of opened) stream.close()
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
    signal: AbortSignal,
  ): Promise<OpenStage> {
    const hop = plan.hops[stageIndex]
    if (hop === undefined) throw new Error('stage index beyond the route')
    const isLast = stageIndex === plan.hops.length - 1
    const { sampling } = request
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
    const id = peerIdFromString(hop.peerId)
    const target =
      this.#libp2p.getConnections(id).length > 0 ? id : circuitAddresses(hop.peerId, hop.relayAddresses)
    let stream: WireStream
    try {
      const raw = await this.#libp2p.dialProtocol(target, SESSION_V1, {
        signal: timeout,
        runOnLimitedConnection: true,
      })
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
      const reply = await next(stream, timeout)
      if (reply === null) throw peerLost(hop.peerId, undefined)
      if (reply.kind === 'ended') throw stageFailed(hop.peerId, reply.ended)
      if (reply.kind !== 'opened') throw new Error(`a stage answered with ${reply.kind}`)
      const { link } = reply.opened
      return {
        hop,
        stream,
        route: {
          peerId: hop.peerId,
          kind: hop.kind,
          layers: hop.layers,
          link: link === null ? null : { path: link.path, roundTripMs: link.roundTripMicros / 1000 },
        },
      }
    } catch (error) {
      stream.close()
      if (timeout.aborted && !signal.aborted) throw peerLost(hop.peerId, error)
      throw error
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
    const stopWatching = this.#watchPeers(stages, failed)
    const readers = stages
      .filter((stage) => stage !== last)
      .map((stage) => this.#readToEnd(stage, ended, failed))
    const stop = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(request.deadlineMs)])
    try {
      head.stream.send(encodeSessionMessage({ kind: 'prompt', prompt: { tokenIds: request.promptTokenIds } }))
      for (;;) {
        const message = await next(last.stream, stop)
        if (message === null) throw peerLost(last.hop.peerId, undefined)
        if (message.kind === 'tokens') {
          for (const [index, tokenId] of message.tokens.tokenIds.entries())
            yield { kind: 'token', tokenId, position: message.tokens.position + index }
          continue
        }
        if (message.kind !== 'ended') throw new Error(`the last stage sent ${message.kind}`)
        ended.set(last, message.ended)
        const { reason } = message.ended
        if (reason !== 'end-token' && reason !== 'length') throw stageFailed(last.hop.peerId, message.ended)
        await this.#collectReports(stages, readers)
        yield { kind: 'end', reason, stages: stages.map((stage) => served(stage, ended.get(stage))) }
        return
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (failed.signal.aborted) throw failed.signal.reason
      if (stop.aborted)
        throw new SessionError(`The answer was not done within ${request.deadlineMs} ms.`, {
          data: { code: 'DEADLINE_PASSED', deadlineMs: request.deadlineMs },
          metaMessages: ['The peers are slow or busy.', 'Ask for fewer tokens, or raise deadline_ms.'],
          cause: error,
        })
      throw error
    } finally {
      stopWatching()
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
    const timeout = AbortSignal.timeout(REPORT_TIMEOUT_MS)
    await Promise.race([
      Promise.allSettled(readers),
      new Promise<void>((resolve) => timeout.addEventListener('abort', () => resolve(), { once: true })),
    ])
  }

  async #readToEnd(
    stage: OpenStage,
    ended: Map<OpenStage, SessionEnded>,
    failed: AbortController,
  ): Promise<void> {
    const message = await next(stage.stream)
    if (message?.kind === 'ended') {
      ended.set(stage, message.ended)
      if (message.ended.reason !== 'closed-by-asker')
        failed.abort(stageFailed(stage.hop.peerId, message.ended))
    } else if (message === null) failed.abort(peerLost(stage.hop.peerId, undefined))
    else failed.abort(new Error(`a stage sent ${message.kind}`))
  }

  #watchPeers(stages: readonly OpenStage[], failed: AbortController): () => void {
    const removers = stages.map(({ hop }) => {
      const listener = (): void => failed.abort(peerLost(hop.peerId, undefined))
      const listeners = this.#lostListeners.get(hop.peerId) ?? new Set()
      listeners.add(listener)
      this.#lostListeners.set(hop.peerId, listeners)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) this.#lostListeners.delete(hop.peerId)
      }
    })
    return () => {
      for (const remove of removers) remove()
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
