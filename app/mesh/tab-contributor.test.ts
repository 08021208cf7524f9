import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MeshErrorObject } from '../../shared/errors.ts'
import type { MeshPeerStatus } from '../../shared/mesh/mesh-peer.ts'
import { settle, VirtualClock } from '../../shared/mesh/testing/virtual-clock.fixture.ts'
import { TOY_LAYERS, toyManifest } from '../../shared/mesh/testing/toy-model.fixture.ts'
import { TabContributor, type ContributingPeer } from './tab-contributor.ts'
import type { TabPeerOptions } from './tab-peer.ts'

const NOTHING: MeshPeerStatus = {
  stages: [],
  shortage: null,
  links: [],
  openSessions: 0,
  tokensServed: 0,
  recentStepMs: null,
}
const CRASH: MeshErrorObject = {
  name: 'MeshError',
  shortMessage: 'A worker of this tab stopped.',
  metaMessages: [],
  data: { code: 'WORKER_FAILED' },
}

class FakePeer implements ContributingPeer {
  readonly backend = 'wasm'
  readonly peerId: string
  readonly options: TabPeerOptions
  readonly duties: number[] = []
  starting: Promise<void> = Promise.resolve()
  current = NOTHING
  isStopped = false
  isAborted = false

  constructor(peerId: string, options: TabPeerOptions) {
    this.peerId = peerId
    this.options = options
  }

  start(): Promise<void> {
    return this.starting
  }

  status(): MeshPeerStatus {
    return this.current
  }

  setDuty(duty: number): void {
    this.duties.push(duty)
  }

  stop(): Promise<void> {
    this.isStopped = true
    return Promise.resolve()
  }

  abort(): void {
    this.isAborted = true
  }

  report(change: Partial<MeshPeerStatus>): void {
    this.current = { ...this.current, ...change }
    this.options.onChange(this.current)
  }
}

function createContributor(prepare: (peer: FakePeer) => void = () => {}) {
  const peers: FakePeer[] = []
  const clock = new VirtualClock()
  const shown: { visibilityState: DocumentVisibilityState } = { visibilityState: 'visible' }
  const tab = Object.assign(new EventTarget(), shown)
  const contributor = new TabContributor('http://relay', {
    clock,
    conditions: { document: tab, navigator: {} },
    createPeer(options) {
      const peer = new FakePeer(`peer-${peers.length + 1}`, options)
      prepare(peer)
      peers.push(peer)
      return peer
    },
  })
  const start = (): Promise<void> =>
    contributor.start({ power: 'balanced', pinnedLayers: null, isRelayOnly: false })
  return { contributor, peers, clock, start, tab }
}

const held = {
  stageId: 'toy:0-3',
  manifest: toyManifest,
  layers: { start: 0, end: 3 },
  weightBytes: 350,
  download: null,
  decodeStepMs: 2,
} as unknown as MeshPeerStatus['stages'][number] // a stage id of the test's own

