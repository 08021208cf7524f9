// The page that `bench/mesh.bench.ts` opens in each Chromium process: the app's own network worker, links and data
// plane, with an engine of set step times, and a raw data channel on the same connection beside it.
import { createTabNode } from '../../app/mesh/create-tab-node.ts'
import { NetworkClient } from '../../app/mesh/network-client.ts'
import { startNetworkWorker } from '../../app/mesh/start-network-worker.ts'
import type { DataPlaneEvent, StageSessionSpec } from '../../shared/mesh/data-plane-api.ts'
import type { StageId } from '../../shared/engine/compute-engine.ts'
import { LinkService } from '../../shared/mesh/link-service.ts'
import { silentLogger, systemClock } from '../../shared/mesh/ports.ts'
import { relayInfo } from '../../shared/mesh/relay-info.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import type { GossipNode } from '../../shared/mesh/gossip.ts'
import type { RawCommand } from './raw-echo.worker.ts'
import type { TimedEngineInit } from './timed-engine.worker.ts'

/** One generation for all pages: nobody restarts within a run. */
const GENERATION = 1
const RAW_CHANNEL_ID = 1_000

interface SessionResult {
  readonly tokenTimesMs: readonly number[]
  readonly end: string | null
}

const sessions = new Map<string, { tokenTimesMs: number[]; end: string | null; report: unknown }>()

class BenchPage {
  #libp2p: GossipNode | null = null
  #network: NetworkClient | null = null
  #links: LinkService | null = null
  #raw: Worker | null = null
  #relayAddress = ''

  /** Joins the relay. Returns this page's peer id and the relay's address. */
  async start(options: {
    relayOrigin: string
    stepMs: number
    hiddenSize: number
    lastStages: StageId[]
  }): Promise<{ peerId: string; relayAddress: string }> {
    const relay = await relayInfo(options.relayOrigin)
    this.#relayAddress = relay.address
    const libp2p = await createTabNode([relay])
    const peerId = libp2p.peerId.toString() as PeerIdText // libp2p made it
    const compute = new Worker(new URL('./timed-engine.worker.ts', import.meta.url), { type: 'module' })
    const { port1, port2 } = new MessageChannel()
    const init: TimedEngineInit = { port: port2, ...options }
    compute.postMessage(init, [port2])
    this.#libp2p = libp2p
    this.#network = new NetworkClient({
      worker: startNetworkWorker(),
      clock: systemClock,
      self: peerId,
      generation: GENERATION,
      duty: 1,
      enginePort: port1,
      onEvent: (event) => this.#onEvent(event),
      onCrash: (message) => {
        throw new Error(message)
      },
    })
    this.#links = new LinkService({ libp2p, self: peerId, adopter: this.#network, logger: silentLogger })
    await this.#links.start()
    return { peerId, relayAddress: relay.address }
  }

  connect(peerId: PeerIdText): Promise<string> {
    return this.#must(this.#links).ensure(peerId, [this.#relayAddress])
  }

  measure(peerId: PeerIdText, sizeBytes: number, rounds: number): Promise<readonly number[]> {
    return this.#must(this.#network).dataPlane.measure(peerId, sizeBytes, rounds)
  }

  /** Opens the raw channel on the connection that the link uses, in a worker of its own. */
  async openRaw(peerId: string, isEcho: boolean): Promise<void> {
    const connection = this.#must(this.#libp2p)
      .getConnections()
      .find((each) => each.remotePeer.toString() === peerId && each.direct)
    const { muxer } = connection as unknown as { muxer: { peerConnection: RTCPeerConnection } } // as link-service.ts
    const channel = muxer.peerConnection.createDataChannel('raw', { negotiated: true, id: RAW_CHANNEL_ID })
    const raw = new Worker(new URL('./raw-echo.worker.ts', import.meta.url), { type: 'module' })
    const opened = new Promise<void>((resolve) =>
      raw.addEventListener('message', () => resolve(), { once: true }),
    )
    raw.postMessage({ kind: 'take', channel, isEcho } satisfies RawCommand, [channel])
    this.#raw = raw
    await opened
  }

  measureRaw(sizeBytes: number, rounds: number, pauseMs: number): Promise<readonly number[]> {
    const raw = this.#must(this.#raw)
    return new Promise((resolve) => {
      raw.addEventListener('message', ({ data }: MessageEvent<number[]>) => resolve(data), { once: true })
      raw.postMessage({ kind: 'measure', sizeBytes, rounds, pauseMs } satisfies RawCommand)
    })
  }

  async openSession(spec: StageSessionSpec): Promise<void> {
    sessions.set(spec.sessionId, { tokenTimesMs: [], end: null, report: null })
    await this.#must(this.#network).dataPlane.openSession(spec)
  }

  async prompt(sessionId: StageSessionSpec['sessionId'], tokenIds: number[]): Promise<void> {
    await this.#must(this.#network).dataPlane.prompt(sessionId, tokenIds)
  }

  /** Ends the session here and returns what this page saw of it; on the last stage, when each token came. */
  async finish(sessionId: StageSessionSpec['sessionId']): Promise<SessionResult & { report: unknown }> {
    await this.#must(this.#network).dataPlane.closeSession(sessionId, 'closed-by-asker')
    const session = sessions.get(sessionId)
    sessions.delete(sessionId)
    return session ?? { tokenTimesMs: [], end: null, report: null }
  }

  /** True when every open session of this page has ended. */
  areDone(): boolean {
    return [...sessions.values()].every(({ end }) => end !== null)
  }

  #onEvent(event: DataPlaneEvent): void {
    if (event.kind === 'token') sessions.get(event.sessionId)?.tokenTimesMs.push(performance.now())
    else if (event.kind === 'session-ended') {
      const session = sessions.get(event.sessionId)
      if (session === undefined) return
      session.end = event.reason
      session.report = event.report
    } else if (event.kind === 'link-closed') this.#links?.forget(event.peerId)
  }

  #must<T>(value: T | null): T {
    if (value === null) throw new Error('the bench page was not started')
    return value
  }
}

export type { BenchPage }
Object.assign(globalThis, { bench: new BenchPage() })
