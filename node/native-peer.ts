import type { MeshErrorObject } from '../shared/errors.ts'
import { DataPlane } from '../shared/mesh/data-plane.ts'
import { dataChannelFrameChannel } from '../shared/mesh/data-channel.ts'
import type { GossipNode } from '../shared/mesh/gossip.ts'
import { httpModelSource } from '../shared/mesh/http-model-source.ts'
import { MeshPeer, type MeshPeerStatus, type RelayAddress } from '../shared/mesh/mesh-peer.ts'
import { silentLogger, systemClock, type Logger } from '../shared/mesh/ports.ts'
import { relayInfo } from '../shared/mesh/relay-info.ts'
import { RelayKeeper } from '../shared/mesh/relay-keeper.ts'
import type { ComputeEngine } from '../shared/engine/compute-engine.ts'
import { RestartingEngine } from '../shared/engine/restarting-engine.ts'
import type { PeerIdText } from '../shared/protocol/ids.ts'
import type { LayerRange } from '../shared/protocol/layer-range.ts'
import { createPeerNode } from './create-peer-node.ts'
import { FilePieceStore } from './file-piece-store.ts'
import { startEngineWorker } from './start-engine-worker.ts'

export interface NativePeerOptions {
  readonly relayOrigins: readonly string[]
  readonly pinnedLayers: LayerRange | null
  readonly memoryBudgetBytes: number
  readonly isBackstop: boolean
  readonly cacheDir: string
  /** Pieces cannot be kept in `cacheDir`: the node works, and downloads again when it starts the next time. */
  readonly onCacheFailed: (error: unknown) => void
  readonly logger?: Logger
  /** Another engine than the machine's own: benchmarks use one with set times. */
  readonly engine?: ComputeEngine
  readonly onChange: (status: MeshPeerStatus) => void
  readonly onStageFailed: (error: MeshErrorObject) => void
  /** The compute thread died; another one takes over and loads the stages again. */
  readonly onEngineLost: (error: MeshErrorObject) => void
  /** It died too often: this peer can serve nothing any more and should be stopped. */
  readonly onEngineGivenUp: (error: MeshErrorObject) => void
}

export interface NativePeer {
  readonly peerId: string
  status(): MeshPeerStatus
  stop(): Promise<void>
}

/** What there is of a peer so far: a compute thread may die, and a start may fail, before the rest is there. */
interface Parts {
  engine?: ComputeEngine
  libp2p?: GossipNode
  dataPlane?: DataPlane
  peer?: MeshPeer
  keeper?: RelayKeeper
}

/**
 * Joins the mesh from Node with the same protocol as a tab.
 * @throws RelayInfoError when no relay answers, EngineError when the compute thread cannot start
 */
export async function startNativePeer(options: NativePeerOptions): Promise<NativePeer> {
  const relays = await Promise.all(options.relayOrigins.map(relayInfo))
  const parts: Parts = {}
  try {
    return await join(options, relays, parts)
  } catch (error) {
    // Threads and sockets that stay would keep the process alive.
    await stopParts(parts).catch(() => undefined)
    throw error
  }
}

/** Work ends first, then what it ran on. */
async function stopParts({ keeper, peer, dataPlane, engine, libp2p }: Parts): Promise<void> {
  keeper?.stop()
  try {
    await peer?.stop()
  } finally {
    dataPlane?.dispose()
    await Promise.all([engine?.dispose(), libp2p?.stop()])
  }
}

function createEngine(options: NativePeerOptions, logger: Logger, parts: Parts): ComputeEngine {
  return new RestartingEngine({
    start: (onFailed) => startEngineWorker(options, onFailed),
    clock: systemClock,
    onLost(error) {
      // One that dies in the middle of the start lets the start fail.
      if (parts.peer === undefined) return
      logger.warn('the compute thread was lost', { code: error.data.code })
      void parts.dataPlane?.closeSessions(null, 'engine-failed')
      parts.peer.host.reload()
      options.onEngineLost(error.toObject())
    },
    onGivenUp(error) {
      logger.error('the compute thread was given up', { code: error.data.code })
      parts.peer?.host.pause()
      options.onEngineGivenUp(error.toObject())
    },
  })
}

async function join(
  options: NativePeerOptions,
  relays: readonly RelayAddress[],
  parts: Parts,
): Promise<NativePeer> {
  const logger = options.logger ?? silentLogger
  const engine = options.engine ?? createEngine(options, logger, parts)
  parts.engine = engine
  const libp2p = await createPeerNode({ relays, iceServers: [] })
  parts.libp2p = libp2p
  const self = libp2p.peerId.toString() as PeerIdText // libp2p made it
  // Seconds fit 32 bits until 2106; a new identity each start makes a clash impossible anyway.
  const generation = Math.floor(Date.now() / 1000)
  const dataPlane = new DataPlane({
    engine,
    clock: systemClock,
    self,
    generation,
    onEvent: (event) => parts.peer?.onDataPlaneEvent(event),
  })
  parts.dataPlane = dataPlane
  const peer: MeshPeer = new MeshPeer({
    libp2p,
    kind: 'native',
    isBackstop: options.isBackstop,
    generation,
    engine,
    capabilities: await engine.capabilities(),
    dataPlane,
    adopter: {
      async adoptChannels(peerId, hot, beat, speaksFirst) {
        const channels = [dataChannelFrameChannel(hot), dataChannelFrameChannel(beat)] as const
        await dataPlane.addLink(peerId, 'main-channel', channels[0], channels[1], speaksFirst)
        return 'main-channel'
      },
      adoptStream: (peerId, path, channel) => dataPlane.addLink(peerId, path, channel, null, true),
    },
    source: httpModelSource({
      origins: options.relayOrigins,
      store: new FilePieceStore(options.cacheDir),
      onStoreFailed: options.onCacheFailed,
    }),
    relays,
    memoryBudgetBytes: options.memoryBudgetBytes,
    pinnedLayers: options.pinnedLayers,
    clock: systemClock,
    logger,
    onChange: () => options.onChange(peer.status()),
    onStageFailed: options.onStageFailed,
  })
  const keeper = new RelayKeeper({
    libp2p,
    relays,
    clock: systemClock,
    logger,
    random: Math.random,
    onLost: ({ address }) => logger.warn('a relay was lost', { address }),
    onRestored: () => peer.refresh(),
  })
  parts.peer = peer
  parts.keeper = keeper
  await peer.start()
  keeper.start()
  return {
    peerId: self,
    status: () => peer.status(),
    stop: () => stopParts(parts),
  }
}
