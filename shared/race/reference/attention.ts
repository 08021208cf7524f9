import { softmaxWeights } from './softmax.ts'

export interface AttentionShape {
  readonly heads: number
  /** Heads of keys and values, each shared by `heads / keyHeads` heads of queries. */
  readonly keyHeads: number
  readonly headDimension: number
  readonly scoreShift: number
  /**
   * The position of the first query among the keys: query `i` then sees the keys up to `firstPosition + i`.
   * Without it every query sees every key, as in the Race.
   */
  readonly firstPosition?: number | undefined
}

/**
 * Multi-head attention over a key/value cache of any length up to 65,536.
 *
 * @param queries [queries][heads * headDimension]
 * @param keys [length][keyHeads * headDimension], and `values` alike
 * @returns context, shaped as `queries`, within [-127, 127]
 * @see docs/race.md, section 5.5
 */
export function attention(
  queries: Int8Array,
  keys: Int8Array,
  values: Int8Array,
  shape: AttentionShape,
): Int8Array<ArrayBuffer> {
  const { heads, keyHeads, headDimension, scoreShift } = shape
  const queryWidth = heads * headDimension
  const keyWidth = keyHeads * headDimension
  const cached = keys.length / keyWidth
  const context = new Int8Array(queries.length)

  for (let i = 0; i < queries.length / queryWidth; i++) {
    const visible = shape.firstPosition === undefined ? cached : shape.firstPosition + i + 1
    for (let head = 0; head < heads; head++) {
      const query = i * queryWidth + head * headDimension
      const keyHead = Math.floor((head * keyHeads) / heads) * headDimension

      const scores = new Int32Array(visible)
      for (let j = 0; j < visible; j++) {
        for (let e = 0; e < headDimension; e++) {
          scores[j]! += queries[query + e]! * keys[j * keyWidth + keyHead + e]!
        }
      }

      const weights = softmaxWeights(scores, scoreShift)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (let e = 0; e < headDimension; e++) {
        let sum = 0
        for (let j = 0; j < visible; j++) sum += weights[j]! * values[j * keyWidth + keyHead + e]!
        context[query + e] = divideToNearest(sum, total)
      }
    }
  }
  return context
}

/** Rounds a quotient to nearest, halves away from zero. Doubles divide 32-bit integers exactly enough for `floor`. */
function divideToNearest(dividend: number, divisor: number): number {
  const quotient = Math.floor((Math.abs(dividend) + Math.floor(divisor / 2)) / divisor)
  return dividend < 0 ? -quotient : quotient
}
