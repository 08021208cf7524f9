/** Limits to [-127, 127]: -128 is left out, so that every value has its negative. */
export function clamp(value: number): number {
  return Math.max(-127, Math.min(127, value))
}

/** Divides by `2^shift`, rounding to nearest, halves up. */
export function roundShift(value: number, shift: number): number {
  return shift === 0 ? value : (value + (1 << (shift - 1))) >> shift
}

/** Brings i32 accumulators to i8 by a power of two. @see docs/race.md, section 5.2 */
export function requantise(accumulators: Int32Array, shift: number): Int8Array<ArrayBuffer> {
  return Int8Array.from(accumulators, (value) => clamp(roundShift(value, shift)))
}
