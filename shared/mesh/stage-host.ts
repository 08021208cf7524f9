import { stageIdOf, type ComputeEngine, type LoadedStage, type StageId } from '../engine/compute-engine.ts'
import { errorCode, toErrorObject, type MeshErrorObject } from '../errors.ts'
import { stageSizeBytes, type ModelManifest } from '../model/manifest.ts'
import { stageMemoryBytes } from '../model/stage-memory.ts'
import type { ModelId } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import type { StageOffer, StageOfferReply } from '../protocol/stage-offer/stage-offer.ts'
import type { Logger } from './ports.ts'

/** Where a peer gets a model from: a relay over HTTP, its own disk, other peers. Everything returned is verified. */
export interface ModelSource {
  manifest(modelId: ModelId, signal: AbortSignal): Promise<ModelManifest>
  stageFiles(
    manifest: ModelManifest,
    layers: LayerRange,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>>
}

/** Bytes; `cachedBytes` of the total were already on this device. */
export interface DownloadProgress {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly cachedBytes: number
}

/** A stage that this peer holds or is about to hold. */
export interface HeldStage {
  readonly stageId: StageId
  readonly manifest: ModelManifest
  readonly layers: LayerRange
  readonly state: 'downloading' | 'preparing' | 'ready' | 'draining'
  readonly weightBytes: number
  readonly download: DownloadProgress | null
  readonly decodeStepMs: number | null
}

/** Why a relay gives this peer nothing to hold. */
export interface MemoryShortage {
  readonly modelName: string
  /** What the smallest stage of the model takes, with room for sessions. */
  readonly neededBytes: number
  /** What this peer lends; less than that. */
  readonly budgetBytes: number
}

export interface StageHostEvents {
  /** Anything in `stages()` changed, or `shortage` did. */
  onChange(): void
  /** A stage could not be loaded. */
  onFailed(error: MeshErrorObject): void
  /** Before a stage is unloaded: end its sessions. */
  onUnloading(stageId: StageId): Promise<void>
}

interface Load {
  readonly stageId: StageId
  readonly abort: AbortController
}

/** Sessions of a replaced stage get this long to finish before it is unloaded. */
const DRAIN_MS = 30_000

/**
 * Loads and unloads the stages that relays ask for, within the owner's budget. One stage per model: a new range is
 * loaded beside the old one where memory allows, so that answers go on while a peer moves.
 */
export class StageHost {
  readonly #engine: ComputeEngine
  readonly #source: ModelSource
  readonly #events: StageHostEvents
  readonly #logger: Logger
  readonly #memoryBudgetBytes: number
  readonly #stages = new Map<StageId, HeldStage>()
  readonly #loading = new Map<ModelId, Load>()
  /** Counts the offers of each model, so that the answer to an overtaken one starts nothing. */
  readonly #offers = new Map<ModelId, number>()
  readonly #stopped = new AbortController()
  /** Every load that has begun, the superseded ones too: a stage is loaded into the engine after they are out of it. */
  readonly #loads = new Map<Promise<void>, Load & { readonly modelId: ModelId }>()
  readonly #drainTimers = new Map<StageId, ReturnType<typeof setTimeout>>()
  #isPaused = false
  #shortage: MemoryShortage | null = null

  constructor(options: {
    engine: ComputeEngine
    source: ModelSource
    events: StageHostEvents
    logger: Logger
    memoryBudgetBytes: number
  }) {
    this.#engine = options.engine
    this.#source = options.source
    this.#events = options.events
    this.#logger = options.logger
    this.#memoryBudgetBytes = options.memoryBudgetBytes
  }

