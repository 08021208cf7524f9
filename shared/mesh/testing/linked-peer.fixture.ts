import type { Libp2p } from '@libp2p/interface'
import type { ComputeEngine } from '../../engine/compute-engine.ts'
import type { PeerIdText } from '../../protocol/ids.ts'
import type { LinkPath } from '../../protocol/stage-advert/stage-advert.ts'
import { dataChannelFrameChannel } from '../data-channel.ts'
import type { DataPlaneEvent } from '../data-plane-api.ts'
import { DataPlane } from '../data-plane.ts'
import { LinkService } from '../link-service.ts'
import { silentLogger, systemClock } from '../ports.ts'
import { idOf } from './loopback-node.fixture.ts'

export interface LinkedPeer {
  readonly libp2p: Libp2p
  readonly self: PeerIdText
  readonly links: LinkService
  readonly dataPlane: DataPlane
  /** Links as they were adopted: the rung, and who was to speak first. */
  readonly adopted: { peerId: PeerIdText; path: LinkPath; speaksFirst: boolean }[]
  /** What the data plane said, but for its signs of life. */
  readonly events: DataPlaneEvent[]
  /** The `link-closed` ones of them. */
  readonly closed: DataPlaneEvent[]
  stop(): Promise<void>
}

/** A data plane on a libp2p node, and the service that links it to others, as a native peer has them. */
export async function startLinkedPeer(options: {
  readonly libp2p: Libp2p
  readonly engine: ComputeEngine
  readonly generation: number
  readonly allowStreams?: boolean | undefined
}): Promise<LinkedPeer> {
  const { libp2p, engine, generation, allowStreams = true } = options
  const self = idOf(libp2p)
  const adopted: LinkedPeer['adopted'] = []
  const events: DataPlaneEvent[] = []
  const closed: DataPlaneEvent[] = []
  const dataPlane = new DataPlane({
    engine,
    clock: systemClock,
    self,
    generation,
    onEvent: (event) => {
      if (event.kind === 'alive') return
      events.push(event)
      if (event.kind !== 'link-closed') return
      closed.push(event)
      links.forget(event.peerId)
    },
  })
  const links = new LinkService({
    libp2p,
    self,
    logger: silentLogger,
    allowStreams,
    adopter: {
      async adoptChannels(peerId, hot, beat, speaksFirst) {
        adopted.push({ peerId, path: 'main-channel', speaksFirst })
        const channels = [dataChannelFrameChannel(hot), dataChannelFrameChannel(beat)] as const
        await dataPlane.addLink(peerId, 'main-channel', channels[0], channels[1], speaksFirst)
        return 'main-channel'
      },
      async adoptStream(peerId, path, channel) {
        adopted.push({ peerId, path, speaksFirst: true })
        await dataPlane.addLink(peerId, path, channel, null, true)
      },
    },
  })
  await links.start()
  return {
    libp2p,
    self,
    links,
    dataPlane,
    adopted,
    events,
    closed,
    async stop() {
      await links.stop()
      dataPlane.dispose()
      await libp2p.stop()
    },
  }
}
