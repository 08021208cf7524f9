import { RacePathError } from '../race-path-error.ts'

/**
 * What `allocate` makes, or undefined if the device has no memory for it. What was made before it ran out is still
 * the arena's.
 */
export async function tryAllocate<T>(
  device: GPUDevice,
  allocate: () => T | Promise<T>,
): Promise<T | undefined> {
  device.pushErrorScope('out-of-memory')
  const made = await allocate()
  return (await device.popErrorScope()) === null ? made : undefined
}

/** @param what the least that the Race needs: "a single layer" */
export function outOfMemory(what: string, neededBytes: number, limitBytes: number): RacePathError {
  return new RacePathError(`The GPU has no memory for ${what} of this Race.`, {
    data: { code: 'TOO_LARGE', neededBytes, limitBytes },
    metaMessages: ['Other programs may hold it.', 'Close them, or race in a smaller class.'],
  })
}
