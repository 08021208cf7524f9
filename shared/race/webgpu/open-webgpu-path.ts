import { errorCode } from '../../errors.ts'
import { chooseDot4, type Dot4 } from '../kernels/kernel-device.ts'
import { RacePathError } from '../race-path-error.ts'
import { selfTestRace } from '../self-test.ts'
import { createWebGpuPath, type WebGpuPath } from './webgpu-path.ts'

/** What the kernels profit from; a device has only the standard's minimum of what is not asked for. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[]

export interface OpenWebGpuPathOptions {
  readonly adapter: GPUAdapter
  /** `wgslLanguageFeatures` of the `GPU` that gave the adapter. */
  readonly languageFeatures: { has(name: string): boolean } | undefined
  readonly memoryLimitBytes?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a device for the Race, checks it by known answers, and falls back to products by shifts where the packed dot
 * product is missing or wrong. Disposing of the path destroys the device.
 * @throws RacePathError `NO_ADAPTER` if the adapter gives no device, `DEVICE_WRONG` if it computes wrongly
 */
export async function openWebGpuPath(options: OpenWebGpuPathOptions): Promise<WebGpuPath> {
  const device = await openDevice(options.adapter)
  const choice = chooseDot4(options.languageFeatures)
  try {
    const path = await tryDot4(device, choice, options)
    return {
      ...path,
      async dispose() {
        await path.dispose()
        device.destroy()
      },
    }
  } catch (error) {
    device.destroy()
    throw error
  }
}

async function tryDot4(device: GPUDevice, dot4: Dot4, options: OpenWebGpuPathOptions): Promise<WebGpuPath> {
  const { adapter, memoryLimitBytes, signal } = options
  const path = createWebGpuPath({ device, dot4, adapter: describeAdapter(adapter), memoryLimitBytes })
  try {
    await selfTestRace(path, signal)
    return path
  } catch (error) {
    await path.dispose()
    const isFeatureInDoubt = errorCode(error) === 'DEVICE_WRONG' || errorCode(error) === 'NOT_COMPILED'
    if (dot4 === 'polyfill' || !isFeatureInDoubt) throw error
    return tryDot4(device, 'polyfill', options)
  }
}

/** In words for a figure; software adapters say what they are. */
export function describeAdapter({ info }: GPUAdapter): string {
  const words = [info.vendor, info.architecture].filter((word) => word !== '')
  return words.join(' ') || info.description || 'unnamed adapter'
}

async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {}
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name]
  try {
    return await adapter.requestDevice({ requiredLimits })
  } catch (cause) {
    throw new RacePathError('The GPU refused to open a device.', {
      data: { code: 'NO_ADAPTER' },
      metaMessages: [
        'Usually another program holds it, or the driver is blocked.',
        'Race on the processor instead, or close other programs and try again.',
      ],
      cause,
    })
  }
}
