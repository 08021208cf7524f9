import type { ModelManifest } from '../model/manifest.ts'
import type { LayerRange } from '../protocol/layer-range.ts'

export interface StageRunnerParams {
  readonly manifest: ModelManifest
  readonly layers: LayerRange
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>
  /** Longest sequence that any session may have. */
  readonly maxPositions: number
}

/**
 * Runs the graphs of one loaded stage on one backend. Knows nothing of budgets, positions or sampling: the engine
 * checks, and calls one method at a time.
 */
export interface StageRunner {
  /** Makes an empty KV cache for `capacityTokens` positions. */
  createCache(capacityTokens: number): StageCache

  /**
   * Appends `tokenCount` positions from `position` on to the cache and returns what `want` names: hidden states
   * `[tokenCount, hiddenSize]`, the logits of the last position `[vocabSize]` (last stage only), or nothing.
   */
  step(
    cache: StageCache,
    hidden: Float32Array<ArrayBuffer>,
    position: number,
    want: 'hidden' | 'logits' | 'none',
  ): Promise<Float32Array<ArrayBuffer>>

  release(): Promise<void>
}

/** A KV cache, opaque to all but the runner that made it. */
export interface StageCache {
  free(): void
}
