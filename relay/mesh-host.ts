import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { circuitRelayServer, circuitRelayTransport, type CircuitRelayService } from '@libp2p/circuit-relay-v2'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify, type Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping, type Ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Gossip, GOSSIP_OPTIONS, mayGiveNotice } from '../shared/mesh/gossip.ts'
import { Membership } from '../shared/mesh/membership.ts'
import { MeshAsker } from '../shared/mesh/mesh-asker.ts'
import type { Asker } from '../shared/mesh/asker.ts'
import type { NetworkSnapshot } from '../shared/mesh/network-snapshot.ts'
import { systemClock, type Logger } from '../shared/mesh/ports.ts'
import { PresenceWatch } from '../shared/mesh/presence.ts'
import { stageSizeBytes, type ModelManifest } from '../shared/model/manifest.ts'
import type { PeerIdText } from '../shared/protocol/ids.ts'
import { Assigner } from './assigner.ts'
import { CountingAsker, type AnswerCounters } from './counting-asker.ts'
import { webSocketsWithHttp, type FetchHandler } from './http-websockets.ts'
import { networkSnapshot } from './snapshot.ts'

/** Idle tabs cost about 0.13 MB each; ten thousand is where a small server ends. */
const MAX_CONNECTIONS = 10_000
/**
 * What a relayed connection may carry, both ways together, and for how long (docs/mesh.md, "Limits of a relay"). Peers
 * begin an answer with at least half of the bytes and a quarter of the time: 4,096 tokens of 8 KiB take 33 MiB, and no
 * answer takes more than 10 minutes.
 */
const RELAYED_BYTES_PER_CONNECTION = 128n << 20n
const RELAYED_CONNECTION_MS = 60 * 60_000
const SWEEP_MS = 5_000
const REDIAL_MS = 5_000

export interface MeshHostOptions {
  readonly port: number
  readonly host: string
  readonly fetch: FetchHandler
  readonly dataDir: string
  readonly peerRelays: readonly string[]
  readonly models: readonly ModelManifest[]
  readonly minStages: number
  readonly logger: Logger
}

/** The relay's part of the mesh: introduces peers, tells them what to hold, asks them on behalf of the API. */
export interface MeshHost {
  readonly asker: Asker
  readonly peerId: string
  readonly addresses: readonly string[]
  snapshot(): NetworkSnapshot
  counters(): AnswerCounters
  stop(): Promise<void>
}

type RelayServices = Record<string, unknown> & {
  identify: Identify
  ping: Ping
  pubsub: GossipSub
  relay: CircuitRelayService
}

/** Starts libp2p and HTTP on one port. @throws Error with code `EADDRINUSE` when the port is taken */
export async function createMeshHost(options: MeshHostOptions): Promise<MeshHost> {
  const { logger } = options
  const startedAtMs = systemClock.now()
  const libp2p = await createRelayNode(options)
  const self = libp2p.peerId.toString() as PeerIdText // libp2p made it
  const membership = new Membership()
  const asker = new MeshAsker({
    libp2p,
    membership,
    layerCountOf: (modelId) => options.models.find(({ id }) => id === modelId)?.config.layerCount ?? null,
    logger,
  })
  const counting = new CountingAsker(asker, systemClock)
  const gossip = new Gossip(
    libp2p,
    {
      onAdvert(advert) {
        membership.applyAdvert(advert, systemClock.now())
      },
      onListener() {
        // A relay has nothing to advertise; its notices concern those who knew the peer.
      },
      onNotice(notice, from) {
        const member = membership.get(notice.peerId)
        if (member === undefined || !mayGiveNotice(member.advert, from)) return
        if (membership.remove(notice.peerId, notice.generation)) asker.peerLost(notice.peerId)
      },
    },
    logger,
  )
  const lose = (peerId: PeerIdText): void => {
    const member = membership.get(peerId)
    presence.forget(peerId)
    if (member === undefined || !mayGiveNotice(member.advert, self)) return
    const { generation } = member.advert
    membership.remove(peerId, generation)
    asker.peerLost(peerId)
    logger.info('a peer left', { peerId })
    void gossip.notify({ kind: 'left', peerId, generation })
  }
  const presence = new PresenceWatch({
    libp2p,
    clock: systemClock,
    onSilent: lose,
    onHeard: (peerId) => membership.markHeard(peerId, systemClock.now()),
  })
  const assigner = new Assigner({
    libp2p,
    membership,
    models: options.models,
    minStages: options.minStages,
    isLocal: (peerId) => libp2p.getConnections(peerIdFromString(peerId)).length > 0,
    clock: systemClock,
    logger,
  })
  libp2p.addEventListener('peer:disconnect', ({ detail }) => {
    // js-libp2p keeps reservations of peers that are gone (issue 2833): without this a relay fills up for good.
    releaseReservation(libp2p.services.relay, detail)
    lose(detail.toString() as PeerIdText) // libp2p has parsed it
  })
  gossip.start()
  await presence.start()
  assigner.start()
  const stopSweep = systemClock.every(SWEEP_MS, () => {
    for (const peerId of membership.sweep(systemClock.now())) asker.peerLost(peerId)
  })
  const stopFederation = keepDialled(libp2p, options.peerRelays, logger)
  return {
    asker: counting,
    peerId: self,
    addresses: libp2p.getMultiaddrs().map(String),
    snapshot: () =>
      networkSnapshot({
        self,
        addresses: libp2p.getMultiaddrs().map(String),
        uptimeMs: systemClock.now() - startedAtMs,
        nowMs: systemClock.now(),
        models: options.models,
        sizeOf: (manifest) => stageSizeBytes(manifest, { start: 0, end: manifest.config.layerCount }),
        peers: membership.peers(),
        counters: counting.counters(),
      }),
    counters: () => counting.counters(),
    async stop() {
      stopSweep()
      stopFederation()
      assigner.stop()
      gossip.stop()
      await presence.stop()
      await libp2p.stop()
    },
  }
}

