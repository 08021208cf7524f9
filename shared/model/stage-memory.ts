import type { LayerRange } from '../protocol/layer-range.ts'
import { stageSizeBytes, type LlamaConfig, type ModelManifest } from './manifest.ts'

/**
 * Positions that a session may have at most, whatever the model's context: the rotary tables of 8,192 positions take
 * 4 MiB at head size 128, and nothing of today's mesh carries longer sequences.
 */
const MAX_POSITIONS = 8192

/**
 * Sessions of full length that planning leaves room for on each stage. One is the least with which a stage is of use: no
 * request that the model allows is refused by an idle peer. With the second both stages of the shallowest pipeline have
 * work at the same time, and an answer can begin before the caches of the last one are freed. More would thin the stages:
 * a session of 8,192 positions takes nearly as much as the 4-bit weights of its layers (Llama 3.2 1B: 32 and 36 MiB a
 * layer). Sessions that ask for less than the full length find room for more of them.
 */
export const PLANNED_SESSIONS = 2

/** The most positions, prompt and answer together, that a session of the model may have. */
export function maxSessionTokens(config: LlamaConfig): number {
  return Math.min(config.contextLength, MAX_POSITIONS)
}

/** Keys and values of one position over the layers of a stage, float32. */
export function kvBytesPerToken(config: LlamaConfig, layers: LayerRange): number {
  return (layers.end - layers.start) * 2 * config.kvHeadCount * config.headSize * 4
}

/** Bytes of the caches that planning leaves room for: those of {@link PLANNED_SESSIONS} sessions of full length. */
export function plannedCacheBytes(config: LlamaConfig, layers: LayerRange): number {
  return PLANNED_SESSIONS * maxSessionTokens(config) * kvBytesPerToken(config, layers)
}

/** Bytes of a memory budget that a stage needs to be of use: its weights and the planned caches. */
export function stageMemoryBytes(manifest: ModelManifest, layers: LayerRange): number {
  return stageSizeBytes(manifest, layers) + plannedCacheBytes(manifest.config, layers)
}
