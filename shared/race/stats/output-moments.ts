import { chiSquareTwoSided, normalTwoSided } from './distributions.ts'
import type { TestResult } from './sequence-tests.ts'

/** Variance and fourth moment of a coordinate that takes 0 twice as often as each other value of [-127, 127]. */
const VARIANCE = powerMean(2)
const FOURTH_MOMENT = powerMean(4)

/** Sums over many output vectors, from which means, variances, covariances and the histogram follow. */
export class OutputMoments {
  readonly width: number
  count = 0
  readonly #sums: Float64Array
  readonly #squares: Float64Array
  /** Sums of products of the coordinates of directions (outputs of length one): the lower half of [width][width]. */
  readonly #products: Float64Array
  readonly #histogram = new Float64Array(256)
  /** Which values each coordinate has taken, [width][256]. */
  readonly #seen: Uint8Array

  constructor(width: number) {
    this.width = width
    this.#sums = new Float64Array(width)
    this.#squares = new Float64Array(width)
    this.#products = new Float64Array(width * width)
    this.#seen = new Uint8Array(width * 256)
  }

  /** Adds outputs, [any][width]. */
  add(outputs: Int8Array): void {
    const { width } = this
    const direction = new Float64Array(width)
    for (let start = 0; start < outputs.length; start += width) {
      this.count++
      let squaredLength = 0
      for (let i = 0; i < width; i++) {
        const value = outputs[start + i]!
        squaredLength += value * value
        this.#sums[i]! += value
        this.#squares[i]! += value * value
        this.#histogram[value + 128]!++
        this.#seen[i * 256 + value + 128] = 1
      }
      const scale = 1 / Math.sqrt(squaredLength)
      for (let i = 0; i < width; i++) {
        const x = outputs[start + i]! * scale
        direction[i] = x
        for (let j = 0; j <= i; j++) this.#products[i * width + j]! += x * direction[j]!
      }
    }
  }

  /** The fewest different values that any coordinate took: 1 would be a constant coordinate. */
  fewestValues(): number {
    let fewest = 256
    for (let i = 0; i < this.width; i++) {
      fewest = Math.min(
        fewest,
        this.#seen.subarray(i * 256, (i + 1) * 256).reduce((sum, seen) => sum + seen, 0),
      )
    }
    return fewest
  }

  /** Squared length of the mean output over that of an output, less what chance adds: the common part of all outputs. */
  commonPart(): number {
    const squared = this.#sums.reduce((sum, value) => sum + (value / this.count) ** 2, 0)
    return squared / (this.width * VARIANCE) - 1 / this.count
  }

  /**
   * How unevenly values of [-127, 127] come: the root mean square of their relative deviations, less what chance adds. The sawtooth
   * of a bell curve is not flat to the last digit: 0.2 % in `micro`, less where accumulators are larger.
   */
  valueUnevenness(): number {
    const values = this.count * this.width
    let chiSquare = 0
    for (let value = -127; value <= 127; value++) {
      const expected = (values / 256) * (value === 0 ? 2 : 1)
      chiSquare += (this.#histogram[value + 128]! - expected) ** 2 / expected
    }
    return Math.sqrt(Math.max(0, chiSquare - 254) / values)
  }

  /**
   * The mean of `width * cosine^2 - 1` over all pairs of outputs: 0 if directions are spread evenly, and the relative variance of the
   * covariance's eigenvalues if they are not. Each pair varies by 2, and pairs are uncorrelated.
   */
  unevenness(): { readonly mean: number; readonly standardError: number } {
    const { count, width } = this
    let norm = 0
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) norm += (j === i ? 1 : 2) * this.#products[i * width + j]! ** 2
    }
    // The squared norm of the sum of all u u^T is the sum of all squared cosines, `count` of which are 1.
    const pairs = count * (count - 1)
    return { mean: (width * (norm - count)) / pairs - 1, standardError: 2 / Math.sqrt(pairs) }
  }

  /**
   * Largest and smallest eigenvalue of the directions' covariance, and the number of dimensions over which they are evenly spread.
   * Eigenvalues of independent coordinates lie within (1 +- sqrt(width / count))^2 (Marchenko and Pastur).
   */
  spectrum(): { readonly largest: number; readonly smallest: number; readonly effectiveDimensions: number } {
    const { count, width } = this
    const matrix = this.#products.map((_, k) => {
      const [i, j] = [Math.floor(k / width), k % width]
      return (this.#products[Math.max(i, j) * width + Math.min(i, j)]! * width) / count
    })
    const largest = largestEigenvalue(matrix, width)
    const mirrored = matrix.map((value, k) => (k % (width + 1) === 0 ? largest - value : -value))
    const smallest = largest - largestEigenvalue(mirrored, width)
    return { largest, smallest, effectiveDimensions: width / (1 + this.unevenness().mean) }
  }

  tests(): readonly TestResult[] {
    const { count, width } = this
    let [means, variances] = [0, 0]
    for (let i = 0; i < width; i++) {
      means += (this.#sums[i]! / count) ** 2 * (count / VARIANCE)
      variances += ((this.#squares[i]! / count - VARIANCE) ** 2 * count) / (FOURTH_MOMENT - VARIANCE ** 2)
    }
    const test = (name: string, statistic: number, degrees: number): TestResult => ({
      name,
      statistic: statistic / degrees,
      pValue: chiSquareTwoSided(statistic, degrees),
    })
    const { mean, standardError } = this.unevenness()
    const z = mean / standardError
    return [
      test('means of coordinates (chi-square per degree)', means, width),
      test('variances of coordinates (chi-square per degree)', variances, width),
      {
        name: 'squared cosines between outputs (z)',
        statistic: z,
        pValue: normalTwoSided(z),
      },
    ]
  }
}

/** Power iteration on a symmetric matrix without negative eigenvalues. */
function largestEigenvalue(matrix: Float64Array, size: number): number {
  let vector = Float64Array.from({ length: size }, (_, i) => Math.cos(i * i + 1))
  let value = 0
  for (let round = 0; round < 300; round++) {
    const next = new Float64Array(size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) next[i]! += matrix[i * size + j]! * vector[j]!
    value = Math.hypot(...next)
    vector = next.map((x) => x / value)
  }
  return value
}

function powerMean(power: number): number {
  let sum = 0
  for (let value = 1; value <= 127; value++) sum += (2 * value ** power) / 256
  return sum
}
