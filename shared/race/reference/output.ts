import { sawtooth } from './sawtooth.ts'

/**
 * Turns the last accumulators [width] into the output vector, whose coordinates are uniform and independent.
 *
 * @see docs/race.md, section 5.8
 */
export function outputVector(accumulators: Int32Array): Int8Array<ArrayBuffer> {
  return Int8Array.from(accumulators, (accumulator) => {
    const value = sawtooth(accumulator)
    // -128 has no negative, and the mean over all accumulators has to be zero.
    return value === -128 ? 0 : value
  })
}
