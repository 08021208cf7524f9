import { checkLimit, checkMultiple } from '../kernel-error.ts'
import type { KernelSpec } from '../kernel-spec.ts'
import source from './softmax.wgsl?raw'
import softmaxWeight from './softmax-weight.wgsl?raw'

const NAME = 'softmax'
/** W of the specification is at least 8 then. */
const LONGEST_ROW = 2 ** 16

export interface SoftmaxShape {
  readonly rows: number
  readonly n: number
  /** Scores halve a weight every `2^scoreShift`: 1 to 16. */
  readonly scoreShift: number
}

/** Weights of scores, not divided by their sum, bitwise exact (docs/race.md, 5.4). Buffers: scores `[rows, n]` int32, weights `[rows, n]` u32. */
export const softmax: KernelSpec<SoftmaxShape> = {
  name: NAME,
  sources: [softmaxWeight, source],
  check({ rows, n, scoreShift }, limits) {
    checkMultiple(NAME, 'rows', rows, 1)
    checkMultiple(NAME, 'n', n, 1)
    checkMultiple(NAME, 'scoreShift', scoreShift, 1)
    checkLimit(NAME, 'bits of shift', scoreShift, 16)
    checkLimit(NAME, 'scores a row', n, LONGEST_ROW)
    checkLimit(NAME, 'bytes in one binding', 4 * rows * n, limits.maxStorageBufferBindingSize)
    checkLimit(NAME, 'workgroups in a row', rows, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ n, scoreShift }) => Uint32Array.of(n, scoreShift, softmaxWeightBits(n)),
  dispatch: ({ rows }) => [rows, 1, 1],
}

/** W of the specification: bits of the largest weight, so that the sum of `n` stays within 24. */
function softmaxWeightBits(n: number): number {
  return Math.min(16, 24 - Math.ceil(Math.log2(n)))
}
