import { generateWeights, STREAM_DOMAIN } from '../kernels/generate/generate.ts'
import { encode, type BufferArena, type KernelDevice } from '../kernels/kernel-device.ts'
import { countParameters, TENSOR_NAMES, tensorShape, type RaceClass, type TensorName } from '../race-class.ts'
import type { PrepareOptions, RaceParams } from '../race-path.ts'
import { outOfMemory, tryAllocate } from './device-memory.ts'
import type { LossGuard } from './loss-guard.ts'
import { submitDispatches } from './submit-dispatches.ts'

/** Where a layer's weights are. */
export type LayerTensors = Readonly<Record<TensorName, GPUBuffer>>

/** Weights of one Race on a device: of all layers, or of one that is made again for each. */
export interface DeviceWeights {
  readonly target: GPUBuffer
  readonly isResident: boolean
  tensors(layer: number): LayerTensors
  /** Encodes the generation of a layer's tensors. */
  generate(layer: number): Promise<GPUCommandBuffer>
}

/** Bytes that the weights take when all are kept. */
export const residentBytes = countParameters

/**
 * Reserves buffers for the weights and makes the target; {@link makeWeights} comes next. All weights are kept if they
 * fit into the limit and the device, and else one layer's.
 * @param bytes `limitBytes` for everything, of which `leastBytes` are somebody else's
 * @throws KernelError; RacePathError `TOO_LARGE` if the device has no memory for one layer
 */
export async function reserveWeights(
  kernels: KernelDevice,
  arena: BufferArena,
  params: RaceParams,
  { limitBytes, leastBytes }: { readonly limitBytes: number; readonly leastBytes: number },
): Promise<DeviceWeights> {
  const { raceClass } = params
  const reserve = async (isResident: boolean): Promise<DeviceWeights | undefined> => {
    const made = await tryAllocate(kernels.device, () =>
      createDeviceWeights(kernels, arena, { ...params, isResident }),
    )
    if (made === undefined) arena.free()
    return made
  }
  const mayKeep = residentBytes(raceClass) + leastBytes <= limitBytes
  const weights = (mayKeep ? await reserve(true) : undefined) ?? (await reserve(false))
  if (weights !== undefined) return weights
  throw outOfMemory('a single layer', residentBytes(raceClass) / raceClass.layers, limitBytes)
}

/** Fills the weights that are kept, or the buffers of the first layer once. */
export async function makeWeights(
  {
    kernels,
    guard,
    weights,
    raceClass,
  }: { kernels: KernelDevice; guard: LossGuard; weights: DeviceWeights; raceClass: RaceClass },
  { signal, onProgress }: PrepareOptions,
): Promise<void> {
  const { queue } = kernels.device
  const layers = weights.isResident ? raceClass.layers : 1
  for (let layer = 0; layer < layers; layer++) {
    signal?.throwIfAborted()
    queue.submit([await weights.generate(layer)])
    await guard.wait(queue.onSubmittedWorkDone())
    onProgress?.((layer + 1) / layers)
  }
}

async function createDeviceWeights(
  kernels: KernelDevice,
  arena: BufferArena,
  { raceClass, raceSeed, isResident }: RaceParams & { isResident: boolean },
): Promise<DeviceWeights> {
  const { device } = kernels
  const target = arena.storage('target', raceClass.width)
  const targetStream = {
    key: raceSeed,
    domain: STREAM_DOMAIN.target,
    index: 0,
    rows: 1,
    columns: raceClass.width,
  }
  const makeTarget = await arena.prepare(generateWeights, targetStream, [target])
  submitDispatches(device, [makeTarget])

  const stored = Array.from({ length: isResident ? raceClass.layers : 1 }, () => reserve(arena, raceClass))
  const tensors = (layer: number): LayerTensors => stored[isResident ? layer : 0]!
  return {
    target,
    isResident,
    tensors,
    async generate(layer) {
      const dispatches = await Promise.all(
        TENSOR_NAMES.map((name, number) => {
          const stream = {
            key: raceSeed,
            domain: STREAM_DOMAIN.weights,
            index: layer * 8 + number,
            ...tensorShape(raceClass, name),
          }
          return arena.prepare(generateWeights, stream, [tensors(layer)[name]])
        }),
      )
      const commands = device.createCommandEncoder()
      encode(commands, dispatches)
      return commands.finish()
    },
  }
}

function reserve(arena: BufferArena, raceClass: RaceClass): LayerTensors {
  const entries = TENSOR_NAMES.map((name): [TensorName, GPUBuffer] => {
    const { rows, columns } = tensorShape(raceClass, name)
    return [name, arena.storage(`${name} weights`, rows * columns)]
  })
  return Object.fromEntries(entries) as Record<TensorName, GPUBuffer> // one of each name
}
