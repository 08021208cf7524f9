import chacha20 from '../generate/chacha20.wgsl?raw'
import { STREAM_DOMAIN, streamUniforms } from '../generate/generate.ts'
import { checkLimit, checkMultiple } from '../kernel-error.ts'
import type { KernelSpec } from '../kernel-spec.ts'
import source from './score.wgsl?raw'

const NAME = 'score'
/** Words of the permutation that the shader has room for. */
const WIDEST = 512

export interface ScoreShape {
  /** The input key, 32 bytes. */
  readonly key: Uint8Array
  /** A power of two from 64 to 512. */
  readonly width: number
  /** Nonces of the batch, of which the first `count` may be hits. */
  readonly batch: number
  readonly count: number
  readonly hitNumerator: number
}

/**
 * Scores outputs and collects hits, bitwise exact (docs/race.md, section 7). Buffers: nonces `[batch]` u32, outputs
 * `[width / 16, batch]` in panels of 16 int8, target `[width]` int8, scores `[batch]` of (dot, |output|^2) int32, hits
 * `[1 + batch]` u32: their number, zero at first, then their places in the batch in no order.
 */
export const score: KernelSpec<ScoreShape> = {
  name: NAME,
  sources: [chacha20, source],
  check({ width, batch, count }, limits) {
    checkMultiple(NAME, 'width', width, 64)
    checkLimit(NAME, 'values of an output', width, WIDEST)
    checkMultiple(NAME, 'batch', batch, 1)
    checkLimit(NAME, 'nonces of the batch', count, batch)
    checkLimit(NAME, 'workgroups in a row', batch, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ key, width, batch, count, hitNumerator }) =>
    Uint32Array.of(...streamUniforms(key, STREAM_DOMAIN.permutation), width, batch, count, hitNumerator),
  dispatch: ({ batch }) => [batch, 1, 1],
}
