import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LoadedStage, LoadStageParams, StageId } from '../engine/compute-engine.ts'
import { stageIdOf } from '../engine/compute-engine.ts'
import { EngineError } from '../engine/engine-error.ts'
import type { MeshErrorObject } from '../errors.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { stageMemoryBytes } from '../model/stage-memory.ts'
import { parseModelId, type ModelId } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { silentLogger } from './ports.ts'
import { StageHost } from './stage-host.ts'
import { LoadableToyEngine, TOY_LAYERS, TOY_MODEL, toyManifest } from './testing/toy-model.fixture.ts'

const A: LayerRange = { start: 0, end: 3 }
const B: LayerRange = { start: 3, end: 6 }
const C: LayerRange = { start: 0, end: 1 }

/** An engine that keeps the list of what is loaded, and whose loads can be held up or refused. */
class ListingEngine extends LoadableToyEngine {
  readonly loaded = new Set<StageId>()
  readonly gates: Promise<void>[] = []
  readonly errors: Error[] = []

  constructor() {
    super({ start: 0, end: TOY_LAYERS }, 0)
  }

  override async loadStage(params?: LoadStageParams): Promise<LoadedStage> {
    await this.gates.shift()
    const error = this.errors.shift()
    if (error !== undefined) throw error
    const stage = await super.loadStage(params)
    this.loaded.add(stage.stageId)
    return stage
  }

  override unloadStage(stageId?: StageId): Promise<void> {
    if (stageId !== undefined) this.loaded.delete(stageId)
    return Promise.resolve()
  }
}

interface Download {
  readonly layers: LayerRange
  readonly signal: AbortSignal
  readonly progress: (doneBytes: number) => void
  readonly finish: (error?: Error) => void
}

function createHost(
  options: {
    holdDownloads?: boolean
    manifest?: (modelId: ModelId) => Promise<ModelManifest>
    memoryBudgetBytes?: number
  } = {},
) {
  const engine = new ListingEngine()
  const downloads: Download[] = []
  const failures: MeshErrorObject[] = []
  const unloading: StageId[] = []
  const host = new StageHost({
    engine,
    source: {
      manifest: options.manifest ?? (() => Promise.resolve(toyManifest)),
      stageFiles: (_manifest, layers, onProgress, signal) =>
        new Promise((resolve, reject) => {
          const finish = (error?: Error): void => (error === undefined ? resolve(new Map()) : reject(error))
          const progress = (doneBytes: number): void =>
            onProgress({ doneBytes, totalBytes: 300, cachedBytes: 0 })
          downloads.push({ layers, signal, progress, finish })
          if (options.holdDownloads !== true) finish()
        }),
    },
    logger: silentLogger,
    // Either half of the model fits, the whole does not.
    memoryBudgetBytes: options.memoryBudgetBytes ?? stageMemoryBytes(toyManifest, B),
    events: {
      onChange() {},
      onFailed: (error) => failures.push(error),
      onUnloading: (stageId) => {
        unloading.push(stageId)
        return Promise.resolve()
      },
    },
  })
  const offer = (layers: LayerRange | null, leastMemoryBytes: number | null = null) =>
    host.offer({ modelId: TOY_MODEL, modelName: 'toy', layers, leastMemoryBytes })
  const states = (): Record<string, string> =>
    Object.fromEntries(host.stages().map(({ layers, state }) => [`${layers.start}-${layers.end}`, state]))
  return { host, engine, downloads, failures, unloading, offer, states }
}

async function settled(): Promise<void> {
  for (let round = 0; round < 50; round++) await Promise.resolve()
}

const outOfBudget = (): EngineError =>
  new EngineError('no room', { data: { code: 'OUT_OF_BUDGET', neededBytes: 2, availableBytes: 1 } })

afterEach(() => {
  vi.useRealTimers()
})