  stages(): readonly HeldStage[] {
    return [...this.#stages.values()]
  }

  /** Null unless a relay said that the budget is too small for any stage. */
  get shortage(): MemoryShortage | null {
    return this.#shortage
  }

  readyStage(modelId: ModelId, layers: LayerRange): HeldStage | null {
    const stage = this.#stages.get(stageIdOf(modelId, layers))
    return stage?.state === 'ready' ? stage : null
  }

  /** Refuses every offer from now on. */
  pause(): void {
    this.#isPaused = true
  }

  /** Answers an offer; loading goes on after the answer. */
  async offer(offer: StageOffer): Promise<StageOfferReply> {
    if (this.#isPaused) return { status: 'refused-paused' }
    const order = (this.#offers.get(offer.modelId) ?? 0) + 1
    this.#offers.set(offer.modelId, order)
    this.#noteShortage(offer)
    if (offer.layers === null) {
      await this.#dropModel(offer.modelId, null)
      return { status: 'accepted' }
    }
    const stageId = stageIdOf(offer.modelId, offer.layers)
    const held = this.#stages.get(stageId)
    if (held !== undefined) {
      // The relay has changed its mind back: another range that is under way would replace this one.
      if (this.#loading.get(offer.modelId)?.stageId !== stageId) this.#cancelLoad(offer.modelId)
      if (held.state === 'draining') this.#keep(stageId)
      return { status: 'accepted' }
    }
    let manifest: ModelManifest
    try {
      manifest = await this.#source.manifest(offer.modelId, this.#stopped.signal)
    } catch (error) {
      if (this.#stopped.signal.aborted) return { status: 'refused-paused' }
      this.#events.onFailed(toErrorObject(error))
      return { status: 'refused-unknown-model' }
    }
    if (offer.layers.end > manifest.config.layerCount) return { status: 'refused-unknown-model' }
    const { encodings } = await this.#engine.capabilities()
    if (!encodings.includes(manifest.encoding)) return { status: 'refused-encoding' }
    if (stageMemoryBytes(manifest, offer.layers) > this.#memoryBudgetBytes)
      return { status: 'refused-budget' }
    if (this.#isPaused) return { status: 'refused-paused' }
    if (this.#offers.get(offer.modelId) !== order) return { status: 'accepted' }
    // Only now: an offer that is refused leaves a load that was accepted alone.
    this.#cancelLoad(offer.modelId)
    this.#beginLoad(manifest, offer.layers)
    return { status: 'accepted' }
  }

  #noteShortage({ modelName, leastMemoryBytes }: StageOffer): void {
    const before = this.#shortage
    this.#shortage =
      leastMemoryBytes === null
        ? null
        : { modelName, neededBytes: leastMemoryBytes, budgetBytes: this.#memoryBudgetBytes }
    if (before !== null || this.#shortage !== null) this.#events.onChange()
  }

  /**
   * Loads everything again that was wanted, for an engine that lost all it held. Until then none of it counts as
   * ready. The sessions are the caller's to end.
   */
  reload(): void {
    if (this.#isPaused) return
    const wanted = new Map<ModelId, HeldStage>()
    for (const stage of this.stages()) {
      const isWish = this.#loading.get(stage.manifest.id)?.stageId === stage.stageId
      // What drains is gone already; of a model that moves, the new range is the wish.
      if (isWish || (stage.state === 'ready' && !this.#loading.has(stage.manifest.id)))
        wanted.set(stage.manifest.id, stage)
    }
    for (const modelId of [...this.#loading.keys()]) this.#cancelLoad(modelId)
    for (const timer of this.#drainTimers.values()) clearTimeout(timer)
    this.#drainTimers.clear()
    this.#stages.clear()
    this.#events.onChange()
    for (const { manifest, layers } of wanted.values()) this.#beginLoad(manifest, layers)
  }

  #beginLoad(manifest: ModelManifest, layers: LayerRange): void {
    const load = { stageId: stageIdOf(manifest.id, layers), abort: new AbortController() }
    this.#loading.set(manifest.id, load)
    const earlier = [...this.#loads].flatMap(([done, { modelId }]) => (modelId === manifest.id ? [done] : []))
    const loaded = this.#load(manifest, layers, load, earlier).finally(() => this.#loads.delete(loaded))
    this.#loads.set(loaded, { ...load, modelId: manifest.id })
  }

  /** Unloads everything and stops loading; settles when the engine holds nothing of this host any more. */
  async stop(): Promise<void> {
    this.#isPaused = true
    this.#stopped.abort(new Error('the stage host stopped'))
    for (const modelId of [...this.#loading.keys()]) this.#cancelLoad(modelId)
    const unloads = await Promise.allSettled([...this.#stages.keys()].map((stageId) => this.#unload(stageId)))
    await Promise.all(this.#loads.keys())
    for (const unload of unloads) if (unload.status === 'rejected') throw unload.reason
  }

  /** Stops the load under way and takes its stage off the list, so that the same range can be loaded anew at once. */
  #cancelLoad(modelId: ModelId): void {
    const load = this.#loading.get(modelId)
    if (load === undefined) return
    this.#loading.delete(modelId)
    load.abort.abort(new Error('another offer took the place of this one'))
    if (this.#stages.delete(load.stageId)) this.#events.onChange()
  }

  async #load(
    manifest: ModelManifest,
    layers: LayerRange,
    load: Load,
    earlier: readonly Promise<void>[],
  ): Promise<void> {
    const { stageId, abort } = load
    const weightBytes = stageSizeBytes(manifest, layers)
    const base = { stageId, manifest, layers, weightBytes, decodeStepMs: null }
    this.#set({
      ...base,
      state: 'downloading',
      download: { doneBytes: 0, totalBytes: weightBytes, cachedBytes: 0 },
    })
    try {
      const fetchFiles = async (): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> => {
        const onProgress = (download: DownloadProgress): void => {
          if (!abort.signal.aborted) this.#set({ ...base, state: 'downloading', download })
        }
        const files = await this.#source.stageFiles(manifest, layers, onProgress, abort.signal)
        await Promise.all(earlier)
        abort.signal.throwIfAborted()
        this.#set({ ...base, state: 'preparing', download: null })
        return files
      }
      const loaded = await this.#loadIntoEngine(manifest, layers, fetchFiles, load)
      if (abort.signal.aborted) {
        await this.#engine.unloadStage(stageId)
        abort.signal.throwIfAborted()
      }
      this.#set({
        ...base,
        state: 'ready',
        download: null,
        weightBytes: loaded.weightBytes,
        decodeStepMs: loaded.decodeStepMs,
      })
      this.#drainOthers(manifest.id, stageId)
    } catch (error) {
      // A superseded load is off the list already; what stands under its id belongs to a later one.
      if (abort.signal.aborted) {
        this.#logger.debug('a superseded load ended', { stageId, error: String(error) })
        return
      }
      this.#stages.delete(stageId)
      this.#events.onChange()
      this.#logger.warn('a stage could not be loaded', { stageId, code: errorCode(error) })
      this.#events.onFailed(toErrorObject(error))
    } finally {
      if (this.#loading.get(manifest.id) === load) this.#loading.delete(manifest.id)
    }
  }

  /**
   * Loads beside what is there. Where memory does not allow that, what is on its way out goes first: stages that drain,
   * those that other loads replace, and at last the old stage of the model.
   */
  async #loadIntoEngine(
    manifest: ModelManifest,
    layers: LayerRange,
    fetchFiles: () => Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>>,
    load: Load,
  ): Promise<LoadedStage> {
    const { signal } = load.abort
    const makeRoom = [
      () => this.#dropDraining(),
      async () => {
        await Promise.all(this.#loadsBefore(load))
        return this.#dropDraining()
      },
      () => this.#dropModel(manifest.id, stageIdOf(manifest.id, layers)),
    ]
    for (;;) {
      // Each time anew: an engine in a worker has taken the buffers, also of a load that it refused.
      const files = await fetchFiles()
      try {
        return await this.#engine.loadStage({ manifest, layers, files })
      } catch (error) {
        if (errorCode(error) !== 'OUT_OF_BUDGET') throw error
        let hasRoom = false
        while (!hasRoom) {
          // A load that nobody wants any more makes no room for itself.
          signal.throwIfAborted()
          const next = makeRoom.shift()
          if (next === undefined) throw error
          hasRoom = await next()
        }
      }
    }
  }

  /** Those that began earlier, of whatever model: waiting for these alone, two loads cannot wait for each other. */
  #loadsBefore(load: Load): readonly Promise<void>[] {
    const all = [...this.#loads]
    const own = all.findIndex(([, { abort }]) => abort === load.abort)
    return all.slice(0, own).map(([done]) => done)
  }

  async #dropDraining(): Promise<boolean> {
    const draining = this.stages().filter(({ state }) => state === 'draining')
    for (const { stageId } of draining) await this.#unload(stageId)
    return draining.length > 0
  }

  #drainOthers(modelId: ModelId, except: StageId): void {
    for (const stage of this.stages()) {
      // A stage that drains already keeps its timer: a second one would outlive a change of mind.
      if (stage.manifest.id !== modelId || stage.stageId === except || stage.state === 'draining') continue
      this.#set({ ...stage, state: 'draining' })
      const unload = (): void => {
        this.#unload(stage.stageId).catch((error: unknown) => {
          this.#logger.warn('a stage could not be unloaded', {
            stageId: stage.stageId,
            code: errorCode(error),
          })
          this.#events.onFailed(toErrorObject(error))
        })
      }
      this.#drainTimers.set(stage.stageId, setTimeout(unload, DRAIN_MS))
    }
  }

  #keep(stageId: StageId): void {
    clearTimeout(this.#drainTimers.get(stageId))
    this.#drainTimers.delete(stageId)
    const stage = this.#stages.get(stageId)
    if (stage === undefined) return
    this.#set({ ...stage, state: 'ready' })
    this.#drainOthers(stage.manifest.id, stageId)
  }

  /** True if there was anything to drop. */
  async #dropModel(modelId: ModelId, except: StageId | null): Promise<boolean> {
    if (except === null) this.#cancelLoad(modelId)
    const others = this.stages().filter((stage) => stage.manifest.id === modelId && stage.stageId !== except)
    for (const { stageId } of others) await this.#unload(stageId)
    return others.length > 0
  }

  async #unload(stageId: StageId): Promise<void> {
    clearTimeout(this.#drainTimers.get(stageId))
    this.#drainTimers.delete(stageId)
    if (!this.#stages.delete(stageId)) return
    this.#events.onChange()
    await this.#events.onUnloading(stageId)
    await this.#engine.unloadStage(stageId)
  }

  #set(stage: HeldStage): void {
    this.#stages.set(stage.stageId, stage)
    this.#events.onChange()
  }
}
