import { clamp, roundShift } from './requantise.ts'
import { sawtooth } from './sawtooth.ts'

/**
 * Multiplies a steep sawtooth of the gate's accumulators with the requantised up projection.
 *
 * @param gate accumulators [any], and `up` alike
 * @see docs/race.md, section 5.6
 */
export function applyGate(
  gate: Int32Array,
  up: Int32Array,
  shifts: { readonly projectionShift: number; readonly productShift: number },
): Int8Array<ArrayBuffer> {
  return Int8Array.from(gate, (accumulator, i) => {
    const value = clamp(roundShift(up[i]!, shifts.projectionShift))
    return clamp(roundShift(sawtooth(accumulator) * value, shifts.productShift))
  })
}
