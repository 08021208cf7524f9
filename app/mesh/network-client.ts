import { MeshError } from '../../shared/errors.ts'
import type { DataPlaneApi, DataPlaneEvent } from '../../shared/mesh/data-plane-api.ts'
import { dataChannelFrameChannel, type DataChannelLike } from '../../shared/mesh/data-channel.ts'
import { remoteDataPlane } from '../../shared/mesh/data-plane-port.ts'
import type { LinkAdopter } from '../../shared/mesh/link-service.ts'
import { lendChannel } from '../../shared/mesh/port-channel.ts'
import type { FrameChannel } from '../../shared/mesh/ports.ts'
import { streamFrameChannel } from '../../shared/mesh/stream-channel.ts'
import type { WireStream } from '../../shared/mesh/wire-stream.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { NetworkCommand, NetworkReply } from '../worker/network-messages.ts'

/** The page's handle on its network worker: the data plane behind it, and the ways to give it channels. */
export class NetworkClient implements LinkAdopter {
  readonly dataPlane: DataPlaneApi
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: MeshError) => void }>()
  #nextId = 1

  constructor(options: {
    self: PeerIdText
    generation: number
    /** Share of the time that stages compute, see `PacedEngine`. */
    duty: number
    enginePort: MessagePort
    onEvent: (event: DataPlaneEvent) => void
    onCrash: (message: string) => void
  }) {
    this.#worker = new Worker(new URL('../worker/network.ts', import.meta.url), {
      type: 'module',
      name: 'racemesh-network',
    })
    this.#worker.addEventListener('error', (event) => options.onCrash(event.message))
    this.#worker.addEventListener('message', ({ data }: MessageEvent<NetworkReply | { kind: 'event' }>) => {
      if (data.kind !== 'added') return
      const waiting = this.#waiting.get(data.id)
      this.#waiting.delete(data.id)
      if (data.error === null) waiting?.resolve()
      else waiting?.reject(MeshError.fromObject(data.error))
    })
    this.dataPlane = remoteDataPlane(this.#worker, options.onEvent) // a Worker is a port in all that is used
    const { self, generation, duty, enginePort } = options
    this.#post({ kind: 'init', self, generation, duty, enginePort }, [enginePort])
  }

  setDuty(duty: number): void {
    this.#post({ kind: 'set-duty', duty }, [])
  }

  async adoptChannels(
    peerId: PeerIdText,
    hot: DataChannelLike,
    beat: DataChannelLike,
    speaksFirst: boolean,
  ): Promise<LinkPath> {
    const id = this.#nextId++
    const added = this.#added(id)
    try {
      // A data channel can be transferred only in the task that made it.
      const channels = [hot, beat] as unknown as [RTCDataChannel, RTCDataChannel] // in a tab they are
      this.#post(
        { kind: 'add-channels', id, peerId, hot: channels[0], beat: channels[1], speaksFirst },
        channels,
      )
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
      // This browser cannot transfer data channels: keep them on the page and lend them to the worker.
      await this.#lend(
        id,
        peerId,
        'main-channel',
        dataChannelFrameChannel(hot),
        dataChannelFrameChannel(beat),
        speaksFirst,
      )
      return 'main-channel'
    }
    await added
    return 'worker-channel'
  }

  async adoptStream(
    peerId: PeerIdText,
    path: 'stream' | 'relayed-stream',
    stream: WireStream,
  ): Promise<void> {
    await this.#lend(this.#nextId++, peerId, path, streamFrameChannel(stream), null, true)
  }

  /** Ends the worker; sessions and links end with it. */
  dispose(): void {
    this.#post({ kind: 'dispose' }, [])
    this.#worker.terminate()
  }

  async #lend(
    id: number,
    peerId: PeerIdText,
    path: Exclude<LinkPath, 'worker-channel'>,
    hot: FrameChannel,
    beat: FrameChannel | null,
    speaksFirst: boolean,
  ): Promise<void> {
    const added = this.#added(id)
    const hotPorts = new MessageChannel()
    lendChannel(hot, hotPorts.port1)
    const beatPorts = beat === null ? null : new MessageChannel()
    if (beat !== null && beatPorts !== null) lendChannel(beat, beatPorts.port1)
    const command: NetworkCommand = {
      kind: 'add-ports',
      id,
      peerId,
      path,
      hot: hotPorts.port2,
      beat: beatPorts?.port2 ?? null,
      speaksFirst,
    }
    this.#post(command, beatPorts === null ? [hotPorts.port2] : [hotPorts.port2, beatPorts.port2])
    await added
  }

  #added(id: number): Promise<void> {
    const added = new Promise<void>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
    added.catch(() => {
      // The caller may have failed before it waits; its own error is the one that counts.
    })
    return added
  }

  #post(command: NetworkCommand, transfer: Transferable[]): void {
    this.#worker.postMessage(command, transfer)
  }
}
