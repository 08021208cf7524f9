import { stageIdOf, type ComputeEngine, type LoadedStage, type StageId } from '../engine/compute-engine.ts'
import { errorCode, toErrorObject, type MeshErrorObject } from '../errors.ts'
import { stageSizeBytes, type ModelManifest } from '../model/manifest.ts'
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

export interface StageHostEvents {
  /** Anything in `stages()` changed. */
  onChange(): void
  /** A stage could not be loaded. */
  onFailed(error: MeshErrorObject): void
  /** Before a stage is unloaded: end its sessions. */
  onUnloading(stageId: StageId): Promise<void>
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
  readonly #loading = new Map<ModelId, AbortController>()
  readonly #drainTimers = new Map<StageId, ReturnType<typeof setTimeout>>()
  #isPaused = false

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
    if (offer.layers === null) {
      await this.#dropModel(offer.modelId, null)
      return { status: 'accepted' }
    }
    const stageId = stageIdOf(offer.modelId, offer.layers)
    const held = this.#stages.get(stageId)
    if (held !== undefined && held.state !== 'draining') return { status: 'accepted' }
    if (held !== undefined) {
      this.#keep(stageId)
      return { status: 'accepted' }
    }
    const abort = new AbortController()
    this.#loading.get(offer.modelId)?.abort()
    this.#loading.set(offer.modelId, abort)
    let manifest: ModelManifest
    try {
      manifest = await this.#source.manifest(offer.modelId, abort.signal)
    } catch (error) {
      this.#events.onFailed(toErrorObject(error))
      return { status: 'refused-unknown-model' }
    }
    if (offer.layers.end > manifest.config.layerCount) return { status: 'refused-unknown-model' }
    const { encodings } = await this.#engine.capabilities()
    if (!encodings.includes(manifest.encoding)) return { status: 'refused-encoding' }
    if (stageSizeBytes(manifest, offer.layers) > this.#memoryBudgetBytes) return { status: 'refused-budget' }
    void this.#load(manifest, offer.layers, abort)
    return { status: 'accepted' }
  }

  /** Unloads everything and stops loading. */
  async stop(): Promise<void> {
    this.#isPaused = true
    for (const abort of this.#loading.values()) abort.abort()
    for (const timer of this.#drainTimers.values()) clearTimeout(timer)
    await Promise.all([...this.#stages.keys()].map((stageId) => this.#unload(stageId)))
  }

  async #load(manifest: ModelManifest, layers: LayerRange, abort: AbortController): Promise<void> {
    const stageId = stageIdOf(manifest.id, layers)
    const weightBytes = stageSizeBytes(manifest, layers)
    const base = { stageId, manifest, layers, weightBytes, decodeStepMs: null }
    this.#set({
      ...base,
      state: 'downloading',
      download: { doneBytes: 0, totalBytes: weightBytes, cachedBytes: 0 },
    })
    try {
      const files = await this.#source.stageFiles(
        manifest,
        layers,
        (download) => this.#set({ ...base, state: 'downloading', download }),
        abort.signal,
      )
      abort.signal.throwIfAborted()
      this.#set({ ...base, state: 'preparing', download: null })
      const loaded = await this.#loadIntoEngine(manifest, layers, files)
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
      this.#stages.delete(stageId)
      this.#events.onChange()
      if (!abort.signal.aborted) {
        this.#logger.warn('a stage could not be loaded', { stageId, code: errorCode(error) })
        this.#events.onFailed(toErrorObject(error))
      }
    } finally {
      if (this.#loading.get(manifest.id) === abort) this.#loading.delete(manifest.id)
    }
  }

  /** Loads beside the old stage; where memory does not allow both, the old one goes first. */
  async #loadIntoEngine(
    manifest: ModelManifest,
    layers: LayerRange,
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  ): Promise<LoadedStage> {
    try {
      return await this.#engine.loadStage({ manifest, layers, files })
    } catch (error) {
      const hasOld = this.stages().some(
        (stage) => stage.manifest.id === manifest.id && stage.state !== 'preparing',
      )
      if (errorCode(error) !== 'OUT_OF_BUDGET' || !hasOld) throw error
      await this.#dropModel(manifest.id, stageIdOf(manifest.id, layers))
      return this.#engine.loadStage({ manifest, layers, files })
    }
  }

  #drainOthers(modelId: ModelId, except: StageId): void {
    for (const stage of this.stages()) {
      if (stage.manifest.id !== modelId || stage.stageId === except) continue
      this.#set({ ...stage, state: 'draining' })
      this.#drainTimers.set(
        stage.stageId,
        setTimeout(() => void this.#unload(stage.stageId), DRAIN_MS),
      )
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

  async #dropModel(modelId: ModelId, except: StageId | null): Promise<void> {
    if (except === null) this.#loading.get(modelId)?.abort()
    for (const stage of this.stages())
      if (stage.manifest.id === modelId && stage.stageId !== except) await this.#unload(stage.stageId)
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
