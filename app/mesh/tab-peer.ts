import type { Power } from '../mesh-contributor.ts'
import type { MeshErrorObject } from '../../shared/errors.ts'
import type { EngineCapabilities } from '../../shared/engine/compute-engine.ts'
import { EngineError } from '../../shared/engine/engine-error.ts'
import { WorkerEngine } from '../../shared/engine/worker-engine.ts'
import type { GossipNode } from '../../shared/mesh/gossip.ts'
import { httpModelSource } from '../../shared/mesh/http-model-source.ts'
import { MeshPeer, type MeshPeerStatus, type RelayAddress } from '../../shared/mesh/mesh-peer.ts'
import { silentLogger, systemClock } from '../../shared/mesh/ports.ts'
import { relayInfo } from '../../shared/mesh/relay-info.ts'
import { RelayKeeper } from '../../shared/mesh/relay-keeper.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import type { ComputeInit } from '../worker/compute-messages.ts'
import { createTabNode } from './create-tab-node.ts'
import { NetworkClient } from './network-client.ts'
import { OpfsPieceStore } from './opfs-piece-store.ts'
import { startNetworkWorker } from './start-network-worker.ts'

/** What a position allows for weights and caches. The share of the time that it allows is `dutyOf`. */
const MEMORY_BUDGET_BYTES: Record<Power, number> = { quiet: 256 << 20, balanced: 1 << 30, full: 2 ** 32 }

export interface TabPeerOptions {
  readonly relayOrigin: string
  /** Decides on memory, once. */
  readonly power: Power
  /** Share of the time that the device computes, until {@link TabPeer.setDuty}. */
  readonly duty: number
  readonly isRelayOnly: boolean
  readonly pinnedLayers: LayerRange | null
  readonly onChange: (status: MeshPeerStatus) => void
  readonly onStageFailed: (error: MeshErrorObject) => void
  /** A worker died: nothing of this peer works any more, and it should be stopped. Called once. */
  readonly onCrash: (error: MeshErrorObject) => void
}

interface Parts {
  readonly compute: Worker
  readonly engine: WorkerEngine
  readonly libp2p: GossipNode
  readonly network: NetworkClient
  readonly mesh: MeshPeer
  /** Settles when the mesh has started, or could not. */
  readonly meshStarted: Promise<void>
  readonly keeper: RelayKeeper
}

/** Everything that runs in a contributing tab: two workers, libp2p and the peer on top of them. One start, one stop. */
export class TabPeer {
  readonly #options: TabPeerOptions
  #parts: Partial<Parts> = {}
  #capabilities: EngineCapabilities | null = null
  #isStopped = false
  #hasCrashed = false
  #duty: number

  constructor(options: TabPeerOptions) {
    this.#options = options
    this.#duty = options.duty
  }

  get peerId(): string | null {
    return this.#parts.libp2p?.peerId.toString() ?? null
  }

  get backend(): 'webgpu' | 'wasm' | null {
    return this.#capabilities?.backend ?? null
  }

