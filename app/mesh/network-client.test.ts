import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../shared/mesh/testing/virtual-clock.fixture.ts'
import type { DataChannelLike } from '../../shared/mesh/data-channel.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import { NetworkClient, type NetworkWorker } from './network-client.ts'

const SELF = 'self' as PeerIdText // opaque to the client
const NEIGHBOUR = 'neighbour' as PeerIdText

/** The page's side of a worker thread: what it was sent, and what it says. */
class FakeWorker implements NetworkWorker {
  readonly posted: { readonly kind: string; readonly id?: number }[] = []
  isTerminated = false
  refusesChannels = false
  readonly #listeners: { type: string; listener: (event: never) => void }[] = []

  postMessage(message: unknown): void {
    const command = message as { kind: string; id?: number } // the client's own
    if (command.kind === 'add-channels' && this.refusesChannels)
      throw new DOMException('not transferable', 'DataCloneError')
    this.posted.push(command)
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.push({ type, listener })
  }

  terminate(): void {
    this.isTerminated = true
  }

  say(data: unknown): void {
    this.#emit('message', { data })
  }

  die(message: string): void {
    this.#emit('error', { message })
  }

  #emit(type: string, event: unknown): void {
    for (const each of this.#listeners) if (each.type === type) each.listener(event as never) // by its own type
  }
}

const ports: MessagePort[] = []
afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

function createClient() {
  const worker = new FakeWorker()
  const clock = new VirtualClock()
  const crashes: string[] = []
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  const client = new NetworkClient({
    worker,
    self: SELF,
    generation: 7,
    duty: 0.5,
    enginePort: port1,
    clock,
    onEvent() {},
    onCrash: (message) => crashes.push(message),
  })
  const alive = (): void =>
    worker.say({ kind: 'event', event: { kind: 'alive', recentStepMs: null, openSessions: 0 } })
  return { client, worker, clock, crashes, alive }
}

const channel = (): DataChannelLike => new EventTarget() as unknown as DataChannelLike // never used by the page

describe('NetworkClient', () => {
  it('hands channels to the worker and settles when the link works', async () => {
    const { client, worker } = createClient()
    const adopted = client.adoptChannels(NEIGHBOUR, channel(), channel(), true)
    expect(worker.posted.map(({ kind }) => kind)).toEqual(['init', 'add-channels'])
    worker.say({ kind: 'added', id: 1, error: null })
    expect(await adopted).toBe('worker-channel')
  })

  it('lends channels by ports where the browser cannot transfer them', async () => {
    const { client, worker } = createClient()
    worker.refusesChannels = true
    const adopted = client.adoptChannels(NEIGHBOUR, channel(), channel(), false)
    expect(worker.posted.at(-1)).toMatchObject({
      kind: 'add-ports',
      peerId: NEIGHBOUR,
      path: 'main-channel',
      speaksFirst: false,
    })
    const { hot, beat } = worker.posted.at(-1) as unknown as { hot: MessagePort; beat: MessagePort }
    ports.push(hot, beat)
    worker.say({ kind: 'added', id: 1, error: null })
    expect(await adopted).toBe('main-channel')
  })

  it('passes on why a link does not work', async () => {
    const { client, worker } = createClient()
    const adopted = client.adoptChannels(NEIGHBOUR, channel(), channel(), true)
    const error = { name: 'LinkError', shortMessage: 'No.', metaMessages: [], data: { code: 'NO_LINK' } }
    worker.say({ kind: 'added', id: 1, error })
    await expect(adopted).rejects.toMatchObject({ name: 'LinkError', data: { code: 'NO_LINK' } })
  })

  it('fails everything at once when the worker dies, and says so once', async () => {
    const { client, worker, crashes } = createClient()
    const adopted = client.adoptChannels(NEIGHBOUR, channel(), channel(), true)
    const measured = client.dataPlane.measure(NEIGHBOUR, 64, 1)
    const failures = [adopted, measured].map((call) =>
      expect(call).rejects.toMatchObject({
        shortMessage: 'The network worker of this tab stopped.',
        data: { code: 'WORKER_FAILED' },
      }),
    )
    worker.die('boom')
    worker.die('boom again')
    await Promise.all(failures)
    expect(crashes).toEqual(['boom'])
    expect(worker.isTerminated).toBe(true)
    await expect(client.adoptChannels(NEIGHBOUR, channel(), channel(), true)).rejects.toMatchObject({
      data: { code: 'WORKER_FAILED' },
    })
    await client.dataPlane.closeSessions(null, 'leaving')
  })

  it('takes a worker that falls silent for dead, but not one whose code is still on its way', async () => {
    const { clock, crashes, alive } = createClient()
    await clock.advance(60_000)
    expect(crashes).toEqual([])
    for (let second = 0; second < 30; second++) {
      alive()
      await clock.advance(1_000)
    }
    expect(crashes).toEqual([])
    await clock.advance(10_000)
    expect(crashes).toEqual(['nothing for 10 s'])
  })

  it('ends quietly when it is disposed of', async () => {
    const { client, worker, clock, crashes, alive } = createClient()
    alive()
    const waiting = expect(client.dataPlane.measure(NEIGHBOUR, 64, 1)).rejects.toMatchObject({
      data: { code: 'WORKER_FAILED' },
    })
    client.dispose()
    await waiting
    expect(worker.posted.at(-1)).toEqual({ kind: 'dispose' })
    expect(worker.isTerminated).toBe(true)
    await clock.advance(60_000)
    expect(crashes).toEqual([])
  })
})