async function createRelayNode(options: MeshHostOptions): Promise<Libp2p<RelayServices>> {
  return createLibp2p<RelayServices>({
    privateKey: await loadKey(options.dataDir),
    addresses: { listen: [`/${ipFamily(options.host)}/${options.host}/tcp/${options.port}/ws`] },
    // Circuits to peers that hold their reservation on a federated relay.
    transports: [webSocketsWithHttp(options.fetch), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      // Behind a proxy every tab has the proxy's address; the HTTP side limits clients by other means.
      inboundConnectionThreshold: MAX_CONNECTIONS,
      maxIncomingPendingConnections: 1_000,
    },
    // It pings every connection at the same moment, which holds up everything else (70 ms with 300 idle peers), and every
    // ping is a stream of its own. Peers ping us each 30 s, presence beats watch those that serve, TCP keep-alive finds the others, and
    // federated relays are pinged in keepDialled.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub(GOSSIP_OPTIONS),
      relay: circuitRelayServer({
        reservations: {
          maxReservations: MAX_CONNECTIONS,
          defaultDataLimit: RELAYED_BYTES_PER_CONNECTION,
          defaultDurationLimit: RELAYED_CONNECTION_MS,
        },
      }),
    },
  })
}

/** The relay's identity outlives restarts, so that addresses which name it stay good. */
async function loadKey(dataDir: string): Promise<PrivateKey> {
  const path = join(dataDir, 'relay.key')
  await mkdir(dataDir, { recursive: true })
  try {
    return privateKeyFromProtobuf(await readFile(path))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error // anything thrown may lack a code
    const key = await generateKeyPair('Ed25519')
    await writeFile(path, privateKeyToProtobuf(key), { mode: 0o600 })
    return key
  }
}

function ipFamily(host: string): 'ip4' | 'ip6' {
  return host.includes(':') ? 'ip6' : 'ip4'
}

function releaseReservation(relay: CircuitRelayService, peerId: unknown): void {
  const { reservations } = relay as unknown as { reservations?: { delete?: (id: unknown) => void } } // undocumented
  reservations?.delete?.(peerId)
}

/** Keeps a connection to each federated relay; one that is lost or silent is dialled again every few seconds. */
function keepDialled(
  libp2p: Libp2p<RelayServices>,
  addresses: readonly string[],
  logger: Logger,
): () => void {
  const dial = async (address: string): Promise<void> => {
    const target = multiaddr(address)
    const peerId = target.getComponents().findLast(({ name }) => name === 'p2p')?.value
    const connections = peerId === undefined ? [] : libp2p.getConnections(peerIdFromString(peerId))
    const signal = AbortSignal.timeout(REDIAL_MS)
    try {
      if (peerId === undefined || connections.length === 0) await libp2p.dial(target, { signal })
      else await libp2p.services.ping.ping(peerIdFromString(peerId), { signal })
    } catch (error) {
      logger.warn('a federated relay cannot be reached', { address, error: String(error) })
      // A link whose other end vanished without a word: let the next turn dial.
      for (const connection of connections)
        connection.abort(new Error('the relay did not answer a ping', { cause: error }))
    }
  }
  for (const address of addresses) void dial(address)
  return systemClock.every(REDIAL_MS, () => {
    for (const address of addresses) void dial(address)
  })
}
