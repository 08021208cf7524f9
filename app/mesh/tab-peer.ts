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
  /** A worker died: nothing of this peer works any more, and it should be stopped. */
  readonly onCrash: (error: MeshErrorObject) => void
}

interface Parts {
  readonly compute: Worker
  readonly engine: WorkerEngine
  readonly libp2p: GossipNode
  readonly network: NetworkClient
  readonly mesh: MeshPeer
  readonly keeper: RelayKeeper
}

/** Everything that runs in a contributing tab: two workers, libp2p and the peer on top of them. One start, one stop. */
export class TabPeer {
  readonly #options: TabPeerOptions
  #parts: Partial<Parts> = {}
  #capabilities: EngineCapabilities | null = null
  #isStopped = false
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

  async start(): Promise<void> {
    const relay = await relayInfo(this.#options.relayOrigin)
    const { engine, networkPort } = this.#startCompute()
    this.#capabilities = await engine.capabilities()
    this.#throwIfStopped()
    const libp2p = await createTabNode([relay], this.#options)
    this.#parts = { ...this.#parts, libp2p }
    this.#throwIfStopped()
    await this.#join(relay, libp2p, engine, networkPort, this.#capabilities)
    this.#throwIfStopped()
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
    const { mesh, keeper } = this.#parts
    keeper?.stop()
    // Work halts first; the good-byes may take their time, and fail where a worker is dead.
    const goodbye = mesh?.stop().catch((error: unknown) => {
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
    const onFailed = (error: EngineError): void => {
      engine.fail(error)
      this.#crashed(error.shortMessage)
    }
    compute.addEventListener('error', (event) => onFailed(stopped(event.message)))
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
    const engine = new WorkerEngine(forPage.port1, { onFailed })
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
    this.#parts = { ...this.#parts, network, mesh, keeper }
    await mesh.start()
    keeper.start()
  }

  #crashed(message: string): void {
    this.#options.onCrash({
      name: 'MeshError',
      shortMessage: 'A worker of this tab stopped.',
      metaMessages: [
        `The browser said: ${message === '' ? 'nothing' : message}`,
        'Often the device ran out of memory. Start again with less power.',
      ],
      data: { code: 'WORKER_FAILED' },
    })
  }

  #throwIfStopped(): void {
    if (!this.#isStopped) return
    void this.#end()
    throw new DOMException('stopped while starting', 'AbortError')
  }
}

function stopped(why: string): EngineError {
  return new EngineError(`The compute worker stopped: ${why}.`, { data: { code: 'WORKER_FAILED' } })
}
