import { availableParallelism } from 'node:os'
import type { RacePath, RacePathName } from '../../shared/race/race-path.ts'
import { RacePathError } from '../../shared/race/race-path-error.ts'
import { createReferencePath } from '../../shared/race/reference/reference-path.ts'
import { createWasmPath } from '../../shared/race/wasm/wasm-path.ts'
import { openWebGpuPath } from '../../shared/race/webgpu/open-webgpu-path.ts'
import { openNodeGpu } from './open-node-gpu.ts'
import { startNodeLane } from './start-node-lane.ts'

export type PathChoice = 'auto' | RacePathName
export const PATH_CHOICES: readonly PathChoice[] = ['auto', 'wasm', 'webgpu', 'reference']

/** More threads than this find no more memory bandwidth on any machine that we know, and each takes a workspace. */
export const MAX_THREADS = 64

/**
 * Opens a way of running the Race on this machine. `auto` is a real GPU, or else WebAssembly on all cores; a software
 * adapter runs only by its name, because it is the processor in disguise.
 *
 * @throws RacePathError `NO_ADAPTER` when `webgpu` is asked for and there is none, `DEVICE_WRONG`
 */
export async function openRacePath(choice: PathChoice, threads: number | undefined): Promise<RacePath> {
  switch (choice) {
    case 'reference':
      return createReferencePath()
    case 'wasm':
      return openWasm(threads)
    case 'webgpu': {
      const path = await openGpu({ isSoftwareAllowed: true })
      if (path !== null) return path
      throw new RacePathError('This machine has no GPU that Node can use.', {
        data: { code: 'NO_ADAPTER' },
        metaMessages: [
          'The optional package "webgpu" is not installed, or the machine has no Vulkan, Metal or Direct3D 12 driver.',
          'Race on the processor: --path wasm.',
        ],
      })
    }
    case 'auto':
      return (await openGpu({ isSoftwareAllowed: false })) ?? openWasm(threads)
    default:
      return choice satisfies never
  }
}

function openWasm(threads: number | undefined): RacePath {
  const count = Math.min(MAX_THREADS, threads ?? availableParallelism())
  return createWasmPath({ threads: { count, startLane: startNodeLane } })
}

/** Null where there is no GPU. */
async function openGpu({ isSoftwareAllowed }: { isSoftwareAllowed: boolean }): Promise<RacePath | null> {
  const gpu = await openNodeGpu()
  if (gpu === null) return null
  const { adapter, languageFeatures } = gpu
  if (adapter.info.isFallbackAdapter && !isSoftwareAllowed) {
    gpu.close()
    return null
  }
  try {
    const path = await openWebGpuPath({ adapter, languageFeatures })
    return {
      ...path,
      async dispose() {
        await path.dispose()
        gpu.close()
      },
    }
  } catch (error) {
    gpu.close()
    throw error
  }
}
