/// <reference lib="webworker" />
import { PacedEngine } from '../../shared/engine/paced-engine.ts'
import { WorkerEngine } from '../../shared/engine/worker-engine.ts'
import { DataPlane } from '../../shared/mesh/data-plane.ts'
import { dataChannelFrameChannel } from '../../shared/mesh/data-channel.ts'
import { serveDataPlane } from '../../shared/mesh/data-plane-port.ts'
import { portFrameChannel } from '../../shared/mesh/port-channel.ts'
import { systemClock } from '../../shared/mesh/ports.ts'
import { toErrorObject } from '../../shared/errors.ts'
import type { NetworkCommand, NetworkReply } from './network-messages.ts'

// The network worker: the data plane of a tab, away from the page, so that a busy main thread cannot stall a token.

declare const self: DedicatedWorkerGlobalScope

let plane: DataPlane | null = null
let engine: PacedEngine | null = null
const postEvent = serveDataPlane(self, () => {
  if (plane === null) throw new Error('the network worker was called before it was initialised')
  return plane
})

self.addEventListener('message', ({ data }: MessageEvent<NetworkCommand | { kind: 'call' }>) => {
  if (data.kind === 'init') {
    const remote = new WorkerEngine(data.enginePort, {
      onFailed(error) {
        // Uncaught on purpose: the page hears of it and starts both workers anew.
        throw error
      },
    })
    engine = new PacedEngine(remote, systemClock, data.duty)
    plane = new DataPlane({
      engine,
      clock: systemClock,
      self: data.self,
      generation: data.generation,
      onEvent: postEvent,
    })
  } else if (data.kind === 'add-channels') {
    // The channels must get their listeners in this very task.
    const hot = dataChannelFrameChannel(data.hot)
    const beat = dataChannelFrameChannel(data.beat)
    void answer(data.id, plane?.addLink(data.peerId, 'worker-channel', hot, beat, data.speaksFirst))
  } else if (data.kind === 'add-ports') {
    const beat = data.beat === null ? null : portFrameChannel(data.beat)
    void answer(
      data.id,
      plane?.addLink(data.peerId, data.path, portFrameChannel(data.hot), beat, data.speaksFirst),
    )
  } else if (data.kind === 'set-duty') {
    engine?.setDuty(data.duty)
  } else if (data.kind === 'dispose') {
    plane?.dispose()
    plane = null
  }
})

async function answer(id: number, added: Promise<void> | undefined): Promise<void> {
  try {
    await added
    self.postMessage({ kind: 'added', id, error: null } satisfies NetworkReply)
  } catch (error) {
    self.postMessage({ kind: 'added', id, error: toErrorObject(error) } satisfies NetworkReply)
  }
}