  /** @throws AbortError once it is stopped; RelayInfoError, EngineError, and what libp2p throws */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      // Whatever a stop made fail failed because of it.
      this.#throwIfStopped()
      throw error
    }
  }

  async #start(): Promise<void> {
    const relay = await relayInfo(this.#options.relayOrigin)
    this.#throwIfStopped()
    const { engine, networkPort } = this.#startCompute()
    this.#capabilities = await engine.capabilities()
    this.#throwIfStopped()
    const libp2p = await createTabNode([relay], this.#options)
    this.#parts = { ...this.#parts, libp2p }
    // A stop that came meanwhile did not know of this node.
    if (this.#isStopped) await this.#end()
    this.#throwIfStopped()
    await this.#join(relay, libp2p, engine, networkPort, this.#capabilities)
  }

  status(): MeshPeerStatus {
    return (
      this.#parts.mesh?.status() ?? {
        stages: [],
        shortage: null,
        links: [],
        openSessions: 0,
        tokensServed: 0,
        recentStepMs: null,
      }
    )
  }

  setDuty(duty: number): void {
    this.#duty = duty
    this.#parts.network?.setDuty(duty)
  }

  /** Says good-bye, then ends workers and connections. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const { mesh, meshStarted, keeper } = this.#parts
    keeper?.stop()
    // A mesh that is stopped in the middle of its start goes on with the rest of it, so the start comes to its end
    // first. Work halts then; the good-byes may take their time, and fail where a worker is dead.
    const goodbye = Promise.allSettled([meshStarted])
      .then(() => mesh?.stop())
      .catch((error: unknown) => {
        console.warn('Racemesh: this tab could not say good-bye.', error)
      })
    await Promise.race([goodbye, new Promise((resolve) => setTimeout(resolve, 500))])
    await this.#end()
  }

  /** For a page that is going away: no time for promises, but neighbours should hear of it at once. */
  abort(): void {
    for (const connection of this.#parts.libp2p?.getConnections() ?? [])
      connection.abort(new Error('the page was closed'))
  }

  async #end(): Promise<void> {
    const { network, compute, engine, libp2p } = this.#parts
    network?.dispose()
    engine?.fail(stopped('it was ended'))
    compute?.terminate()
    this.#parts = {}
    await libp2p?.stop()
  }

  #startCompute(): { engine: WorkerEngine; networkPort: MessagePort } {
    const compute = new Worker(new URL('../worker/compute.ts', import.meta.url), {
      type: 'module',
      name: 'racemesh-compute',
    })
    compute.addEventListener('error', (event) => {
      engine.fail(stopped(wordsOf(event.message)))
      this.#crashed(event.message)
    })
    const forPage = new MessageChannel()
    const forNetwork = new MessageChannel()
    const ports = [forPage.port2, forNetwork.port2]
    const init: ComputeInit = {
      kind: 'init',
      ports,
      preferWebGpu: true,
      memoryBudgetBytes: MEMORY_BUDGET_BYTES[this.#options.power],
    }
    compute.postMessage(init, ports)
    const engine = new WorkerEngine(forPage.port1, {
      onFailed: (error) => this.#crashed(error.shortMessage),
    })
    this.#parts = { ...this.#parts, compute, engine }
    return { engine, networkPort: forNetwork.port1 }
  }

  async #join(
    relay: RelayAddress,
    libp2p: GossipNode,
    engine: WorkerEngine,
    networkPort: MessagePort,
    capabilities: EngineCapabilities,
  ): Promise<void> {
    // Seconds fit 32 bits until 2106; the identity is new each time anyway.
    const generation = Math.floor(Date.now() / 1000)
    const memoryBudgetBytes = MEMORY_BUDGET_BYTES[this.#options.power]
    const network = new NetworkClient({
      worker: startNetworkWorker(),
      clock: systemClock,
      self: libp2p.peerId.toString() as PeerIdText, // libp2p made it
      generation,
      duty: this.#duty,
      enginePort: networkPort,
      onEvent: (event) => mesh.onDataPlaneEvent(event),
      onCrash: (message) => this.#crashed(message),
    })
    const mesh: MeshPeer = new MeshPeer({
      libp2p,
      kind: 'tab',
      isBackstop: false,
      generation,
      engine,
      capabilities,
      dataPlane: network.dataPlane,
      adopter: network,
      source: httpModelSource({
        origins: [this.#options.relayOrigin],
        store: new OpfsPieceStore(),
        onStoreFailed: (error) =>
          console.warn('Racemesh: pieces cannot be kept; the next start downloads them again.', error),
      }),
      relays: [relay],
      memoryBudgetBytes: Math.min(memoryBudgetBytes, capabilities.memoryBudgetBytes),
      pinnedLayers: this.#options.pinnedLayers,
      clock: systemClock,
      logger: silentLogger,
      onChange: () => this.#options.onChange(mesh.status()),
      onStageFailed: this.#options.onStageFailed,
    })
    const keeper = new RelayKeeper({
      libp2p,
      relays: [relay],
      clock: systemClock,
      logger: silentLogger,
      random: Math.random,
      onLost: () => this.#options.onChange(mesh.status()),
      onRestored: () => mesh.refresh(),
    })
    const meshStarted = mesh.start()
    this.#parts = { ...this.#parts, network, mesh, meshStarted, keeper }
    await meshStarted
    // A keeper that started now would dial the relay for ever.
    this.#throwIfStopped()
    keeper.start()
  }

  /** One worker seldom dies alone; the first says why. */
  #crashed(message: string | undefined): void {
    if (this.#hasCrashed) return
    this.#hasCrashed = true
    this.#options.onCrash({
      name: 'MeshError',
      shortMessage: 'A worker of this tab stopped.',
      metaMessages: [
        `The browser said: ${wordsOf(message)}`,
        'Often the device ran out of memory. Start again with less power.',
      ],
      data: { code: 'WORKER_FAILED' },
    })
  }

  #throwIfStopped(): void {
    if (!this.#isStopped) return
    throw new DOMException('stopped while starting', 'AbortError')
  }
}

/** A worker whose file cannot be loaded has an error event without a message, whatever the event's type promises. */
function wordsOf(message: string | undefined): string {
  return message === undefined || message === '' ? 'nothing' : message
}

function stopped(why: string): EngineError {
  return new EngineError(`The compute worker stopped: ${why}.`, { data: { code: 'WORKER_FAILED' } })
}
