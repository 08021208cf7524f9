import { KernelDevice, type Dot4 } from '../kernels/kernel-device.ts'
import type { PrepareOptions, RaceParams, RacePath } from '../race-path.ts'
import { BATCH_STEP, compileKernels, workspaceBytesPerNonce } from './batch-plan.ts'
import { chooseBatch } from './batch-size.ts'
import { makeWeights, reserveWeights, residentBytes } from './device-weights.ts'
import { LossGuard } from './loss-guard.ts'
import { measureDevicePeak } from './measure-peak.ts'
import { WebGpuRace } from './webgpu-race.ts'

const DEFAULT_LIMIT_BYTES = 1.5 * 2 ** 30

export interface WebGpuPathOptions {
  readonly device: GPUDevice
  readonly dot4: Dot4
  /** For figures and logs. */
  readonly adapter: string
  /** Weights are kept if they and a batch fit, and else made layer by layer in every batch. By default 1.5 GiB. */
  readonly memoryLimitBytes?: number | undefined
  /** See {@link NormShape.brokenRounding}. */
  readonly brokenRounding?: number | undefined
}

/** A {@link RacePath} on a GPU, whose buffers can be counted. */
export interface WebGpuPath extends RacePath {
  readonly name: 'webgpu'
  readonly kernels: KernelDevice
}

/**
 * Runs the Race on a GPU. The caller owns the device and destroys it; {@link RacePath.dispose} frees the buffers.
 *
 * `openRacePath` in open-webgpu-path.ts also checks that the device computes what it claims to.
 */
export function createWebGpuPath(options: WebGpuPathOptions): WebGpuPath {
  const kernels = new KernelDevice(options.device, options.dot4)
  const races = new Set<WebGpuRace>()
  const guard = new LossGuard(options.device)
  return {
    name: 'webgpu',
    adapter: `${options.adapter}, ${options.dot4} dot product`,
    kernels,
    async prepare(params, prepareOptions = {}) {
      const race = await prepareRace({ kernels, guard, options }, params, prepareOptions)
      races.add(race)
      return race
    },
    measurePeak: ({ signal } = {}) => measureDevicePeak(kernels, guard, signal),
    dispose() {
      for (const race of races) race.dispose()
      races.clear()
      return Promise.resolve()
    },
  }
}

async function prepareRace(
  { kernels, guard, options }: { kernels: KernelDevice; guard: LossGuard; options: WebGpuPathOptions },
  params: RaceParams,
  { signal, onProgress }: PrepareOptions,
): Promise<WebGpuRace> {
  signal?.throwIfAborted()
  const { raceClass, raceSeed } = params
  const { memoryLimitBytes: limitBytes = DEFAULT_LIMIT_BYTES, brokenRounding } = options
  const arena = kernels.arena()
  try {
    await compileKernels(kernels, brokenRounding)
    const leastBytes = BATCH_STEP * workspaceBytesPerNonce(raceClass)
    const weights = await reserveWeights(kernels, arena, params, { limitBytes, leastBytes })
    await makeWeights({ kernels, guard, weights, raceClass }, { signal, onProgress })
    const race = { raceClass, raceSeed, kernels, arena, guard, weights, brokenRounding }
    const roomBytes = limitBytes - (weights.isResident ? residentBytes(raceClass) : 0)
    return new WebGpuRace(race, await chooseBatch(race, roomBytes, signal))
  } catch (error) {
    arena.free()
    throw guard.explain(error)
  }
}
