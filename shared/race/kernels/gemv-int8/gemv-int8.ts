import { checkGemm, type GemmShape } from '../gemm-int8/gemm-int8.ts'
import { checkLimit } from '../kernel-error.ts'
import { DOT4, type KernelSpec } from '../kernel-spec.ts'
import source from './gemv-int8.wgsl?raw'

const NAME = 'gemv-int8'
const COLUMNS = 64

/**
 * c = a B^T for one row: the step of a language model that makes one token. Buffers: a `[k / 16]` and B `[k / 16, n]`
 * in panels of 16 int8, c `[n]` int32. Bitwise equal to a GEMM of one row.
 */
export const gemvInt8: KernelSpec<Pick<GemmShape, 'n' | 'k'>> = {
  name: NAME,
  sources: [DOT4, source],
  check({ n, k }, limits) {
    checkGemm(NAME, { m: 4, n, k }, limits, 4)
    checkLimit(NAME, 'workgroups in a row', Math.ceil(n / COLUMNS), limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ n, k }) => Uint32Array.of(n, k / 16),
  dispatch: ({ n }) => [Math.ceil(n / COLUMNS), 1, 1],
}
