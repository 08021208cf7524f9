import { ceilLog2 } from './norm.ts'

/**
 * Turns scores into unsigned weights in base 2: every `2^scoreShift` below the largest score halves a weight.
 *
 * The largest weight is `2^min(16, 24 - ceil(log2 n))`, so that the sum of up to 65,536 of them is at most 2^24.
 * @see docs/race.md, section 5.4
 */
export function softmaxWeights(scores: Int32Array, scoreShift: number): Uint32Array<ArrayBuffer> {
  const weightBits = Math.min(16, 24 - ceilLog2(scores.length))
  const largest = scores.reduce((max, score) => Math.max(max, score), scores[0]!)
  return Uint32Array.from(scores, (score) => {
    const below = largest - score
    const halvings = below >>> scoreShift
    const fraction = (below & (2 ** scoreShift - 1)) << (16 - scoreShift)
    return powerOfHalf(fraction) >>> Math.min(31, halvings + 16 - weightBits)
  })
}

/** 65536 * 2^(-fraction / 65536) for a fraction of 0 to 65535, within 6, by a cubic. */
export function powerOfHalf(fraction: number): number {
  let term = 15_148 - multiplyHigh(2_588, fraction)
  term = 45_328 - multiplyHigh(term, fraction)
  return 65_536 - multiplyHigh(term, fraction)
}

/** (a * b) >> 16 of two numbers below 2^16; the product fits a u32. */
function multiplyHigh(a: number, b: number): number {
  return (a * b) >>> 16
}
