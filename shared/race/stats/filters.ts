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

const GRID_LIMIT = 7
const GRID_STEPS = 700
/** Gauss-Hermite nodes and weights for a standard normal variable, 9 points (Abramowitz and Stegun, table 25.10, scaled). */
const NODES = [0, 1.023255663789133, 2.077847978677855, 3.20542900285647, 4.512745863399783] as const
const WEIGHTS = [
  0.406349206349206, 0.244097502894939, 0.049916406765217, 0.002789141321231, 0.000022345844007,
] as const

/**
 * The gain of the best cascade: hits per cost over those of an honest player, less one.
 *
 * Guesses form a martingale, so the best moment to give up follows by backward induction (optimal stopping): a nonce is worth
 * going on with while its expected reward exceeds what is left to pay. The reward per hit at which playing is worth nothing is the
 * cheater's cost of a hit.
 */
export function bestCascade(stages: readonly Stage[], finalCost = 1): number {
  let [low, high] = [1e-9, finalCost / HIT_PROBABILITY]
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if (valueOfPlaying(stages, finalCost, middle) > 0) high = middle
    else low = middle
  }
  return Math.max(0, 1 / HIT_PROBABILITY / high - 1)
}

function valueOfPlaying(stages: readonly Stage[], finalCost: number, reward: number): number {
  const grid = Float64Array.from(
    { length: GRID_STEPS + 1 },
    (_, i) => GRID_LIMIT * ((2 * i) / GRID_STEPS - 1),
  )
  // From the last stage on there is only to finish: the rest of the score is normal.
  let next = (guess: number, variance: number): number => {
    const deviation = Math.sqrt(Math.max(1e-12, 1 - variance))
    return reward * normalTail((HIT_SCORE - guess) / deviation)
  }
  let nextCost = finalCost
  let nextVariance = 1
  for (const stage of stages.toReversed()) {
    const variance = Math.min(stage.correlation ** 2, nextVariance)
    const deviation = Math.sqrt(nextVariance - variance)
    const isFinal = nextVariance === 1
    const rest = nextCost - stage.cost
    const goOn = next
    const values = grid.map((guess) => {
      let expected = 0
      if (isFinal) expected = goOn(guess, variance)
      else {
        for (const [k, node] of NODES.entries()) {
          const weight = WEIGHTS[k]!
          expected += weight * goOn(guess + node * deviation, 0)
          if (k > 0) expected += weight * goOn(guess - node * deviation, 0)
        }
      }
      return Math.max(0, expected - rest)
    })
    next = (guess) => interpolate(values, guess)
    nextCost = stage.cost
    nextVariance = variance
  }
  if (stages.length === 0) return reward * HIT_PROBABILITY - finalCost
  // The first guess is normal with the variance of its stage; the trapezoid rule is exact enough on this grid.
  const deviation = Math.sqrt(nextVariance)
  if (deviation < 1e-6) return next(0, 0) - nextCost
  let value = 0
  const step = 0.01
  for (let x = -6; x <= 6; x += step) value += next(x * deviation, 0) * normalDensity(x) * step
  return value - nextCost
}

function interpolate(values: Float64Array, guess: number): number {
  const place = ((guess / GRID_LIMIT + 1) / 2) * GRID_STEPS
  if (place <= 0) return values[0]!
  if (place >= GRID_STEPS) return values[GRID_STEPS]!
  const i = Math.floor(place)
  return values[i]! + (place - i) * (values[i + 1]! - values[i]!)
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
