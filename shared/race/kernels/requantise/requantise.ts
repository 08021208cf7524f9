import { checkLimit, checkMultiple } from '../kernel-error.ts'
import type { KernelSpec } from '../kernel-spec.ts'
import packing from '../packing.wgsl?raw'
import source from './requantise.wgsl?raw'

const NAME = 'requantise'
const WORKGROUP_ROWS = 64

export interface RequantiseShape {
  readonly rows: number
  /** A multiple of 16. */
  readonly n: number
  readonly shift: number
}

/** Sums to int8, bitwise exact (docs/race.md, 5.2). Buffers: sums `[n / 4, rows]` int32, y `[n / 16, rows]` in panels of 16 int8. */
export const requantise: KernelSpec<RequantiseShape> = {
  name: NAME,
  sources: [packing, source],
  check({ rows, n, shift }, limits) {
    checkMultiple(NAME, 'rows', rows, 1)
    checkMultiple(NAME, 'n', n, 16)
    checkLimit(NAME, 'bits of shift', shift, 30)
    checkLimit(NAME, 'bytes in one binding', 4 * rows * n, limits.maxStorageBufferBindingSize)
    const workgroups = Math.max(Math.ceil(rows / WORKGROUP_ROWS), n / 16)
    checkLimit(NAME, 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ rows, shift }) => Uint32Array.of(rows, shift),
  dispatch: ({ rows, n }) => [Math.ceil(rows / WORKGROUP_ROWS), n / 16, 1],
}