describe('StageHost', () => {
  it('loads what it is offered, and accepts the same offer again without loading twice', async () => {
    const { host, engine, downloads, offer, states } = createHost({ holdDownloads: true })
    expect(await offer(A)).toEqual({ status: 'accepted' })
    expect(await offer(A)).toEqual({ status: 'accepted' })
    downloads[0]?.progress(120)
    expect(host.stages()).toMatchObject([{ state: 'downloading', download: { doneBytes: 120 } }])
    downloads[0]?.finish()
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    expect(host.readyStage(TOY_MODEL, A)).toMatchObject({ layers: A, decodeStepMs: 1 })
    expect(host.readyStage(TOY_MODEL, B)).toBeNull()
    expect(downloads).toHaveLength(1)
    expect([...engine.loaded]).toEqual([stageIdOf(TOY_MODEL, A)])
    await host.stop()
  })

  it.each([
    ['more layers than the model has', { start: 0, end: 7 }, undefined, 'refused-unknown-model'],
    ['more than the budget', { start: 0, end: 6 }, undefined, 'refused-budget'],
    [
      'another encoding',
      A,
      () => Promise.resolve({ ...toyManifest, encoding: 'q4' as const }),
      'refused-encoding',
    ],
    ['an unknown model', A, () => Promise.reject(new Error('no such model')), 'refused-unknown-model'],
  ] as const)('refuses %s and keeps nothing', async (_, layers, manifest, status) => {
    const { host, offer } = createHost(manifest === undefined ? {} : { manifest })
    expect(await offer(layers)).toEqual({ status })
    expect(host.stages()).toEqual([])
  })

  it.each([
    [0, 'accepted'],
    [-1, 'refused-budget'],
  ])('counts the caches of sessions: with %i bytes to spare an offer is %s', async (spareBytes, status) => {
    const { host, offer } = createHost({ memoryBudgetBytes: stageMemoryBytes(toyManifest, A) + spareBytes })
    expect(await offer(A)).toEqual({ status })
    await host.stop()
  })

  it('says that its budget is too small for any layer once a relay has said so, and no more when it gets some', async () => {
    const { host, offer } = createHost({ memoryBudgetBytes: stageMemoryBytes(toyManifest, A) })
    await offer(null)
    expect(host.shortage).toBeNull()
    expect(await offer(null, 500_000)).toEqual({ status: 'accepted' })
    expect(host.shortage).toEqual({
      modelName: 'toy',
      neededBytes: 500_000,
      budgetBytes: stageMemoryBytes(toyManifest, A),
    })
    await offer(A)
    expect(host.shortage).toBeNull()
    await host.stop()
  })

  it('refuses everything once paused', async () => {
    const { host, offer } = createHost()
    host.pause()
    expect(await offer(A)).toEqual({ status: 'refused-paused' })
  })

  it('goes on with the load under way when a later offer is refused', async () => {
    const { host, downloads, offer, states } = createHost({ holdDownloads: true })
    await offer(A)
    expect(await offer({ start: 0, end: 6 })).toEqual({ status: 'refused-budget' })
    downloads[0]?.finish()
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    await host.stop()
  })

  it('keeps the old range until the new one is ready, then drains and unloads it', async () => {
    vi.useFakeTimers()
    const { host, engine, downloads, unloading, offer, states } = createHost({ holdDownloads: true })
    await offer(A)
    downloads[0]?.finish()
    await settled()
    await offer(B)
    expect(states()).toEqual({ '0-3': 'ready', '3-6': 'downloading' })
    downloads[1]?.finish()
    await settled()
    expect(states()).toEqual({ '0-3': 'draining', '3-6': 'ready' })
    expect(host.readyStage(TOY_MODEL, A)).toBeNull()
    expect(engine.loaded.size).toBe(2)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(states()).toEqual({ '3-6': 'ready' })
    expect(unloading).toEqual([stageIdOf(TOY_MODEL, A)])
    expect([...engine.loaded]).toEqual([stageIdOf(TOY_MODEL, B)])
    await host.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps a range that was draining twice and is wanted again', async () => {
    vi.useFakeTimers()
    const { host, offer, states } = createHost()
    await offer(A)
    await settled()
    await offer(B)
    await settled()
    await vi.advanceTimersByTimeAsync(1_000)
    await offer(C)
    await settled()
    expect(states()).toEqual({ '0-3': 'draining', '3-6': 'draining', '0-1': 'ready' })
    await offer(A)
    await settled()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(states()).toEqual({ '0-3': 'ready' })
    await host.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('drops the load under way when the relay goes back to the range that is ready', async () => {
    const { host, downloads, failures, offer, states } = createHost({ holdDownloads: true })
    await offer(A)
    downloads[0]?.finish()
    await settled()
    await offer(B)
    await offer(A)
    expect(downloads[1]?.signal.aborted).toBe(true)
    downloads[1]?.finish()
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    expect(failures).toEqual([])
    await host.stop()
  })

  it('loads a range anew that was superseded and is wanted again at once', async () => {
    const { host, engine, downloads, failures, offer, states } = createHost({ holdDownloads: true })
    await offer(A)
    await offer(B)
    await offer(A)
    expect(downloads.map(({ layers, signal }) => [layers.start, signal.aborted])).toEqual([
      [0, true],
      [3, true],
      [0, false],
    ])
    downloads[0]?.progress(299)
    for (const { signal, finish } of downloads) finish(signal.aborted ? new Error('aborted') : undefined)
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    expect([...engine.loaded]).toEqual([stageIdOf(TOY_MODEL, A)])
    expect(failures).toEqual([])
    await host.stop()
  })

  it('unloads a superseded range that was already on its way into the engine', async () => {
    const { host, engine, offer, states } = createHost()
    let release = (): void => {}
    engine.gates.push(new Promise((resolve) => (release = resolve)))
    await offer(A)
    await settled()
    await offer(B)
    await offer(A)
    release()
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    expect([...engine.loaded]).toEqual([stageIdOf(TOY_MODEL, A)])
    await host.stop()
  })

  it('makes room for the new range where both do not fit', async () => {
    const { host, engine, downloads, unloading, offer, states } = createHost()
    await offer(A)
    await settled()
    engine.errors.push(outOfBudget())
    await offer(B)
    await settled()
    expect(unloading).toEqual([stageIdOf(TOY_MODEL, A)])
    expect(states()).toEqual({ '3-6': 'ready' })
    // The engine keeps the buffers of a load that it refuses: the files are brought a second time.
    expect(downloads.map(({ layers }) => layers)).toEqual([A, B, B])
    await host.stop()
  })

  it('unloads what drains before it gives a range up, and waits for the load of another model', async () => {
    const other = { ...toyManifest, id: parseModelId('cd'.repeat(32)), name: 'other' }
    const { host, engine, failures, offer, states } = createHost({
      manifest: (modelId) => Promise.resolve(modelId === other.id ? other : toyManifest),
    })
    await offer(A)
    await settled()
    let finish = (): void => {}
    engine.gates.push(new Promise((resolve) => (finish = resolve)))
    await offer(B)
    await settled()
    // The first model moves, and its old range is still in the way of the other one.
    engine.errors.push(outOfBudget(), outOfBudget())
    await host.offer({ modelId: other.id, modelName: 'other', layers: C, leastMemoryBytes: null })
    await settled()
    expect(states()).toEqual({ '0-3': 'ready', '3-6': 'preparing', '0-1': 'preparing' })
    engine.errors.length = 0
    finish()
    await settled()
    expect(states()).toEqual({ '3-6': 'ready', '0-1': 'ready' })
    expect(failures).toEqual([])
    await host.stop()
  })

  it('reports a load that failed, keeps nothing of it, and loads on the next offer', async () => {
    const { host, engine, failures, offer, states } = createHost()
    engine.errors.push(outOfBudget())
    await offer(A)
    await settled()
    expect(failures).toMatchObject([{ name: 'EngineError', data: { code: 'OUT_OF_BUDGET' } }])
    expect(states()).toEqual({})
    await offer(A)
    await settled()
    expect(states()).toEqual({ '0-3': 'ready' })
    await host.stop()
  })

  it('reports a draining stage that the device does not unload', async () => {
    vi.useFakeTimers()
    const { host, engine, failures, offer } = createHost()
    await offer(A)
    await settled()
    await offer(B)
    await settled()
    vi.spyOn(engine, 'unloadStage').mockRejectedValueOnce(
      new EngineError('the device is gone', { data: { code: 'DEVICE_LOST' } }),
    )
    await vi.advanceTimersByTimeAsync(30_000)
    expect(failures).toMatchObject([{ data: { code: 'DEVICE_LOST' } }])
    await host.stop()
  })

  it('drops the model when it is offered no layers', async () => {
    const { host, engine, offer, states } = createHost()
    await offer(A)
    await settled()
    expect(await offer(null)).toEqual({ status: 'accepted' })
    expect(states()).toEqual({})
    expect(engine.loaded.size).toBe(0)
    await host.stop()
  })

  it('has freed the engine when it has stopped, of a load under way too', async () => {
    const { host, engine, failures, offer, states } = createHost()
    let release = (): void => {}
    await offer(A)
    await settled()
    engine.gates.push(new Promise((resolve) => (release = resolve)))
    await offer(B)
    await settled()
    const stopped = host.stop()
    release()
    await stopped
    expect(engine.loaded.size).toBe(0)
    expect(states()).toEqual({})
    expect(failures).toEqual([])
  })

  it('starts nothing when it is stopped while it looks a model up', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => (release = resolve))
    const { host, downloads, offer, states } = createHost({ manifest: () => gate.then(() => toyManifest) })
    const answer = offer(A)
    await host.stop()
    release()
    expect(await answer).toEqual({ status: 'refused-paused' })
    expect(downloads).toEqual([])
    expect(states()).toEqual({})
  })

  describe('when its engine lost everything', () => {
    it('counts nothing as ready, and loads again what was there', async () => {
      const { host, engine, downloads, offer, states } = createHost({ holdDownloads: true })
      await offer(A)
      downloads[0]?.finish()
      await settled()
      expect(states()).toEqual({ '0-3': 'ready' })
      engine.loaded.clear()
      host.reload()
      expect(states()).toEqual({ '0-3': 'downloading' })
      downloads[1]?.finish()
      await settled()
      expect(states()).toEqual({ '0-3': 'ready' })
      expect([...engine.loaded]).toEqual([stageIdOf(TOY_MODEL, A)])
      await host.stop()
    })

    it('loads the range that it was moving to, not the old one, and forgets what was draining', async () => {
      vi.useFakeTimers()
      const { host, downloads, offer, states, unloading } = createHost({ holdDownloads: true })
      await offer(C)
      downloads[0]?.finish()
      await settled()
      await offer(A)
      downloads[1]?.finish()
      await settled()
      expect(states()).toEqual({ '0-1': 'draining', '0-3': 'ready' })
      await offer(B)
      host.reload()
      expect(states()).toEqual({ '3-6': 'downloading' })
      expect(downloads[2]?.signal.aborted).toBe(true)
      downloads[2]?.finish(new Error('aborted'))
      downloads[3]?.finish()
      await settled()
      expect(states()).toEqual({ '3-6': 'ready' })
      await vi.advanceTimersByTimeAsync(60_000)
      expect(unloading).toEqual([])
      await host.stop()
    })

    it('does not report the load that died with it', async () => {
      const { host, engine, failures, offer, states } = createHost()
      let die = (): void => {}
      engine.gates.push(
        new Promise((_resolve, reject) => {
          die = () => reject(new EngineError('gone', { data: { code: 'WORKER_FAILED' } }))
        }),
      )
      await offer(A)
      await settled()
      expect(states()).toEqual({ '0-3': 'preparing' })
      die()
      host.reload()
      await settled()
      expect(states()).toEqual({ '0-3': 'ready' })
      expect(failures).toEqual([])
      await host.stop()
    })

    it('loads nothing while it stops', async () => {
      const { host, offer, states } = createHost()
      await offer(A)
      await settled()
      await host.stop()
      host.reload()
      await settled()
      expect(states()).toEqual({})
    })
  })
})
