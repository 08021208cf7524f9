import { MeshError } from '../../shared/errors.ts'
import type { DataPlaneApi, DataPlaneEvent } from '../../shared/mesh/data-plane-api.ts'
import { dataChannelFrameChannel, type DataChannelLike } from '../../shared/mesh/data-channel.ts'
import { remoteDataPlane, type PortLike, type RemoteDataPlane } from '../../shared/mesh/data-plane-port.ts'
import type { LinkAdopter } from '../../shared/mesh/link-service.ts'
import { lendChannel } from '../../shared/mesh/port-channel.ts'
import type { Clock, FrameChannel } from '../../shared/mesh/ports.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { NetworkCommand, NetworkReply } from '../worker/network-messages.ts'

/** The worker says that it is alive four times a second; it never computes, so nothing holds it up for seconds. */
const WATCH_INTERVAL_MS = 2_000
/** Looks at the clock that heard nothing, and not seconds: a page that was frozen finds the answers behind its timer. */
const SILENT_LOOKS = 5

/** What is used of a `Worker`. */
export interface NetworkWorker extends PortLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'error', listener: (event: { message: string }) => void): void
  terminate(): void
}

/** The page's handle on its network worker: the data plane behind it, and the ways to give it channels. */
export class NetworkClient implements LinkAdopter {
  readonly dataPlane: DataPlaneApi
  readonly #remote: RemoteDataPlane
  readonly #worker: NetworkWorker
  readonly #onCrash: (message: string) => void
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: MeshError) => void }>()
  readonly #stopWatch: () => void
  #nextId = 1
  #failure: MeshError | null = null
  /** Null until the worker has spoken: its code may still be on its way. */
  #silentLooks: number | null = null

  constructor(options: {
    worker: NetworkWorker
    self: PeerIdText
    generation: number
    /** Share of the time that stages compute, see `PacedEngine`. */
    duty: number
    enginePort: MessagePort
    clock: Clock
    onEvent: (event: DataPlaneEvent) => void
    /** Called once, with what the browser said; the worker's sessions and links are gone. */
    onCrash: (message: string) => void
  }) {
    this.#worker = options.worker
    this.#onCrash = options.onCrash
    this.#worker.addEventListener('error', (event) => this.#crashed(event.message))
    this.#worker.addEventListener('message', ({ data }) => {
      this.#silentLooks = 0
      const reply = data as NetworkReply | { readonly kind: 'event' } // from our own worker
      if (reply.kind !== 'added') return
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if (reply.error === null) waiting?.resolve()
      else waiting?.reject(MeshError.fromObject(reply.error))
    })
    this.#remote = remoteDataPlane(this.#worker, options.onEvent)
    this.dataPlane = this.#remote
    this.#stopWatch = options.clock.every(WATCH_INTERVAL_MS, () => this.#look())
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
    channel: FrameChannel,
  ): Promise<void> {
    await this.#lend(this.#nextId++, peerId, path, channel, null, true)
  }

  /** Ends the worker; sessions and links end with it. */
  dispose(): void {
    if (this.#failure === null) this.#post({ kind: 'dispose' }, [])
    this.#end('The network worker was ended.')
  }

  #look(): void {
    if (this.#silentLooks === null) return
    this.#silentLooks++
    if (this.#silentLooks >= SILENT_LOOKS)
      this.#crashed(`nothing for ${(SILENT_LOOKS * WATCH_INTERVAL_MS) / 1000} s`)
  }

  #crashed(message: string): void {
    if (this.#failure !== null) return
    this.#end('The network worker of this tab stopped.')
    this.#onCrash(message)
  }

  /** Whoever waits for the worker hears at once that no answer will come. */
  #end(shortMessage: string): void {
    if (this.#failure !== null) return
    this.#stopWatch()
    this.#worker.terminate()
    const error = new MeshError(shortMessage, {
      data: { code: 'WORKER_FAILED' },
      metaMessages: ['Its links and answers are gone. Press Start to join again.'],
    })
    this.#failure = error
    this.#remote.fail(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
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
      if (this.#failure === null) this.#waiting.set(id, { resolve, reject })
      else reject(this.#failure)
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
