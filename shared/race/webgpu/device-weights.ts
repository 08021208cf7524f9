import { generateWeights, STREAM_DOMAIN } from '../kernels/generate/generate.ts'
import type { BufferArena, KernelDevice } from '../kernels/kernel-device.ts'
import { encode } from '../kernels/kernel-device.ts'
import { countParameters, TENSOR_NAMES, tensorShape, type RaceClass, type TensorName } from '../race-class.ts'
import type { RaceSeed } from '../seeds.ts'
import type { LayerTensors } from './batch-plan.ts'

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

/** Reserves buffers for the weights and makes the target; the caller runs `generate`. @throws KernelError */
export async function createDeviceWeights(
  kernels: KernelDevice,
  arena: BufferArena,
  { raceClass, raceSeed, isResident }: { raceClass: RaceClass; raceSeed: RaceSeed; isResident: boolean },
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
  const encoder = device.createCommandEncoder()
  encode(encoder, [makeTarget])
  device.queue.submit([encoder.finish()])

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
