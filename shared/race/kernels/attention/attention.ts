import { checkLimit, checkMultiple } from '../kernel-error.ts'
import { DOT4, type KernelSpec } from '../kernel-spec.ts'
import packing from '../packing.wgsl?raw'
import softmaxWeight from '../softmax/softmax-weight.wgsl?raw'
import source from './attention.wgsl?raw'

const NAME = 'attention'
const WORKGROUP_ROWS = 32
const WORKGROUP_WORDS = 4
const LONGEST_CACHE = 2 ** 16

export interface AttentionShape {
  /** Query rows, position-major: row `position * sequences + sequence`. */
  readonly queries: number
  readonly heads: number
  /** A divisor of `heads`; by default as many. `heads` and `keyHeads` times the dimension are multiples of 16. */
  readonly keyHeads?: number | undefined
  /** A multiple of 4. */
  readonly headDimension: number
  /** Keys of a sequence that are in the cache. */
  readonly keys: number
  /** In causal order, query `i` sees the keys up to `firstPosition + i`; without it, all. */
  readonly firstPosition?: number | undefined
  readonly sequences: number
  /** Rows between the first keys of two sequences, and between two keys of one. */
  readonly sequenceStride: number
  readonly keyStride: number
  /** Rows that the cache has, used or not. */
  readonly cacheRows: number
  readonly scoreShift: number
}

/**
 * Attention over a cache of any length, bitwise exact (docs/race.md, 5.5). Buffers: q `[heads H / 16, queries]`, k and
 * v `[key heads H / 16, cache rows]`, context as q, all in panels of 16 int8.
 */
export const attention: KernelSpec<AttentionShape> = {
  name: NAME,
  sources: [DOT4, packing, softmaxWeight, source],
  check(shape, limits) {
    const { queries, heads, keyHeads = heads, headDimension, keys, sequences, cacheRows } = shape
    checkMultiple(NAME, 'headDimension', headDimension, 4)
    checkMultiple(NAME, 'heads times headDimension', heads * headDimension, 16)
    checkMultiple(NAME, 'keyHeads times headDimension', keyHeads * headDimension, 16)
    checkMultiple(NAME, 'heads', heads, keyHeads)
    checkMultiple(NAME, 'queries', queries, sequences)
    checkMultiple(NAME, 'keys', keys, 1)
    checkLimit(NAME, 'keys a sequence', keys, LONGEST_CACHE)
    checkLimit(NAME, 'bits of shift', shape.scoreShift, 16)
    const lastKey = (sequences - 1) * shape.sequenceStride + (keys - 1) * shape.keyStride
    checkLimit(NAME, 'rows of the cache', lastKey + 1, cacheRows)
    const bytes = Math.max(queries * heads, cacheRows * keyHeads) * headDimension
    checkLimit(NAME, 'bytes in one binding', bytes, limits.maxStorageBufferBindingSize)
    const workgroups = Math.max(...this.dispatch(shape))
    checkLimit(NAME, 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms(shape) {
    const { queries, heads, keyHeads = heads, headDimension, keys, firstPosition, scoreShift } = shape
    return Uint32Array.of(
      queries,
      headDimension / 4,
      heads,
      keyHeads,
      keys,
      firstPosition === undefined ? keys : firstPosition + 1,
      firstPosition === undefined ? 0 : 1,
      shape.sequences,
      shape.sequenceStride,
      shape.keyStride,
      shape.cacheRows,
      scoreShift,
    )
  },
  dispatch: ({ queries, heads, headDimension }) => [
    Math.ceil(queries / WORKGROUP_ROWS),
    (heads * headDimension) / 4 / WORKGROUP_WORDS,
    1,
  ],
}
