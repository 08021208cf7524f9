import type { MeshErrorObject } from '../shared/errors.ts'
import { DataPlane } from '../shared/mesh/data-plane.ts'
import { dataChannelFrameChannel } from '../shared/mesh/data-channel.ts'
import { httpModelSource } from '../shared/mesh/http-model-source.ts'
import { MeshPeer, type MeshPeerStatus } from '../shared/mesh/mesh-peer.ts'
import { silentLogger, systemClock, type Logger } from '../shared/mesh/ports.ts'
import { relayInfo } from '../shared/mesh/relay-info.ts'
import { RelayKeeper } from '../shared/mesh/relay-keeper.ts'
import { streamFrameChannel } from '../shared/mesh/stream-channel.ts'
import type { ComputeEngine } from '../shared/engine/compute-engine.ts'
import type { PeerIdText } from '../shared/protocol/ids.ts'
import type { LayerRange } from '../shared/protocol/layer-range.ts'
import { createPeerNode } from './create-peer-node.ts'
import { FilePieceStore } from './file-piece-store.ts'
import { createNodeEngine } from './node-engine.ts'

export interface NativePeerOptions {
  readonly relayOrigins: readonly string[]
  readonly pinnedLayers: LayerRange | null
  readonly memoryBudgetBytes: number
  readonly isBackstop: boolean
  readonly cacheDir: string
  readonly logger?: Logger
  /** Another engine than the machine's own: benchmarks use one with set times. */
  readonly engine?: ComputeEngine
  readonly onChange: (status: MeshPeerStatus) => void
  readonly onStageFailed: (error: MeshErrorObject) => void
}

export interface NativePeer {
  readonly peerId: string
  status(): MeshPeerStatus
  stop(): Promise<void>
}

/** Joins the mesh from Node with the same protocol as a tab. @throws RelayInfoError when no relay answers */
export async function startNativePeer(options: NativePeerOptions): Promise<NativePeer> {
  const logger = options.logger ?? silentLogger
  const relays = await Promise.all(options.relayOrigins.map(relayInfo))
  const engine = options.engine ?? createNodeEngine({ memoryBudgetBytes: options.memoryBudgetBytes })
  const libp2p = await createPeerNode({ relays, iceServers: [] })
  const self = libp2p.peerId.toString() as PeerIdText // libp2p made it
  // Seconds fit 32 bits until 2106; a new identity each start makes a clash impossible anyway.
  const generation = Math.floor(Date.now() / 1000)
  const dataPlane = new DataPlane({
    engine,
    clock: systemClock,
    self,
    generation,
    onEvent: (event) => peer.onDataPlaneEvent(event),
  })
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
      adoptStream: (peerId, path, stream) =>
        dataPlane.addLink(peerId, path, streamFrameChannel(stream), null, true),
    },
    source: httpModelSource({ origins: options.relayOrigins, store: new FilePieceStore(options.cacheDir) }),
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
  await peer.start()
  keeper.start()
  return {
    peerId: self,
    status: () => peer.status(),
    async stop() {
      keeper.stop()
      await peer.stop()
      dataPlane.dispose()
      await engine.dispose()
      await libp2p.stop()
    },
  }
}
