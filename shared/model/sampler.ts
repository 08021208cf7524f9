import type { SamplingParams } from '../engine/compute-engine.ts'
import { ModelError } from './model-error.ts'

/**
 * Checks sampling parameters that came from outside.
 * @throws ModelError `BAD_SAMPLING` naming the parameter and its range
 */
export function checkSamplingParams(params: SamplingParams): void {
  const ranges: readonly (readonly [keyof SamplingParams, number, number, boolean])[] = [
    ['temperature', 0, 100, false],
    ['topK', 0, 1_048_576, true],
    ['topP', 0, 1, false],
    ['minP', 0, 1, false],
    ['repetitionPenalty', 0.01, 100, false],
    ['seed', 0, 0xffffffff, true],
  ]
  for (const [name, low, high, isWhole] of ranges) {
    const value = params[name]
    if (
      typeof value !== 'number' ||
      !(value >= low && value <= high) ||
      (isWhole && !Number.isInteger(value))
    ) {
      throw badSampling(
        `${name} is ${value}; ${isWhole ? 'a whole number' : 'a number'} from ${low} to ${high} works`,
      )
    }
  }
}

/**
 * Chooses the next token. Steps: repetition penalty, temperature, top-k, top-p, min-p, then one draw by the
 * counter-based generator at (`seed`, `position`). Uses only operations that ECMAScript defines to the last bit, so a
 * verifier replays the choice on any machine from the same logits.
 *
 * At temperature 0 the largest logit wins; ties go to the lowest id.
 *
 * @param logits `[vocabSize]`; not changed
 * @param history distinct ids that the repetition penalty applies to: the prompt and what was generated so far
 * @param position index of the new token in the whole sequence
 * @throws ModelError `BAD_SAMPLING` for logits that are not finite
 */
export function sampleToken(
  logits: Float32Array,
  params: SamplingParams,
  history: ReadonlySet<number>,
  position: number,
): number {
  for (let id = 0; id < logits.length; id++) {
    if (!Number.isFinite(logits[id])) throw badSampling(`logit ${id} is ${logits[id]}`)
  }
  const score = (id: number): number => penalised(logits[id]!, history.has(id) ? params.repetitionPenalty : 1)

  let best = 0
  let bestScore = score(0)
  for (let id = 1; id < logits.length; id++) {
    const candidate = score(id)
    if (candidate > bestScore) {
      best = id
      bestScore = candidate
    }
  }
  if (params.temperature === 0) return best

  const candidates: Candidate[] = []
  for (let id = 0; id < logits.length; id++) {
    const exponent = (score(id) - bestScore) / params.temperature
    // exp(-45) is below 2^-64 of the largest weight: a million such tokens do not move a 53-bit draw.
    if (exponent > -45) candidates.push({ id, weight: expOfNegative(exponent) })
  }
  candidates.sort((a, b) => b.weight - a.weight || a.id - b.id)
  return draw(keep(candidates, params), uniform(params.seed, position))
}

interface Candidate {
  readonly id: number
  /** Relative to the most likely token, whose weight is 1. */
  readonly weight: number
}

function penalised(logit: number, penalty: number): number {
  return logit > 0 ? logit / penalty : logit * penalty
}

/** Applies top-k, top-p and min-p to candidates in falling order; at least one stays. */
function keep(candidates: readonly Candidate[], { topK, topP, minP }: SamplingParams): readonly Candidate[] {
  let count = topK === 0 ? candidates.length : Math.min(topK, candidates.length)
  if (topP < 1) {
    const limit = topP * totalWeight(candidates, count)
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += candidates[i]!.weight
      if (sum >= limit) count = i + 1
    }
  }
  while (count > 1 && candidates[count - 1]!.weight < minP) count--
  return candidates.slice(0, count)
}

function draw(candidates: readonly Candidate[], fraction: number): number {
  const target = fraction * totalWeight(candidates, candidates.length)
  let sum = 0
  let last = 0
  for (const { id, weight } of candidates) {
    sum += weight
    last = id
    if (target < sum) return id
  }
  return last
}

function totalWeight(candidates: readonly Candidate[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += candidates[i]!.weight
  return sum
}

/**
 * A uniform number in [0, 1) with 53 bits, from Philox 2x32-10 with key `seed` and counter (`position`, 0).
 * @see Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3
 */
export function uniform(seed: number, position: number): number {
  const [low, high] = philox2x32(position >>> 0, 0, seed >>> 0)
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}

/** One block of Philox 2x32 with 10 rounds. Exported for its known-answer test. */
export function philox2x32(counter0: number, counter1: number, key: number): [number, number] {
  let [left, right, roundKey] = [counter0 >>> 0, counter1 >>> 0, key >>> 0]
  for (let round = 0; round < 10; round++) {
    const [high, low] = multiplyWide(0xd256d193, left)
    left = (high ^ roundKey ^ right) >>> 0
    right = low
    roundKey = (roundKey + 0x9e3779b9) >>> 0
  }
  return [left, right]
}

/** The 64-bit product of two unsigned 32-bit numbers as [high, low]. */
function multiplyWide(a: number, b: number): [number, number] {
  const product = BigInt(a) * BigInt(b)
  return [Number(product >> 32n), Number(product & 0xffffffffn)]
}

const LOG2_E = 1.4426950408889634
// ln 2 in two parts: the first has 21 trailing zero bits, so that k x high is exact for |k| < 2^20.
const LN2_HIGH = 6.9314718036912381649e-1
const LN2_LOW = 1.90821492927058770002e-10

/**
 * e^x for -700 < x <= 0, within 2^-51. `Math.exp` is not used: the language leaves its last bits to the engine, and a
 * replayed draw must not depend on the browser.
 */
export function expOfNegative(x: number): number {
  const k = Math.round(x * LOG2_E)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  // Taylor to r^13 / 13!; |r| <= ln 2 / 2, so the next term is below 2^-57.
  let sum = 1
  for (let n = 13; n >= 1; n--) sum = 1 + (sum * r) / n
  return sum * powerOfTwo(k)
}

/** 2^k for -1022 <= k <= 1023, built from its bits. */
function powerOfTwo(k: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, (k + 1023) << 20)
  return view.getFloat64(0)
}

function badSampling(what: string): ModelError {
  return new ModelError(`No token can be sampled: ${what}.`, { data: { code: 'BAD_SAMPLING' } })
}
