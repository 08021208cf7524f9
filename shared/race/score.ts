import { generatePermutationWords } from './generator.ts'
import type { RaceClass } from './race-class.ts'
import type { InputKey } from './seeds.ts'

/** Fixed denominator of the squared cosine; with 512 coordinates both sides of the test stay below 2^63. */
const HIT_DENOMINATOR = 65_536n

/** How near an output came to the target. */
export interface Score {
  /** Scalar product of the permuted output with the target. */
  readonly dot: number
  /** Sum of squares of the output. */
  readonly squaredLength: number
  readonly isHit: boolean
}

/** Where each coordinate of the output goes: coordinate `i` to place `permutation[i]`. @see docs/race.md, section 7 */
export function derivePermutation(
  raceClass: RaceClass,
  inputKey: InputKey,
  nonce: number,
): Uint16Array<ArrayBuffer> {
  const words = generatePermutationWords(raceClass, inputKey, nonce)
  const indexMask = raceClass.width - 1
  const keys = words.map((word, i) => (word & ~indexMask) | i)
  const permutation = new Uint16Array(words.length)
  keys.sort().forEach((key, rank) => (permutation[key & indexMask] = rank))
  return permutation
}

/** Compares an output [width] with the target [width] under the nonce's permutation. */
export function scoreOutput(
  raceClass: RaceClass,
  output: Int8Array,
  permutation: Uint16Array,
  target: Int8Array,
): Score {
  let dot = 0
  for (let i = 0; i < output.length; i++) dot += output[i]! * target[permutation[i]!]!
  const squaredLength = sumOfSquares(output)
  return { dot, squaredLength, isHit: isHit(raceClass, dot, squaredLength, sumOfSquares(target)) }
}

/** The distance test, exact: the cosine is positive and its square at least `hitNumerator / 65536`. */
export function isHit(
  raceClass: RaceClass,
  dot: number,
  outputSquared: number,
  targetSquared: number,
): boolean {
  if (dot <= 0) return false
  const left = BigInt(dot) * BigInt(dot) * HIT_DENOMINATOR
  return left >= BigInt(raceClass.hitNumerator) * BigInt(outputSquared) * BigInt(targetSquared)
}

export function sumOfSquares(vector: Int8Array): number {
  return vector.reduce((sum, value) => sum + value * value, 0)
}
