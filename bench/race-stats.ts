// `npm run race:stats -- --json`: is a hit luck and nothing else? Over two million nonces of `micro`, samples of the others,
// on the WebAssembly path. Everything is seeded and exact, so that every machine prints the same p-values.
import { createHash } from 'node:crypto'
import { embed } from '../shared/race/reference/forward.ts'
import { RACE_CLASSES, type RaceClass } from '../shared/race/race-class.ts'
import { nonceRange, type PreparedRace } from '../shared/race/race-path.ts'
import { generateTarget } from '../shared/race/generator.ts'
import { derivePermutation, scoreOutput, sumOfSquares } from '../shared/race/score.ts'
import { deriveInputKey, deriveNodeSeed, deriveRaceSeed } from '../shared/race/seeds.ts'
import { normalDensity, poissonTwoSided, sphereCosineCdf } from '../shared/race/stats/distributions.ts'
import { OutputMoments } from '../shared/race/stats/output-moments.ts'
import {
  correlation,
  gapsBetweenHits,
  hitsPerBit,
  hitsPerBlock,
  kolmogorovSmirnov,
  lagCorrelations,
  neighboursOfHits,
  runsOfSigns,
  type TestResult,
} from '../shared/race/stats/sequence-tests.ts'
import { createWasmPath } from '../shared/race/wasm/wasm-path.ts'
import { machine } from './machine.ts'
import { round } from './statistics.ts'

/** Nonces from 0 on for each of two beacons and, with each, two public keys. */
const PLANS: readonly { readonly raceClass: RaceClass; readonly noncesPerKey: number }[] = [
  { raceClass: RACE_CLASSES.micro, noncesPerKey: 2 ** 19 },
  { raceClass: RACE_CLASSES.tab, noncesPerKey: 512 },
  { raceClass: RACE_CLASSES.paper, noncesPerKey: 128 },
]
const BEACONS = ['first', 'second']
const KEYS = ['one', 'two']
const CHUNK = 2 ** 14
/** Kurtosis of a uniform law, less that of the normal one. */
const UNIFORM_EXCESS = -1.2
const HIT_RATE = 1 / 900
/** Chance alone sends one family of tests in a hundred below this, divided by the number of tests. */
const FAMILY_ERROR = 0.01

const isJson = process.argv.includes('--json')
const say = (text: string): void => {
  if (!isJson) console.log(text)
}

/** What one beacon and one key gave. */
interface Series {
  readonly cosines: Float64Array
  readonly hits: Uint8Array
}

const reports = []
for (const plan of PLANS) reports.push(await study(plan))
const pValues = reports.flatMap((report) => report.tests.map((test) => test.pValue))
const threshold = FAMILY_ERROR / pValues.length
const smallestPValue = Math.min(...pValues)
const micro = reports[0]!
const ok =
  smallestPValue >= threshold &&
  Math.abs(micro.hitRateTimes900 - 1) <= 0.05 &&
  reports.every((report) => report.fewestValuesOfACoordinate > 1 && report.unevennessOfValues <= 0.01)
say(
  `smallest of ${pValues.length} p-values: ${smallestPValue.toExponential(2)} (limit ${threshold.toExponential(2)})`,
)
console.log(
  JSON.stringify({
    ok,
    machine: machine(),
    tests: pValues.length,
    smallestPValue,
    threshold,
    classes: reports,
  }),
)
if (!ok) process.exitCode = 1