const page = new EventTarget()
beforeEach(() => {
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('TabContributor', () => {
  it('turns the life of its peer into phases and figures', async () => {
    const { contributor, peers, start } = createContributor()
    expect(contributor.status.phase).toBe('off')
    await start()
    expect(contributor.status).toMatchObject({ phase: 'waiting', peerId: 'peer-1', backend: 'wasm' })
    const shortage = { modelName: 'toy', neededBytes: 2, budgetBytes: 1 }
    peers[0]?.report({ shortage })
    expect(contributor.status).toMatchObject({ phase: 'waiting', shortage })
    peers[0]?.report({ shortage: null })
    expect(contributor.status).toMatchObject({ phase: 'waiting', shortage: null })
    const download = { doneBytes: 1, totalBytes: 350, cachedBytes: 0 }
    peers[0]?.report({ stages: [{ ...held, state: 'downloading', download }] })
    expect(contributor.status).toMatchObject({ phase: 'downloading', download })
    peers[0]?.report({ stages: [{ ...held, state: 'preparing' }] })
    expect(contributor.status.phase).toBe('preparing')
    peers[0]?.report({ stages: [{ ...held, state: 'ready' }], tokensServed: 12, recentStepMs: 3 })
    expect(contributor.status).toMatchObject({
      phase: 'serving',
      stage: { modelName: 'toy', layers: { start: 0, end: 3 }, layerCount: TOY_LAYERS, weightBytes: 350 },
      tokensServed: 12,
      memoryBytes: 350,
      stepTimeDrift: 1.5,
    })
    await contributor.stop()
    expect(contributor.status).toMatchObject({ phase: 'off', tokensServed: 12, stage: null })
    expect(peers[0]?.isStopped).toBe(true)
  })

  it('tells listeners of bursts of changes at most ten times a second, with the latest', async () => {
    vi.useFakeTimers()
    try {
      const { contributor, peers, start } = createContributor()
      const heard: number[] = []
      const unsubscribe = contributor.subscribe(({ tokensServed }) => heard.push(tokensServed))
      await start()
      for (let tokens = 1; tokens <= 50; tokens++) peers[0]?.report({ tokensServed: tokens })
      expect(heard).toEqual([])
      await vi.advanceTimersByTimeAsync(100)
      expect(heard).toEqual([50])
      unsubscribe()
      peers[0]?.report({ tokensServed: 51 })
      await vi.advanceTimersByTimeAsync(100)
      expect(heard).toEqual([50])
    } finally {
      vi.useRealTimers()
    }
  })

  it('fails with the error of a start that fails, and can be started again', async () => {
    let attempts = 0
    const { contributor, peers, start } = createContributor((peer) => {
      if (attempts++ === 0) {
        peer.starting = Promise.reject(new Error('no relay'))
        peer.starting.catch(() => undefined)
      }
    })
    await start()
    expect(contributor.status).toMatchObject({ phase: 'failed', error: { shortMessage: 'no relay' } })
    expect(peers[0]?.isStopped).toBe(true)
    await start()
    expect(contributor.status).toMatchObject({ phase: 'waiting', error: null })
  })

  it('takes a stop in the middle of the start as the wish that it is', async () => {
    let fail = (_error: Error): void => {}
    const { contributor, start } = createContributor((peer) => {
      peer.starting = new Promise((_resolve, reject) => {
        fail = reject
      })
    })
    const starting = start()
    await contributor.stop()
    fail(new Error('stopped while starting'))
    await starting
    expect(contributor.status).toMatchObject({ phase: 'off', error: null })
  })

  it('joins again as a new peer when a worker dies, and goes on counting tokens', async () => {
    const { contributor, peers, clock, start } = createContributor()
    await start()
    contributor.setPower('full')
    peers[0]?.report({ stages: [{ ...held, state: 'ready' }], tokensServed: 5 })
    peers[0]?.options.onCrash(CRASH)
    expect(contributor.status).toMatchObject({ phase: 'connecting', stage: null, peerId: null })
    await settle()
    expect(peers[0]?.isStopped).toBe(true)
    await clock.advance(250)
    expect(peers).toHaveLength(2)
    expect(peers[1]?.options.power).toBe('full')
    peers[1]?.report({ stages: [{ ...held, state: 'ready' }], tokensServed: 2 })
    expect(contributor.status).toMatchObject({ phase: 'serving', peerId: 'peer-2', tokensServed: 7 })
    // The first one has nothing to say any more.
    peers[0]?.options.onCrash(CRASH)
    await clock.advance(10_000)
    expect(peers).toHaveLength(2)
  })

  it('shows the error at the fourth death within ten minutes', async () => {
    const { contributor, peers, clock, start } = createContributor()
    await start()
    for (let death = 1; death <= 4; death++) {
      peers.at(-1)?.options.onCrash(CRASH)
      await clock.advance(5_000)
    }
    expect(peers).toHaveLength(4)
    expect(contributor.status).toMatchObject({ phase: 'failed', error: CRASH })
    expect(peers.every(({ isStopped }) => isStopped)).toBe(true)
    await start()
    expect(contributor.status.phase).toBe('waiting')
  })

  it('does not join again when the person stops in between', async () => {
    const { contributor, peers, clock, start } = createContributor()
    await start()
    peers[0]?.options.onCrash(CRASH)
    await contributor.stop()
    await clock.advance(10_000)
    expect(peers).toHaveLength(1)
    expect(contributor.status.phase).toBe('off')
  })

  it('computes less in the background, says why, and goes back', async () => {
    const { contributor, peers, start, tab } = createContributor()
    await start()
    expect(peers[0]?.options.duty).toBe(0.5)
    tab.visibilityState = 'hidden'
    tab.dispatchEvent(new Event('visibilitychange'))
    expect(peers[0]?.duties).toEqual([0.25])
    expect(contributor.status).toMatchObject({ power: 'balanced', slowedBy: ['hidden'] })
    contributor.setPower('full')
    expect(peers[0]?.duties.at(-1)).toBe(0.5)
    tab.visibilityState = 'visible'
    tab.dispatchEvent(new Event('visibilitychange'))
    expect(peers[0]?.duties.at(-1)).toBe(1)
    expect(contributor.status.slowedBy).toEqual([])
    await contributor.stop()
    tab.visibilityState = 'hidden'
    tab.dispatchEvent(new Event('visibilitychange'))
    expect(contributor.status.slowedBy).toEqual([])
  })

  it('starts slowly where there is a reason from the beginning, and hides its address when asked to', async () => {
    const { contributor, peers, tab } = createContributor()
    tab.visibilityState = 'hidden'
    await contributor.start({ power: 'quiet', pinnedLayers: null, isRelayOnly: true })
    expect(peers[0]?.options).toMatchObject({ duty: 0.1, isRelayOnly: true })
    expect(contributor.status.slowedBy).toEqual(['hidden'])
    await contributor.stop()
  })

  it('drops its connections when the page goes away', async () => {
    const { peers, start } = createContributor()
    await start()
    page.dispatchEvent(new Event('pagehide'))
    expect(peers[0]?.isAborted).toBe(true)
  })
})
