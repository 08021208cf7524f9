import { RaceError } from './race-error.ts'

/** The shape of a Race network and its fixed-point constants. @see docs/race.md, section 2 */
export interface RaceClass {
  readonly name: RaceClassName
  /** Hashed into the race seed, so that one class is no part of another. */
  readonly number: number
  readonly layers: number
  /** `D`: a power of two and a multiple of 64, so that a row of weights is a whole number of generator blocks. */
  readonly width: number
  /** Attention heads of dimension {@link HEAD_DIMENSION}. */
  readonly heads: number
  /** `F`: hidden units of the gated feed-forward, a multiple of 64. */
  readonly feedForward: number
  /** Right shift of the accumulators of query, key, value and up. */
  readonly projectionShift: number
  /** Scores halve a softmax weight every `2^scoreShift`. */
  readonly scoreShift: number
  /** Right shift of gate times up. */
  readonly productShift: number
  /** round(32 * sqrt(width) * 2^16): the norm's output has root mean square 32. */
  readonly normConstant: number
  /** The squared cosine of a hit is at least `hitNumerator / 65536`. */
  readonly hitNumerator: number
  /** False for the class of the tests: its proofs carry no weight. */
  readonly countsForWeight: boolean
}

export type RaceClassName = 'paper' | 'tab' | 'micro'

/** Positions of every nonce's input. */
export const POSITIONS = 4
export const HEAD_DIMENSION = 4

const WIDTH_512 = {
  width: 512,
  heads: 128,
  feedForward: 8_192,
  projectionShift: 11,
  scoreShift: 9,
  productShift: 6,
  normConstant: 47_453_133,
  hitNumerator: 1_192,
  countsForWeight: true,
} as const

export const RACE_CLASSES: Readonly<Record<RaceClassName, RaceClass>> = {
  paper: { name: 'paper', number: 1, layers: 64, ...WIDTH_512 },
  tab: { name: 'tab', number: 2, layers: 16, ...WIDTH_512 },
  micro: {
    name: 'micro',
    number: 3,
    layers: 6,
    width: 64,
    heads: 16,
    feedForward: 128,
    projectionShift: 9,
    scoreShift: 10,
    productShift: 6,
    normConstant: 16_777_216,
    hitNumerator: 9_216,
    countsForWeight: false,
  },
}

/** Finds a class by its name. @throws RaceError `UNKNOWN_CLASS` */
export function parseRaceClass(value: unknown): RaceClass {
  if (typeof value === 'string' && Object.hasOwn(RACE_CLASSES, value)) {
    return RACE_CLASSES[value as RaceClassName] // checked above
  }
  const name = typeof value === 'string' ? `"${value.slice(0, 40)}"` : `of type ${typeof value}`
  throw new RaceError(`There is no Race class ${name}.`, {
    data: { code: 'UNKNOWN_CLASS' },
    metaMessages: [
      'A newer or older version of the software may know other classes.',
      `Use one of: ${Object.keys(RACE_CLASSES).join(', ')}.`,
    ],
    docsPath: 'docs/race.md',
  })
}

/** The matrices of a layer, in the order of their numbers. */
export const TENSOR_NAMES = ['query', 'key', 'value', 'output', 'gate', 'up', 'down'] as const
export type TensorName = (typeof TENSOR_NAMES)[number]

/** Rows (outputs) and columns (inputs) of a weight matrix. */
export function tensorShape(raceClass: RaceClass, tensor: TensorName): { rows: number; columns: number } {
  const { width, feedForward } = raceClass
  switch (tensor) {
    case 'query':
    case 'key':
    case 'value':
    case 'output':
      return { rows: width, columns: width }
    case 'gate':
    case 'up':
      return { rows: feedForward, columns: width }
    case 'down':
      return { rows: width, columns: feedForward }
    default:
      return tensor satisfies never
  }
}

/** Weights of all layers; each is one byte. */
export function countParameters(raceClass: RaceClass): number {
  const { width, feedForward, layers } = raceClass
  return layers * (4 * width * width + 3 * width * feedForward)
}

/** Multiply-accumulates that one nonce needs: what it counts for. The last layer's are those of one position. */
export function countMultiplyAccumulates(raceClass: RaceClass): number {
  const { width, feedForward, layers } = raceClass
  const position = 4 * width ** 2 + 3 * width * feedForward + 2 * POSITIONS * width
  const last = (2 * POSITIONS + 2) * width ** 2 + 3 * width * feedForward + 2 * POSITIONS * width
  return (layers - 1) * POSITIONS * position + last
}
