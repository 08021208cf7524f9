import { checkLimit, checkMultiple } from '../kernel-error.ts'
import { DOT4, type KernelLimits, type KernelSpec } from '../kernel-spec.ts'
import packing from '../packing.wgsl?raw'
import sawtooth from '../sawtooth.wgsl?raw'
import gemm from './gemm-int8.wgsl?raw'
import storeOutput from './store-output.wgsl?raw'
import storeRequantised from './store-requantised.wgsl?raw'
import storeSums from './store-sums.wgsl?raw'

const TILE_ROWS = 32
const TILE_COLUMNS = 64

export interface GemmShape {
  /** Rows that are multiplied, a multiple of 4. */
  readonly m: number
  /** Rows of B and columns of the result, a multiple of 4. */
  readonly n: number
  /** Terms of a sum, a multiple of 16. */
  readonly k: number
  /** Rows that A has, and the first that is multiplied; both multiples of 4. By default A has m rows. */
  readonly rows?: number | undefined
  readonly firstRow?: number | undefined
  /** Columns of the result that are made, in multiples of 16; by default all. */
  readonly columns?: { readonly first: number; readonly end: number } | undefined
}

/**
 * C = A B^T in int8 x int8 -> int32, bitwise exact (docs/race.md, 5.1). Buffers: A `[k / 16, rows]` and B `[k / 16, n]`
 * in panels of 16 int8, C `[n / 4, m]` of four neighbouring int32.
 */
export const gemmInt8: KernelSpec<GemmShape> = {
  name: 'gemm-int8',
  sources: [DOT4, gemm, storeSums],
  check: (shape, limits) => checkGemm('gemm-int8', shape, limits, 4),
  uniforms: (shape) => gemmUniforms(shape, 0),
  dispatch: gemmDispatch,
}

/** The same with a requantised result (docs/race.md, 5.2): C `[n / 16, m]` in panels of 16 int8, n a multiple of 16. */
export const gemmRequantised: KernelSpec<GemmShape & { readonly shift: number }> = {
  name: 'gemm-requantised',
  sources: [DOT4, packing, gemm, storeRequantised],
  check(shape, limits) {
    checkMultiple('gemm-requantised', 'n', shape.n, 16)
    checkGemm('gemm-requantised', shape, limits, 1)
  },
  uniforms: (shape) => gemmUniforms(shape, shape.shift),
  dispatch: gemmDispatch,
}

/** The same with the Race's output (docs/race.md, 5.8): C `[n / 16, m]` in panels of 16 int8, n a multiple of 16. */
export const gemmOutput: KernelSpec<GemmShape> = {
  name: 'gemm-output',
  sources: [DOT4, packing, sawtooth, gemm, storeOutput],
  check(shape, limits) {
    checkMultiple('gemm-output', 'n', shape.n, 16)
    checkGemm('gemm-output', shape, limits, 1)
  },
  uniforms: (shape) => gemmUniforms(shape, 0),
  dispatch: gemmDispatch,
}

/** @throws KernelError if a GEMM of this shape cannot run */
export function checkGemm(
  kernel: string,
  { m, n, k, rows = m, firstRow = 0, columns = { first: 0, end: n } }: GemmShape,
  limits: KernelLimits,
  bytesPerSum: number,
): void {
  checkMultiple(kernel, 'm', m, 4)
  checkMultiple(kernel, 'n', n, 4)
  checkMultiple(kernel, 'k', k, 16)
  checkMultiple(kernel, 'rows', rows, 4)
  checkLimit(kernel, 'rows of A', firstRow + m, rows)
  checkLimit(kernel, 'columns', columns.end, n)
  // 131,072 products of -128 and -128 leave 32 bits.
  checkLimit(kernel, 'terms a sum', k, 131_071)
  const largest = Math.max(rows * k, n * k, bytesPerSum * m * n)
  checkLimit(kernel, 'bytes in one binding', largest, limits.maxStorageBufferBindingSize)
  const workgroups = Math.max(...gemmDispatch({ m, n, columns }))
  checkLimit(kernel, 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
}

export function gemmDispatch({
  m,
  n,
  columns = { first: 0, end: n },
}: Pick<GemmShape, 'm' | 'n' | 'columns'>): [number, number, number] {
  return [Math.ceil((columns.end - columns.first) / TILE_COLUMNS), Math.ceil(m / TILE_ROWS), 1]
}

/** The start of the uniforms of every product; `shifts` follow. */
export function gemmUniforms(
  { m, n, k, rows = m, firstRow = 0, columns = { first: 0, end: n } }: GemmShape,
  ...shifts: readonly number[]
): Uint32Array<ArrayBuffer> {
  return Uint32Array.of(m, n, k / 16, rows, firstRow, columns.first, columns.end, ...shifts)
}
