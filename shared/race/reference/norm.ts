import { clamp, roundShift } from './requantise.ts'

/**
 * Scales a row to root mean square 32 with `normConstant = round(32 * sqrt(n) * 2^16)`.
 *
 * Magnitudes must be below 2^30 and `n` at most 2^19; a row of zeros stays zero.
 * @see docs/race.md, section 5.3
 */
export function norm(row: Int32Array, normConstant: number): Int8Array<ArrayBuffer> {
  const keptBits = Math.floor((31 - ceilLog2(row.length)) / 2)
  const largest = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  const shift = Math.max(0, bits(largest) - keptBits)
  const scaled = row.map((value) => roundShift(value, shift))
  const sumOfSquares = scaled.reduce((sum, value) => sum + value * value, 0)
  const sigma = integerSquareRoot(sumOfSquares)
  const multiplier = sigma === 0 ? 0 : Math.floor(normConstant / sigma)
  return Int8Array.from(scaled, (value) => clamp((value * multiplier + 0x8000) >> 16))
}

/** floor(sqrt(value)) of a u32, digit by digit: no float, no wider integer. */
export function integerSquareRoot(value: number): number {
  let root = 0
  let bit = 2 ** 30
  let rest = value
  while (bit > rest) bit = bit >>> 2
  while (bit !== 0) {
    if (rest >= root + bit) {
      rest -= root + bit
      root = (root >>> 1) + bit
    } else {
      root = root >>> 1
    }
    bit = bit >>> 2
  }
  return root
}

/** The number of bits needed to write a u32. */
function bits(value: number): number {
  return 32 - Math.clz32(value)
}

export function ceilLog2(value: number): number {
  return bits(value - 1)
}
