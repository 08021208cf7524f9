import { checkLimit, checkMultiple } from '../kernel-error.ts'
import { DOT4, type KernelSpec } from '../kernel-spec.ts'
import source from './peak.wgsl?raw'

const NAME = 'peak'
const THREADS = 128
const MACS_PER_ROUND = 256

export interface PeakShape {
  readonly workgroups: number
  readonly rounds: number
}

/** int8 products on registers alone: a device's own peak. Buffer: result `[128 workgroups]` int32. */
export const peak: KernelSpec<PeakShape> = {
  name: NAME,
  sources: [DOT4, source],
  check({ workgroups, rounds }, limits) {
    checkMultiple(NAME, 'workgroups', workgroups, 1)
    checkMultiple(NAME, 'rounds', rounds, 1)
    checkLimit(NAME, 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ rounds }) => Uint32Array.of(rounds),
  dispatch: ({ workgroups }) => [workgroups, 1, 1],
}

export function peakResultBytes({ workgroups }: PeakShape): number {
  return 4 * THREADS * workgroups
}

/** Multiply-accumulates of one dispatch. */
export function peakMacs({ workgroups, rounds }: PeakShape): number {
  return THREADS * workgroups * rounds * MACS_PER_ROUND
}
