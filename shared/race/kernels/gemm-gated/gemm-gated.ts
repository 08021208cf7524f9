import { checkGemm, gemmDispatch, gemmUniforms, type GemmShape } from '../gemm-int8/gemm-int8.ts'
import { checkMultiple } from '../kernel-error.ts'
import { DOT4, type KernelSpec } from '../kernel-spec.ts'
import packing from '../packing.wgsl?raw'
import sawtooth from '../sawtooth.wgsl?raw'
import source from './gemm-gated.wgsl?raw'

const NAME = 'gemm-gated'

export interface GatedShape extends GemmShape {
  readonly projectionShift: number
  readonly productShift: number
}

/**
 * hidden = gate(A gate^T, A up^T), bitwise exact (docs/race.md, 5.6). Buffers: A `[k / 16, rows]`, gate and up
 * `[k / 16, n]`, hidden `[n / 16, m]`, all in panels of 16 int8; n is a multiple of 16.
 */
export const gemmGated: KernelSpec<GatedShape> = {
  name: NAME,
  sources: [DOT4, packing, sawtooth, source],
  check(shape, limits) {
    checkMultiple(NAME, 'n', shape.n, 16)
    checkGemm(NAME, shape, limits, 1)
  },
  uniforms: (shape) => gemmUniforms(shape, shape.projectionShift, shape.productShift),
  dispatch: gemmDispatch,
}
