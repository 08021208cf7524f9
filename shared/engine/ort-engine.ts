import type { LayerRange } from '../protocol/layer-range.ts'
import { formatRange } from '../protocol/layer-range.ts'
import type { SessionId } from '../protocol/ids.ts'
import { stageFiles, type Encoding, type LlamaConfig, type ModelManifest } from '../model/manifest.ts'
import { checkSamplingParams, sampleToken } from '../model/sampler.ts'
import { kvBytesPerToken, maxSessionTokens } from '../model/stage-memory.ts'
import {
  stageIdOf,
  type ComputeEngine,
  type EngineCapabilities,
  type ForwardParams,
  type ForwardResult,
  type LoadedStage,
  type LoadStageParams,
  type OpenSessionParams,
  type SamplingParams,
  type StageId,
  type StageInput,
} from './compute-engine.ts'
import { EmbeddingTable } from './embedding-table.ts'
import { EngineError } from './engine-error.ts'
import type { StageCache, StageRunner, StageRunnerParams } from './stage-runner.ts'
import { testStage } from './stage-self-test.ts'
import { checkWeightFile } from './check-weight-file.ts'

/** What differs between the device backends. */
export interface EngineBackend {
  readonly kind: EngineCapabilities['backend']
  readonly encodings: EngineCapabilities['encodings']
  createRunner(params: StageRunnerParams): Promise<StageRunner>
  /**
   * Proves the device for an encoding on a tiny model with a known answer; the first call does the work.
   * @throws EngineError `SELF_TEST_FAILED`
   */
  testDevice(encoding: Encoding): Promise<void>
  /** Set once the device is gone; every later call then fails with it. */
  readonly lost: EngineError | null
  dispose(): void
}

export interface InThreadEngineInit {
  readonly backend: EngineBackend
  readonly memoryBudgetBytes: number
  readonly maxSessionsPerStage?: number | undefined
}

// Each open session holds a cache, and steps of all of them share one queue: beyond this, waiting is the answer.
const MAX_SESSIONS_PER_STAGE = 16

