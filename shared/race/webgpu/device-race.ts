import type { BufferArena, KernelDevice } from '../kernels/kernel-device.ts'
import type { RaceParams } from '../race-path.ts'
import type { DeviceWeights } from './device-weights.ts'
import type { LossGuard } from './loss-guard.ts'

/** One Race on one device: what every part of running it works with. */
export interface DeviceRace extends RaceParams {
  readonly kernels: KernelDevice
  /** Holds the buffers that live as long as the Race. */
  readonly arena: BufferArena
  readonly guard: LossGuard
  readonly weights: DeviceWeights
  /** See {@link NormShape.brokenRounding}. */
  readonly brokenRounding: number | undefined
}