async function study({ raceClass, noncesPerKey }: (typeof PLANS)[number]) {
  const started = performance.now()
  const moments = new OutputMoments(raceClass.width)
  const series: Series[] = []
  const tests: TestResult[] = []
  const path = createWasmPath()
  for (const beacon of BEACONS) {
    const raceSeed = await deriveRaceSeed(digest(`beacon ${beacon}`), raceClass)
    const target = generateTarget(raceClass, raceSeed)
    const race = await path.prepare({ raceClass, raceSeed })
    for (const key of KEYS) {
      const one = await run(race, digest(`key ${key}`), noncesPerKey, sumOfSquares(target), moments)
      series.push(one)
      tests.push(
        fitOfCosines(raceClass, `cosines of beacon ${beacon}, key ${key} (Kolmogorov-Smirnov)`, one, target),
      )
    }
    if (beacon === BEACONS[0]) tests.push(await inputsAndScores(race, target, series[0]!))
    race.dispose()
  }
  await path.dispose()

  const cosines = Float64Array.from(series.flatMap((one) => [...one.cosines]))
  const hits = Uint8Array.from(series.flatMap((one) => [...one.hits]))
  const hitCount = hits.reduce((sum, isHit) => sum + isHit, 0)
  const expected = hits.length * HIT_RATE
  tests.push({
    name: 'number of hits (Poisson)',
    statistic: hitCount - expected,
    pValue: poissonTwoSided(hitCount, expected),
  })
  tests.push(...moments.tests())
  tests.push(runsOfSigns('runs of signs of the score (Wald-Wolfowitz)', cosines))
  tests.push(lagCorrelations('correlation of scores at lags 1 to 16 (Box-Pierce)', cosines, 16))
  const squares = cosines.map((cosine) => cosine * cosine)
  tests.push(lagCorrelations('correlation of squared scores at lags 1 to 16 (Box-Pierce)', squares, 16))
  for (const [i, a] of series.entries()) {
    for (const [j, b] of series.entries()) {
      if (j < i) tests.push(correlation(`scores of equal nonces, series ${j} and ${i}`, b.cosines, a.cosines))
    }
  }
  // Tests of hits need hits: a sample of a slow class has none or few.
  if (hitCount > 500) {
    tests.push(hitsPerBlock('hits in 64 blocks of the order (chi-square)', hits, 64))
    tests.push(hitsPerBit('hits by each bit of the place (chi-square)', hits, Math.log2(hits.length)))
    tests.push(gapsBetweenHits('gaps between hits are geometric (chi-square)', hits, 16))
    const bits = Math.log2(noncesPerKey)
    tests.push(...neighboursOfHits('neighbours of a hit', cosines, hits, { reach: 8, bits }))
  }

  const report = {
    name: raceClass.name,
    nonces: hits.length,
    hits: hitCount,
    hitRateTimes900: round((hitCount / hits.length) * 900),
    hitRateStandardError: round(1 / Math.sqrt(expected)),
    fewestValuesOfACoordinate: moments.fewestValues(),
    unevennessOfValues: moments.valueUnevenness(),
    commonPartOfOutputs: moments.commonPart(),
    spectrum: moments.spectrum(),
    spectrumOfIndependentCoordinates: edges(raceClass.width / hits.length),
    seconds: Math.round((performance.now() - started) / 1000),
    tests,
  }
  say(
    `${report.name}: ${report.nonces} nonces, ${hitCount} hits, ${report.hitRateTimes900} of 1/900, ${report.seconds} s`,
  )
  for (const { name, statistic, pValue } of tests)
    say(`  p = ${pValue.toFixed(4)}  ${name}: ${statistic.toPrecision(4)}`)
  return report
}

async function run(
  race: PreparedRace,
  publicKey: Uint8Array,
  count: number,
  targetSquared: number,
  moments: OutputMoments,
): Promise<Series> {
  const nodeSeed = await deriveNodeSeed(publicKey)
  const cosines = new Float64Array(count)
  const hits = new Uint8Array(count)
  for (let first = 0; first < count; first += CHUNK) {
    const nonces = nonceRange(first, Math.min(CHUNK, count - first))
    const result = await race.evaluate({ nodeSeed, nonces })
    moments.add(result.outputs)
    hits.set(result.hits, first)
    for (const [i, dot] of result.dots.entries()) {
      cosines[first + i] = dot / Math.sqrt(result.squaredLengths[i]! * targetSquared)
    }
  }
  return { cosines, hits }
}

/**
 * Independent uniform coordinates against this target: the law of the sphere, its fourth cumulant moved by the two
 * kurtoses (docs/race.md, section 7).
 */
function fitOfCosines(
  raceClass: RaceClass,
  name: string,
  { cosines }: Series,
  target: Int8Array,
): TestResult {
  const { width } = raceClass
  const fourth = target.reduce((sum, value) => sum + value ** 4, 0)
  const targetExcess = (width * fourth) / sumOfSquares(target) ** 2 - 3
  const cumulant = (UNIFORM_EXCESS * targetExcess) / width
  return kolmogorovSmirnov(name, cosines, (cosine) => {
    const z = cosine * Math.sqrt(width)
    return sphereCosineCdf(cosine, width) - (cumulant / 24) * (z ** 3 - 3 * z) * normalDensity(z)
  })
}

/** Does the score that the raw input of the last position would get say anything about the score of the output? */
async function inputsAndScores(
  race: PreparedRace,
  target: Int8Array,
  { cosines }: Series,
): Promise<TestResult> {
  const { raceClass, raceSeed } = race
  const inputKey = await deriveInputKey(raceSeed, await deriveNodeSeed(digest(`key ${KEYS[0]!}`)))
  const count = Math.min(2 ** 14, cosines.length)
  const ofInput = Float64Array.from({ length: count }, (_, nonce) => {
    const last = embed(raceClass, inputKey, nonce).subarray(-raceClass.width)
    const permutation = derivePermutation(raceClass, inputKey, nonce)
    const { dot, squaredLength } = scoreOutput(raceClass, last, permutation, target)
    return dot / Math.sqrt(squaredLength)
  })
  return correlation('scores of inputs and of outputs', ofInput, cosines.subarray(0, count))
}

/** Where Marchenko and Pastur put the eigenvalues of independent coordinates. */
function edges(ratio: number): { readonly largest: number; readonly smallest: number } {
  return { largest: (1 + Math.sqrt(ratio)) ** 2, smallest: Math.max(0, 1 - Math.sqrt(ratio)) ** 2 }
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(`race statistics: ${text}`).digest()
}