/** The {@link ComputeEngine} that runs where it was made: in a compute worker of a tab, or in Node. */
export class InThreadEngine implements ComputeEngine {
  readonly #backend: EngineBackend
  readonly #capabilities: EngineCapabilities
  readonly #stages = new Map<StageId, Stage>()
  #usedBytes = 0
  #isDisposed = false
  /** The tail of the queue; never rejects. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor({
    backend,
    memoryBudgetBytes,
    maxSessionsPerStage = MAX_SESSIONS_PER_STAGE,
  }: InThreadEngineInit) {
    this.#backend = backend
    this.#capabilities = Object.freeze({
      backend: backend.kind,
      encodings: backend.encodings,
      memoryBudgetBytes,
      maxSessionsPerStage,
    })
  }

  capabilities(): Promise<EngineCapabilities> {
    return Promise.resolve(this.#capabilities)
  }

  loadStage(params: LoadStageParams): Promise<LoadedStage> {
    return this.#enqueue(() => this.#load(params))
  }

  unloadStage(stageId: StageId): Promise<void> {
    return this.#enqueue(async () => {
      const stage = this.#stages.get(stageId)
      if (stage === undefined) return
      this.#stages.delete(stageId)
      for (const session of stage.sessions.values()) this.#freeSession(session)
      this.#usedBytes -= stage.weightBytes
      await stage.runner.release()
    })
  }

  openSession(params: OpenSessionParams): Promise<void> {
    return this.#enqueue(() => {
      this.#open(params)
      return Promise.resolve()
    })
  }

  closeSession(stageId: StageId, sessionId: SessionId): Promise<void> {
    return this.#enqueue(() => {
      this.#close(stageId, sessionId)
      return Promise.resolve()
    })
  }

  forward(params: ForwardParams): Promise<ForwardResult> {
    return this.#enqueue(() => this.#forward(params))
  }

  dispose(): Promise<void> {
    const stageIds = [...this.#stages.keys()]
    const done = Promise.all(stageIds.map((stageId) => this.unloadStage(stageId)))
    this.#isDisposed = true
    return done.then(() => this.#backend.dispose())
  }

  /** Runs tasks one after another, in the order of the calls. A failed task does not hold up the next. */
  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    if (this.#isDisposed) {
      const error = new EngineError('The engine was disposed of.', { data: { code: 'WORKER_FAILED' } })
      return Promise.reject(error)
    }
    const result = this.#tail.then(async () => {
      if (this.#backend.lost !== null) throw this.#backend.lost
      try {
        return await task()
      } catch (error) {
        // A lost device surfaces as whatever ONNX Runtime tripped over; the loss is the true cause.
        throw this.#backend.lost ?? error
      }
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #load({ manifest, layers, files }: LoadStageParams): Promise<LoadedStage> {
    const startedAt = performance.now()
    checkLayers(manifest, layers)
    if (!this.#capabilities.encodings.includes(manifest.encoding)) {
      throw new EngineError(
        `This device (${this.#backend.kind}) runs ${this.#capabilities.encodings.join(', ')}; the model is ${manifest.encoding}.`,
        { data: { code: 'UNSUPPORTED' } },
      )
    }
    const stageId = stageIdOf(manifest.id, layers)
    const loaded = this.#stages.get(stageId)
    if (loaded !== undefined) return loaded.report

    const weightFiles = stageFiles(manifest, layers)
    const weightBytes = weightFiles.reduce((sum, file) => sum + file.sizeBytes, 0)
    this.#reserve(weightBytes, `Layers ${formatRange(layers)} of ${manifest.name}`)
    try {
      for (const file of weightFiles) checkWeightFile(file, files.get(file.path))
      await this.#backend.testDevice(manifest.encoding)
      const maxPositions = maxSessionTokens(manifest.config)
      const runner = await this.#backend.createRunner({ manifest, layers, files, maxPositions })
      const embeddingBytes = layers.start === 0 ? files.get('embedding.bin') : undefined
      const hasHead = layers.end === manifest.config.layerCount
      try {
        const { decodeStepMs } = await testStage({ runner, manifest, hasHead })
        const report = { stageId, weightBytes, loadMs: performance.now() - startedAt, decodeStepMs }
        this.#stages.set(stageId, {
          report,
          runner,
          config: manifest.config,
          weightBytes,
          maxPositions,
          embedding: embeddingBytes === undefined ? null : new EmbeddingTable(manifest, embeddingBytes),
          hasHead,
          kvBytesPerToken: kvBytesPerToken(manifest.config, layers),
          sessions: new Map(),
        })
        return report
      } catch (error) {
        await runner.release()
        throw error
      }
    } catch (error) {
      this.#usedBytes -= weightBytes
      throw error
    }
  }

  #open({ stageId, sessionId, capacityTokens, sampling }: OpenSessionParams): void {
    const stage = this.#stage(stageId)
    if (sampling !== undefined) checkSamplingParams(sampling.params)
    if (!Number.isSafeInteger(capacityTokens) || capacityTokens < 1 || capacityTokens > stage.maxPositions) {
      throw new EngineError(
        `A session of ${capacityTokens} tokens was asked for; this stage holds 1 to ${stage.maxPositions}.`,
        { data: { code: 'CONTEXT_FULL' } },
      )
    }
    this.#close(stageId, sessionId)
    if (stage.sessions.size >= this.#capabilities.maxSessionsPerStage) {
      throw new EngineError(`This stage serves ${stage.sessions.size} sessions already.`, {
        data: { code: 'TOO_MANY_SESSIONS' },
        metaMessages: ['Try again when one of them has ended.'],
      })
    }
    const cacheBytes = capacityTokens * stage.kvBytesPerToken
    this.#reserve(cacheBytes, `A cache for ${capacityTokens} tokens`)
    stage.sessions.set(sessionId, {
      cache: stage.runner.createCache(capacityTokens),
      cacheBytes,
      capacityTokens,
      position: 0,
      sampling: sampling === undefined ? null : sampling.params,
      history: new Set(sampling?.historyTokenIds),
    })
  }

  #close(stageId: StageId, sessionId: SessionId): void {
    const stage = this.#stages.get(stageId)
    const session = stage?.sessions.get(sessionId)
    if (stage === undefined || session === undefined) return
    stage.sessions.delete(sessionId)
    this.#freeSession(session)
  }

  #freeSession(session: Session): void {
    session.cache.free()
    this.#usedBytes -= session.cacheBytes
  }

  async #forward({ stageId, sessionId, position, input, want }: ForwardParams): Promise<ForwardResult> {
    const stage = this.#stage(stageId)
    const session = stage.sessions.get(sessionId)
    if (session === undefined) {
      throw new EngineError(`Session ${sessionId} is not open on this stage.`, {
        data: { code: 'UNKNOWN_SESSION' },
      })
    }
    if (position !== session.position) {
      throw new EngineError(
        `This step starts at position ${position}; the session is at ${session.position}.`,
        {
          data: { code: 'BAD_POSITION' },
        },
      )
    }
    if (want === 'token' && session.sampling === null) {
      throw badShape('a token is wanted and the session was opened without sampling parameters')
    }
    if ((want === 'token' || want === 'logits') && !stage.hasHead)
      throw badShape(`only the last stage has ${want}s`)
    const hidden = toHidden(stage, input)
    const tokenCount = hidden.length / stage.config.hiddenSize
    if (position + tokenCount > session.capacityTokens) {
      throw new EngineError(
        `${tokenCount} tokens at position ${position} pass the session's ${session.capacityTokens}.`,
        { data: { code: 'CONTEXT_FULL' } },
      )
    }

    const startedAt = performance.now()
    const output = await stage.runner.step(
      session.cache,
      hidden,
      position,
      want === 'token' ? 'logits' : want,
    )
    checkAllFinite(output, 'output')
    session.position += tokenCount
    if (want === 'none') return { kind: 'none', computeMs: performance.now() - startedAt }
    if (want === 'hidden') return { kind: 'hidden', hidden: output, computeMs: performance.now() - startedAt }
    if (want === 'logits') return { kind: 'logits', logits: output, computeMs: performance.now() - startedAt }
    const tokenId = sampleToken(output, session.sampling!, session.history, session.position) // checked above
    session.history.add(tokenId)
    return { kind: 'token', tokenId, computeMs: performance.now() - startedAt }
  }

  #stage(stageId: StageId): Stage {
    const stage = this.#stages.get(stageId)
    if (stage === undefined) {
      throw new EngineError(`Stage ${stageId} is not loaded.`, { data: { code: 'UNKNOWN_STAGE' } })
    }
    return stage
  }

  #reserve(neededBytes: number, what: string): void {
    const availableBytes = this.#capabilities.memoryBudgetBytes - this.#usedBytes
    if (neededBytes > availableBytes) {
      throw new EngineError(`${what} needs ${neededBytes} bytes and ${availableBytes} are left.`, {
        data: { code: 'OUT_OF_BUDGET', neededBytes, availableBytes },
        metaMessages: [`The whole budget is ${this.#capabilities.memoryBudgetBytes} bytes.`],
      })
    }
    this.#usedBytes += neededBytes
  }
}

