import { clamp, roundShift } from './requantise.ts'

/** 2^32 divided by the golden ratio, odd: consecutive accumulators land far apart. */
const GATE_FACTOR = 0x9e37_79b1

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
    const sawtooth = Math.imul(accumulator, GATE_FACTOR) >> 24
    const value = clamp(roundShift(up[i]!, shifts.projectionShift))
    return clamp(roundShift(sawtooth * value, shifts.productShift))
  })
}
