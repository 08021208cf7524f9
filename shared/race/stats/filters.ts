import { normalDensity, normalTail } from './distributions.ts'

// What a cheater gains who evaluates nonces cheaply and finishes the promising ones only. Scores are standard normal, a hit is a score
// above the 1/900 quantile, and all costs are shares of one honest evaluation.

export const HIT_PROBABILITY = 1 / 900
/** normalTail(HIT_SCORE) = 1 / 900. */
export const HIT_SCORE = 3.0588043564590732

/** A point at which a nonce may be given up. */
export interface Stage {
  /** What has been spent on the nonce when this stage is reached, 0 to 1 and growing. */
  readonly cost: number
  /** Correlation of the best guess at this stage with the final score, 0 to 1 and not falling. */
  readonly correlation: number
}

/** Guesses on a grid, in units of the deviation of the last guess: a guess that knows little moves little. */
const GRID = { from: -5, to: 7, step: 0.01 } as const
const GRID_POINTS = Math.round((GRID.to - GRID.from) / GRID.step) + 1
/** Where a normal density is cut off, in standard deviations. */
const REACH = 5

/**
 * The gain of the best cascade: hits per cost over those of an honest player, less one.
 *
 * Guesses form a martingale, so the best moment to give up follows by backward induction (optimal stopping): a nonce is worth
 * going on with while its expected reward exceeds what is left to pay. The reward per hit at which playing is worth nothing is the
 * cheater's cost of a hit.
 */
export function bestCascade(stages: readonly Stage[], finalCost = 1): number {
  const honest = finalCost / HIT_PROBABILITY
  let [low, high] = [honest / 1_000, honest]
  // Halving a thousandfold range 30 times leaves a millionth.
  for (let round = 0; round < 30; round++) {
    const middle = (low + high) / 2
    if (valueOfPlaying(stages, finalCost, middle) > 0) high = middle
    else low = middle
  }
  return Math.max(0, 1 / HIT_PROBABILITY / high - 1)
}

/** What a nonce is worth to a cheater who gets `reward` for a hit and pays for every stage. */
function valueOfPlaying(stages: readonly Stage[], finalCost: number, reward: number): number {
  if (stages.length === 0) return reward * HIT_PROBABILITY - finalCost
  // From the last stage on there is only to finish: the rest of the score is normal.
  const last = stages.at(-1)!
  const unit = Math.max(1e-6, last.correlation)
  let variance = last.correlation ** 2
  const left = Math.sqrt(Math.max(1e-12, 1 - variance))
  let cost = last.cost
  let values = Float64Array.from({ length: GRID_POINTS }, (_, i) => {
    const guess = unit * (GRID.from + i * GRID.step)
    return Math.max(0, reward * normalTail((HIT_SCORE - guess) / left) - (finalCost - cost))
  })
  for (const stage of stages.slice(0, -1).toReversed()) {
    const earlier = Math.min(stage.correlation ** 2, variance)
    const expected = blur(values, Math.sqrt(variance - earlier) / unit)
    const rest = cost - stage.cost
    values = expected.map((value) => Math.max(0, value - rest))
    variance = earlier
    cost = stage.cost
  }
  const start = blur(values, Math.sqrt(variance) / unit)[Math.round(-GRID.from / GRID.step)]!
  return start - cost
}

/** The expectation of `values` at a guess that moves by a normal step, in units of the grid; what is finer than it moves nothing. */
function blur(values: Float64Array, deviation: number): Float64Array<ArrayBuffer> {
  const reach = Math.floor((REACH * deviation) / GRID.step)
  if (deviation < GRID.step) return values.slice()
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
    normalDensity(((k - reach) * GRID.step) / deviation),
  )
  const sum = kernel.reduce((total, weight) => total + weight, 0)
  return Float64Array.from(values, (_, i) => {
    let expected = 0
    for (let k = 0; k < kernel.length; k++) {
      const place = Math.max(0, Math.min(values.length - 1, i + k - reach))
      expected += kernel[k]! * values[place]!
    }
    return expected / sum
  })
}

/**
 * The gain of evaluating a cheap network first and the honest one, or a part of it again, for promising nonces.
 *
 * @param cheapCost what the cheap evaluation costs, with everything before it
 * @param rest what is still to pay for a promising nonce
 */
export function bestFilter(correlation: number, cheapCost: number, rest: number): number {
  return bestCascade(
    [{ cost: cheapCost, correlation: Math.min(1, Math.max(0, correlation)) }],
    cheapCost + rest,
  )
}

/**
 * The gain of grinding something that costs next to nothing, such as permutations: of `1 / share` nonces the best one is evaluated.
 *
 * @param hitProbability of a nonce whose predictor is `x` standard deviations above its mean
 * @param cost of one predictor
 */
export function bestGrind(hitProbability: (x: number) => number, cost: number): number {
  let best = 0
  for (let cut = -3; cut <= 5; cut += 0.05) {
    const share = normalTail(cut)
    let hits = 0
    const step = 0.02
    for (let x = cut + step / 2; x < cut + 8; x += step) hits += hitProbability(x) * normalDensity(x) * step
    best = Math.max(best, hits / HIT_PROBABILITY / (share + cost) - 1)
  }
  return best
}

/** P(hit) when the mean score is known to be `correlation * x`. */
export function hitWithShiftedMean(correlation: number): (x: number) => number {
  const deviation = Math.sqrt(1 - correlation ** 2)
  return (x) => normalTail((HIT_SCORE - correlation * x) / deviation)
}

/** P(hit) when the variance of the score is known to be `1 + spread * x`. */
export function hitWithSpreadVariance(spread: number): (x: number) => number {
  return (x) => normalTail(HIT_SCORE / Math.sqrt(Math.max(1e-6, 1 + spread * x)))
}