interface Stage {
  readonly report: LoadedStage
  readonly runner: StageRunner
  readonly config: LlamaConfig
  readonly weightBytes: number
  readonly maxPositions: number
  readonly embedding: EmbeddingTable | null
  readonly hasHead: boolean
  readonly kvBytesPerToken: number
  readonly sessions: Map<SessionId, Session>
}

interface Session {
  readonly cache: StageCache
  readonly cacheBytes: number
  readonly capacityTokens: number
  position: number
  readonly sampling: SamplingParams | null
  readonly history: Set<number>
}

function toHidden(stage: Stage, input: StageInput): Float32Array<ArrayBuffer> {
  const { hiddenSize, vocabSize } = stage.config
  switch (input.kind) {
    case 'tokens': {
      if (stage.embedding === null) throw badShape('token ids were sent to a stage that is not the first')
      if (input.tokenIds.length === 0) throw badShape('there are no tokens')
      const unknown = input.tokenIds.find((tokenId) => tokenId < 0 || tokenId >= vocabSize)
      if (unknown !== undefined) throw badShape(`${unknown} is no token of a vocabulary of ${vocabSize}`)
      return stage.embedding.lookUp(input.tokenIds)
    }
    case 'hidden': {
      if (stage.embedding !== null)
        throw badShape('hidden states were sent to the first stage, which takes tokens')
      if (input.tokenCount < 1 || input.hidden.length !== input.tokenCount * hiddenSize) {
        throw badShape(
          `${input.hidden.length} numbers are no hidden states of ${input.tokenCount} positions x ${hiddenSize}`,
        )
      }
      checkAllFinite(input.hidden, 'input')
      return input.hidden
    }
  }
}

function checkLayers(manifest: ModelManifest, { start, end }: LayerRange): void {
  const { layerCount } = manifest.config
  if (
    !Number.isSafeInteger(start) ||
    !Number.isSafeInteger(end) ||
    start < 0 ||
    start >= end ||
    end > layerCount
  ) {
    throw badShape(`${start}-${end} is no range of ${layerCount} layers`)
  }
}

function checkAllFinite(values: Float32Array, what: 'input' | 'output'): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new EngineError(`The ${what} of this step holds ${values[i]} at element ${i}.`, {
        data: { code: 'NOT_FINITE' },
      })
    }
  }
}

function badShape(what: string): EngineError {
  return new EngineError(`This step cannot run: ${what}.`, { data: { code: 'BAD_SHAPE' } })
}
