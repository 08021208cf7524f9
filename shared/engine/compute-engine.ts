import type { LayerRange } from '../protocol/layer-range.ts'
import type { SessionId } from '../protocol/ids.ts'
import type { Encoding, ModelManifest } from '../model/manifest.ts'

/**
 * Runs stages of models on one device.
 *
 * One async interface with two implementations, `InThreadEngine` and `WorkerEngine`, that pass one shared suite
 * (`compute-engine.suite.ts`). Every large argument is transferable; every error is a MeshError (`EngineError`).
 * Calls of `forward` are served in the order in which they arrive, across all sessions.
 */
export interface ComputeEngine {
  /** Probed once, frozen. */
  capabilities(): Promise<EngineCapabilities>

  /**
   * Builds the stage's graph, uploads its weights and runs the golden self-test.
   * @throws EngineError `OUT_OF_BUDGET` (needed and available bytes in the message), `BAD_WEIGHTS` (NaN, size, missing
   * tensor), `SELF_TEST_FAILED`, `UNSUPPORTED`
   */
  loadStage(params: LoadStageParams): Promise<LoadedStage>

  /** Frees the stage and every session on it. Unknown ids are ignored. */
  unloadStage(stageId: StageId): Promise<void>

  /**
   * Reserves a KV cache for `capacityTokens`. A session of the same id that is still open starts afresh.
   * @throws EngineError `OUT_OF_BUDGET`, `UNKNOWN_STAGE`, `TOO_MANY_SESSIONS`, `CONTEXT_FULL` (more than the model's
   * context), ModelError `BAD_SAMPLING`
   */
  openSession(params: OpenSessionParams): Promise<void>

  /** Frees the session's KV cache. Unknown ids are ignored, so that closing twice is harmless. */
  closeSession(stageId: StageId, sessionId: SessionId): Promise<void>

  /**
   * Runs one step: `tokenCount` positions starting at `position`, which must continue the session's cache.
   * Takes ownership of `input`'s buffer.
   * @throws EngineError `UNKNOWN_SESSION`, `BAD_POSITION`, `BAD_SHAPE`, `NOT_FINITE`, `CONTEXT_FULL`, `DEVICE_LOST`
   */
  forward(params: ForwardParams): Promise<ForwardResult>

  /** Frees everything. The engine cannot be used afterwards. */
  dispose(): Promise<void>
}

/** `${modelId}:${start}-${end}`, see {@link stageIdOf}. */
export type StageId = string & { readonly __brand: 'StageId' }

/** Names a stage of a model. */
export function stageIdOf(modelId: string, layers: LayerRange): StageId {
  return `${modelId}:${layers.start}-${layers.end}` as StageId // the one place that makes them
}

export interface EngineCapabilities {
  readonly backend: 'webgpu' | 'wasm'
  readonly encodings: readonly Encoding[]
  /** Bytes that stages and KV caches may take together. */
  readonly memoryBudgetBytes: number
  readonly maxSessionsPerStage: number
}

export interface LoadStageParams {
  readonly manifest: ModelManifest
  readonly layers: LayerRange
  /**
   * Verified weight files by path, exactly those that `stageFiles` lists, each with a buffer of its own. Ownership of
   * the buffers passes to the engine: a `WorkerEngine` transfers them.
   */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>
}

export interface LoadedStage {
  readonly stageId: StageId
  readonly weightBytes: number
  readonly loadMs: number
  /** Median time of one decode step, measured on this device after warm-up. */
  readonly decodeStepMs: number
}

/** Sampling, complete and replayable: the same parameters, seed and position give the same token. */
export interface SamplingParams {
  /** 0 is greedy. */
  readonly temperature: number
  /** 0 is off. */
  readonly topK: number
  /** 1 is off. */
  readonly topP: number
  /** 0 is off. */
  readonly minP: number
  /** 1 is off. */
  readonly repetitionPenalty: number
  /** Unsigned 32-bit. */
  readonly seed: number
}

export interface OpenSessionParams {
  readonly stageId: StageId
  readonly sessionId: SessionId
  /** Prompt plus new tokens; the KV cache never grows beyond it. */
  readonly capacityTokens: number
  /** Last stage only. `historyTokenIds` (the prompt) feeds the repetition penalty. */
  readonly sampling?:
    { readonly params: SamplingParams; readonly historyTokenIds: readonly number[] } | undefined
}

/** The first stage takes token ids, the others hidden states `[tokenCount, hiddenSize]`, row-major float32. */
export type StageInput =
  | { readonly kind: 'tokens'; readonly tokenIds: Int32Array<ArrayBuffer> }
  | { readonly kind: 'hidden'; readonly tokenCount: number; readonly hidden: Float32Array<ArrayBuffer> }

export interface ForwardParams {
  readonly stageId: StageId
  readonly sessionId: SessionId
  readonly position: number
  readonly input: StageInput
  /** Last stage: `token` samples from the last position; `none` only fills the cache (an inner prefill chunk). */
  readonly want: 'hidden' | 'token' | 'none' | 'logits'
}

export type ForwardResult = { readonly computeMs: number } & (
  | { readonly kind: 'hidden'; readonly hidden: Float32Array<ArrayBuffer> }
  | { readonly kind: 'token'; readonly tokenId: number }
  /** `[vocabSize]`, the last position. */
  | { readonly kind: 'logits'; readonly logits: Float32Array<ArrayBuffer> }
  | { readonly kind: 'none' }
)

/**
 * Prompt positions per prefill step, everywhere. The same cut into steps gives the same bits on WASM, so parity between one
 * process and a pipeline, replay after a failure and re-execution by a verifier all cut by this constant, and decode one
 * position at a time. At most 16 also dodges ONNX Runtime's small-subgroup attention fault (see docs/engine.md).
 */
export const PREFILL_CHUNK_TOKENS = 16
