import { checkLimit, checkMultiple } from '../kernel-error.ts'
import type { KernelLimits, KernelSpec } from '../kernel-spec.ts'
import packing from '../packing.wgsl?raw'
import loadInt8 from './load-int8.wgsl?raw'
import loadResidual from './load-residual.wgsl?raw'
import loadSums from './load-sums.wgsl?raw'
import source from './norm.wgsl?raw'

const WORKGROUP_ROWS = 32
/** Squares of a longer row have too few bits left to mean anything. */
const LONGEST_ROW = 2 ** 19
/** Half of the last shift's 2^16: round to nearest. */
const ROUND_TO_NEAREST = 32_768

export interface NormShape {
  readonly rows: number
  /** Values of a row, a multiple of 16. */
  readonly n: number
  /** round(32 sqrt(n) 2^16): the result has root mean square 32. */
  readonly normConstant: number
  /** Rows that the source has, and the first that counts. By default the source has `rows` rows. */
  readonly sourceRows?: number | undefined
  readonly sourceFirst?: number | undefined
  /** Another rounding of the last step: only the conformance run passes one, to see a broken kernel caught. */
  readonly brokenRounding?: number | undefined
}

/** y = norm(sums), bitwise exact (docs/race.md, 5.3). Buffers: y `[n / 16, rows]` in panels of 16 int8, sums `[n / 4, source rows]` int32. */
export const normSums = norm('norm-sums', loadSums, 4)
/** The same of int8: `[n / 16, source rows]` in panels of 16. */
export const normInt8 = norm('norm-int8', loadInt8, 1)
/** y = norm(stream + 2 branch) (docs/race.md, 5.7). Buffers: y, the stream `[n / 16, source rows]`, the branch `[n / 16, rows]`. */
export const normResidual = norm('norm-residual', loadResidual, 1)

function norm(name: string, load: string, bytesPerValue: number): KernelSpec<NormShape> {
  return {
    name,
    sources: [packing, source, load],
    check: (shape, limits) => checkNorm(name, shape, limits, bytesPerValue),
    constants: ({ brokenRounding }) => ({ final_rounding: brokenRounding ?? ROUND_TO_NEAREST }),
    uniforms: ({ rows, n, normConstant, sourceRows = rows, sourceFirst = 0 }) =>
      Uint32Array.of(rows, n / 16, keepBits(n), normConstant, sourceRows, sourceFirst),
    dispatch: ({ rows }) => [Math.ceil(rows / WORKGROUP_ROWS), 1, 1],
  }
}

/** B of the specification: bits of a value whose squares, n of them, stay within 32 bits. */
function keepBits(n: number): number {
  return Math.floor((31 - Math.ceil(Math.log2(n))) / 2)
}

function checkNorm(
  kernel: string,
  { rows, n, sourceRows = rows, sourceFirst = 0 }: NormShape,
  limits: KernelLimits,
  bytesPerValue: number,
): void {
  checkMultiple(kernel, 'rows', rows, 1)
  checkMultiple(kernel, 'n', n, 16)
  checkLimit(kernel, 'values a row', n, LONGEST_ROW)
  checkLimit(kernel, 'rows of the source', sourceFirst + rows, sourceRows)
  checkLimit(
    kernel,
    'bytes in one binding',
    sourceRows * n * bytesPerValue,
    limits.maxStorageBufferBindingSize,
  )
  checkLimit(
    kernel,
    'workgroups in a row',
    Math.ceil(rows / WORKGROUP_ROWS),
    limits.maxComputeWorkgroupsPerDimension,
  )
}
