import {
  chiSquareTail,
  chiSquareTwoSided,
  kolmogorovTail,
  normalTwoSided,
  poissonTwoSided,
} from './distributions.ts'

/** What a test found. A small p-value says that chance alone rarely looks like this. */
export interface TestResult {
  readonly name: string
  readonly statistic: number
  readonly pValue: number
}

/** Kolmogorov-Smirnov: do the samples follow `cdf`? */
export function kolmogorovSmirnov(
  name: string,
  samples: Float64Array,
  cdf: (x: number) => number,
): TestResult {
  const sorted = samples.slice().sort()
  let distance = 0
  for (const [i, x] of sorted.entries()) {
    const expected = cdf(x)
    distance = Math.max(distance, expected - i / sorted.length, (i + 1) / sorted.length - expected)
  }
  return { name, statistic: distance, pValue: kolmogorovTail(distance, sorted.length) }
}

/** Wald-Wolfowitz: are there as many runs of positive and negative values as an independent sequence has? */
export function runsOfSigns(name: string, values: Float64Array): TestResult {
  let positive = 0
  let runs = 1
  for (const [i, value] of values.entries()) {
    if (value > 0) positive++
    if (i > 0 && value > 0 !== values[i - 1]! > 0) runs++
  }
  const n = values.length
  const product = 2 * positive * (n - positive)
  const mean = product / n + 1
  const variance = ((mean - 1) * (mean - 2)) / (n - 1)
  const z = (runs - mean) / Math.sqrt(variance)
  return { name, statistic: z, pValue: normalTwoSided(z) }
}

/** Lags 1 to `lags`: the sum of squared autocorrelations (Box-Pierce). */
export function lagCorrelations(name: string, values: Float64Array, lags: number): TestResult {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n
  let statistic = 0
  for (let lag = 1; lag <= lags; lag++) {
    let sum = 0
    for (let i = lag; i < n; i++) sum += (values[i]! - mean) * (values[i - lag]! - mean)
    statistic += (n - lag) * (sum / (n - lag) / variance) ** 2
  }
  return { name, statistic, pValue: chiSquareTwoSided(statistic, lags) }
}

/** Are two series of equal length uncorrelated? */
export function correlation(name: string, a: Float64Array, b: Float64Array): TestResult {
  const n = a.length
  const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / n
  const [meanA, meanB] = [meanOf(a), meanOf(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  const r = ab / Math.sqrt(aa * bb)
  return { name, statistic: r, pValue: normalTwoSided(r * Math.sqrt(n)) }
}

/** Do equal blocks of the sequence hold equally many hits? */
export function hitsPerBlock(name: string, hits: Uint8Array, blocks: number): TestResult {
  const counts = new Array<number>(blocks).fill(0)
  for (const [i, isHit] of hits.entries()) counts[Math.floor((i * blocks) / hits.length)]! += isHit
  const expected = counts.reduce((sum, count) => sum + count, 0) / blocks
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  return { name, statistic, pValue: chiSquareTwoSided(statistic, blocks - 1) }
}

/** Are gaps between hits geometric? They are sorted into bins that are equally likely at the observed rate. */
export function gapsBetweenHits(name: string, hits: Uint8Array, bins: number): TestResult {
  const places = [...hits.keys()].filter((i) => hits[i] === 1)
  const rate = places.length / hits.length
  const counts = new Array<number>(bins).fill(0)
  for (let i = 1; i < places.length; i++) {
    // P(gap > g) = (1 - rate)^g; half a step makes the discrete law continuous.
    const tail = (1 - rate) ** (places[i]! - places[i - 1]! - 0.5)
    counts[Math.min(bins - 1, Math.floor(tail * bins))]!++
  }
  const expected = (places.length - 1) / bins
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  return { name, statistic, pValue: chiSquareTail(statistic, bins - 2) }
}

/** Does any bit of the place in the sequence favour hits? `bits` lowest bits; the sequence is a whole number of 2^bits. */
export function hitsPerBit(name: string, hits: Uint8Array, bits: number): TestResult {
  let statistic = 0
  for (let bit = 0; bit < bits; bit++) {
    let [zero, one] = [0, 0]
    for (const [i, isHit] of hits.entries()) {
      if (((i >>> bit) & 1) === 0) zero += isHit
      else one += isHit
    }
    statistic += (zero - one) ** 2 / (zero + one)
  }
  return { name, statistic, pValue: chiSquareTwoSided(statistic, bits) }
}

/**
 * Looks at the neighbours of every hit: the next `reach` on both sides, and those whose place differs in one of `bits` bits.
 * Are their scores as those of others, and are there as many hits among them?
 */
export function neighboursOfHits(
  name: string,
  scores: Float64Array,
  hits: Uint8Array,
  { reach, bits }: { readonly reach: number; readonly bits: number },
): readonly TestResult[] {
  const n = scores.length
  const hitCount = hits.reduce((sum, isHit) => sum + isHit, 0)
  let [sum, count, hitsSeen] = [0, 0, 0]
  for (const i of hits.keys()) {
    if (hits[i] !== 1) continue
    const near = Array.from({ length: 2 * reach }, (_, k) => (k < reach ? i + k + 1 : i - (k - reach) - 1))
    // Lower bits lead to places that are within reach already.
    for (let bit = Math.ceil(Math.log2(reach + 1)); bit < bits; bit++) near.push(i ^ (2 ** bit))
    for (const j of near) {
      if (j < 0 || j >= n) continue
      sum += scores[j]!
      count++
      hitsSeen += hits[j]!
    }
  }
  const mean = scores.reduce((total, score) => total + score, 0) / n
  const variance = scores.reduce((total, score) => total + (score - mean) ** 2, 0) / n
  const z = (sum - count * mean) / Math.sqrt(count * variance)
  // Being neighbours is mutual, so each pair of hits was seen from both ends.
  const pairs = hitsSeen / 2
  const expectedPairs = (count * (hitCount - 1)) / (2 * (n - 1))
  return [
    { name: `${name}: scores`, statistic: z, pValue: normalTwoSided(z) },
    {
      name: `${name}: pairs of hits`,
      statistic: pairs - expectedPairs,
      pValue: poissonTwoSided(pairs, expectedPairs),
    },
  ]
}
