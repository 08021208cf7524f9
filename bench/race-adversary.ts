// `npm run race:adversary -- --json`: plays the shortcuts of docs/race.md, section 10, against the real classes and prints
// what each gains. An advantage of 0.05 means 5 % more hits for the same cost. Seeded; minutes, or `--class micro`.
import { createHash } from 'node:crypto'
import {
  POSITIONS,
  RACE_CLASSES,
  countParameters,
  parseRaceClass,
  type RaceClass,
} from '../shared/race/race-class.ts'
import { generateTarget } from '../shared/race/generator.ts'
import { nonceRange } from '../shared/race/race-path.ts'
import { embed, forward, storedTensors } from '../shared/race/reference/forward.ts'
import {
  deriveInputKey,
  deriveNodeSeed,
  deriveRaceSeed,
  type InputKey,
  type RaceSeed,
} from '../shared/race/seeds.ts'
import {
  bestCascade,
  bestFilter,
  bestGrind,
  hitWithShiftedMean,
  hitWithSpreadVariance,
  type Stage,
} from '../shared/race/stats/filters.ts'
import { OutputMoments } from '../shared/race/stats/output-moments.ts'
import { AlteredNetworks, ARRAY, type Alteration } from './race-adversary/altered-networks.ts'
import { filterAttacks, sharesOf } from './race-adversary/attacks.ts'
import { cosine, Mean } from './race-adversary/cosine.ts'
import { GuessRows, linearGuess } from './race-adversary/linear-guess.ts'
import { machine } from './machine.ts'

/**
 * Batches of nonces: `exits` on the honest network alone, `filters` on it and on every altered one. The standard error of a correlation
 * is one over the root of (nonces x width).
 */
const PLANS: readonly {
  readonly raceClass: RaceClass
  readonly exits: Batches
  readonly filters: Batches
}[] = [
  { raceClass: RACE_CLASSES.micro, exits: { count: 256, batches: 64 }, filters: { count: 256, batches: 16 } },
  { raceClass: RACE_CLASSES.tab, exits: { count: 256, batches: 4 }, filters: { count: 32, batches: 1 } },
  { raceClass: RACE_CLASSES.paper, exits: { count: 128, batches: 3 }, filters: { count: 16, batches: 1 } },
]

interface Batches {
  readonly count: number
  readonly batches: number
}

/** Last layers that are run on streams with exchanged positions, to learn the law of outputs. */
const LAST_LAYERS = 2 ** 13
/** Up projections are normal with a deviation of 26 or more, so that at most this share is zero. */
const ZERO_UPS = 0.016
const INPUT_NONCES = 1_024
const LIMIT = 0.05

interface Attack {
  readonly name: string
  /** More hits for the same cost, as measured; never negative, since a cheater may always play honestly. */
  readonly advantage: number
  /** The same if the measured quantity were two standard errors worse: how finely this sample can tell. */
  readonly upperBound: number
  /** What was measured. */
  readonly measured: Readonly<Record<string, number>>
}

const isJson = process.argv.includes('--json')
const say = (text: string): void => {
  if (!isJson) console.log(text)
}

const only = process.argv.indexOf('--class')
const wanted = only < 0 ? undefined : parseRaceClass(process.argv[only + 1])
const classes = []
for (const plan of PLANS) {
  if (wanted === undefined || plan.raceClass === wanted) classes.push(await play(plan))
}
const ok = classes.every(({ attacks }) => attacks.every(({ advantage }) => advantage <= LIMIT))
console.log(JSON.stringify({ ok, limit: LIMIT, machine: machine(), classes }))
if (!ok) process.exitCode = 1

async function play(plan: (typeof PLANS)[number]) {
  const started = performance.now()
  const { raceClass } = plan
  const raceSeed = await deriveRaceSeed(digest('beacon'), raceClass)
  const inputKey = await deriveInputKey(raceSeed, await deriveNodeSeed(digest('key')))
  const seeds = { raceSeed, inputKey }
  const target = generateTarget(raceClass, raceSeed)
  const shares = sharesOf(raceClass)
  const attacks: Attack[] = [
    ...(await honestOnly(raceClass, seeds, plan.exits)),
    partialCoordinates(target, shares.lastMatrix),
    ...(await playFilters(raceClass, seeds, plan.filters)),
    await tabulation(raceClass, inputKey, shares.innerLayer),
  ]
  const seconds = Math.round((performance.now() - started) / 1000)
  say(`${raceClass.name}: ${seconds} s`)
  for (const { name, advantage, upperBound, measured } of attacks) {
    const figures = Object.entries(measured).map(([key, value]) => `${key} ${value.toPrecision(3)}`)
    say(`  ${percent(advantage)} (up to ${percent(upperBound)})  ${name}: ${figures.join(', ')}`)
  }
  return { name: raceClass.name, seconds, attacks }
}

interface Seeds {
  readonly raceSeed: RaceSeed
  readonly inputKey: InputKey
}

/** Attacks that need nothing but a look at the honest network's arrays. */
async function honestOnly(
  raceClass: RaceClass,
  seeds: Seeds,
  { count, batches }: Batches,
): Promise<Attack[]> {
  const { layers, width, feedForward } = raceClass
  const shares = sharesOf(raceClass)
  const networks = await AlteredNetworks.create(raceClass, seeds, { count, alterations: 0 })
  // Cosines of the true output with the input, the stream after each inner layer, and the last layer's middle.
  const cosines = Array.from({ length: layers + 1 }, () => new Mean())
  const hiddenZeros = new Mean()
  const streamZeros = new Mean()
  const guesses = raceClass.name === 'micro' ? new GuessRows(width, feedForward, count * batches) : undefined
  let enteringLastLayer = new Int16Array()
  for (let batch = 0; batch < batches; batch++) {
    const streams: Int16Array[] = []
    const { honest } = networks.run(nonceRange(batch * count, count), [], (layer) => {
      const isLast = layer === layers - 1
      if (isLast) streams.push(networks.array(ARRAY.middle, count, width).slice())
      else {
        const all = networks.array(ARRAY.stream, POSITIONS * count, width)
        streams.push(all.slice((POSITIONS - 1) * count * width))
        if (layer === layers - 2) enteringLastLayer = all.slice()
      }
      if (layer < 0) return
      const hidden = networks.array(ARRAY.hidden, (isLast ? 1 : POSITIONS) * count, feedForward)
      hiddenZeros.add(shareOfZeros(hidden))
      streamZeros.add(shareOfZeros(streams.at(-1)!))
      if (isLast) guesses?.add(streams, hidden, count)
    })
    guesses?.addTargets(honest)
    for (const [k, stream] of streams.entries()) {
      for (let start = 0; start < honest.length; start += width) {
        cosines[k]!.add(cosine(stream.subarray(start, start + width), honest.subarray(start, start + width)))
      }
    }
  }

  const costs = measureCosts(networks, raceClass, count)
  // A guess needs the permutation, even before the first layer.
  const stages = cosines.map((mean, k) => ({
    cost: k < layers ? costs.scoreShare + k * shares.innerLayer : 1 - 3 * shares.lastMatrix,
    correlation: Math.abs(mean.value),
  }))
  // Skipping needs no guess: it is exact. Each product with a zero factor is saved, and the whole gate of a unit whose up is zero.
  const ofWeights = 2 / 256
  const saved =
    (shares.attention + (shares.feedForward * 2) / 3) * (streamZeros.value + ofWeights) +
    (shares.feedForward / 3) * (hiddenZeros.value + ofWeights + ZERO_UPS)
  const recomputed = 1 / (1 + costs.generationShare) - 1
  return [
    earlyExit(
      'early exit: a cascade on the stream after every layer',
      stages,
      1 / Math.sqrt(count * batches * width),
    ),
    ...(guesses === undefined ? [] : learnedExits(guesses, raceClass)),
    {
      name: 'exact: every product with a zero left out, found and skipped for nothing',
      advantage: saved / (1 - saved),
      upperBound: saved / (1 - saved),
      measured: { zerosOfHidden: hiddenZeros.value, zerosOfStream: streamZeros.value, shareOfWork: saved },
    },
    {
      name: 'weights made again for every batch instead of stored',
      advantage: Math.max(0, recomputed),
      upperBound: Math.max(0, recomputed),
      measured: {
        loss: -recomputed,
        batchNonces: count,
        secondsForAllWeights: countParameters(raceClass) / costs.generatedBytesPerSecond,
        secondsForABatch: costs.batchSeconds,
      },
    },
    ...grinding(networks, raceClass, enteringLastLayer, count, costs.scoreShare),
  ]
}

/** Cheap networks as filters: how much of the true output do they know? */
async function playFilters(
  raceClass: RaceClass,
  seeds: Seeds,
  { count, batches }: Batches,
): Promise<Attack[]> {
  const { width } = raceClass
  const filters = filterAttacks(raceClass)
  // The last one alters nothing: it has to know everything, or the others' knowing nothing would mean nothing.
  const alterations: Alteration[] = [...filters.map(({ alteration }) => alteration), {}]
  const networks = await AlteredNetworks.create(raceClass, seeds, { count, alterations: alterations.length })
  const cosines = filters.map(() => new Mean())
  for (let batch = 0; batch < batches; batch++) {
    const nonces = nonceRange(batch * count, count)
    const { honest, altered } = networks.run(nonces, alterations)
    if (altered.at(-1)!.join() !== honest.join())
      throw new Error('A network that is not altered must repeat the honest one.')
    if (batch === 0 && raceClass.name === 'micro') requireReference(raceClass, seeds, nonces, honest)
    for (const [k, outputs] of altered.slice(0, -1).entries()) {
      for (let start = 0; start < honest.length; start += width) {
        // With shared inputs every second nonce is as it was: it says nothing about those that are not.
        if (filters[k]!.everySecond === true && (start / width) % 2 === 0) continue
        cosines[k]!.add(cosine(outputs.subarray(start, start + width), honest.subarray(start, start + width)))
      }
    }
  }
  return filters.map(({ name, cheapCost, rest, everySecond }, k) => {
    const correlation = cosines[k]!.value
    const standardError = Math.sqrt((everySecond === true ? 2 : 1) / (count * batches * width))
    return {
      name,
      advantage: bestFilter(correlation, cheapCost, rest),
      upperBound: bestFilter(Math.max(0, correlation) + 2 * standardError, cheapCost, rest),
      measured: { correlation, standardError, cheapCost, rest },
    }
  })
}

/** The honest network here is the specification's. */
function requireReference(raceClass: RaceClass, seeds: Seeds, nonces: Uint32Array, honest: Int8Array): void {
  const tensors = storedTensors(raceClass, seeds.raceSeed)
  for (const [i, nonce] of nonces.subarray(0, 8).entries()) {
    const expected = forward(raceClass, tensors, seeds.inputKey, nonce)
    const actual = honest.subarray(i * raceClass.width, (i + 1) * raceClass.width)
    if (actual.join() !== expected.join())
      throw new Error(`The honest network differs from the reference at nonce ${nonce}.`)
  }
}

/** A cascade whose guesses have these correlations; later guesses know at least as much as earlier ones. */
function earlyExit(name: string, stages: readonly Stage[], error: number): Attack {
  const growing = (extra: number): Stage[] => {
    let best = 0
    return stages.map(({ cost, correlation }) => {
      best = Math.max(best, Math.min(0.999, correlation + extra))
      return { cost, correlation: best }
    })
  }
  return {
    name,
    // The largest of many guesses that know nothing is about two standard errors: only what is above is a find.
    advantage: bestCascade(growing(-2 * error)),
    upperBound: bestCascade(growing(2 * error)),
    measured: {
      stages: stages.length,
      largestCorrelation: Math.max(...stages.map(({ correlation }) => correlation)),
      standardError: error,
    },
  }
}

function learnedExits(guesses: GuessRows, raceClass: RaceClass): Attack[] {
  const shares = sharesOf(raceClass)
  const costs = {
    stream: 1 - shares.lastLayer,
    middle: 1 - 3 * shares.lastMatrix,
    hidden: 1 - shares.lastMatrix,
  }
  const error = Math.sqrt(2 / (guesses.count * raceClass.width))
  return guesses.names.map((name) => {
    const correlation = Math.max(
      0,
      linearGuess(Float64Array.from(guesses.rows[name]), Float64Array.from(guesses.rows.output), {
        rows: guesses.count,
        featureCount: guesses.widths[name],
        targetCount: raceClass.width,
      }),
    )
    return {
      name: `early exit: the best linear guess from the last layer's ${name}`,
      advantage: bestFilter(correlation, costs[name], 1 - costs[name]),
      upperBound: bestFilter(correlation + 2 * error, costs[name], 1 - costs[name]),
      measured: { correlation, standardError: error, cost: costs[name] },
    }
  })
}

/** Coordinates of the output are computed in the order of the target's magnitudes; hopeless nonces are given up on the way. Exact. */
function partialCoordinates(target: Int8Array, lastMatrix: number): Attack {
  const squares = [...target].map((value) => value * value).sort((a, b) => b - a)
  const total = squares.reduce((a, b) => a + b)
  const stages: Stage[] = []
  let known = 0
  for (const [i, square] of squares.entries()) {
    known += square
    if ((i + 1) % (squares.length / 32) !== 0 || i === squares.length - 1) continue
    stages.push({
      cost: 1 - lastMatrix * (1 - (i + 1) / squares.length),
      correlation: Math.sqrt(known / total),
    })
  }
  const advantage = bestCascade(stages)
  return {
    name: 'early exit: giving up between the coordinates of the last product',
    advantage,
    upperBound: advantage,
    measured: { stages: stages.length, shareOfTheLastProduct: lastMatrix },
  }
}

/**
 * Permutations are known beforehand. Do outputs have a common part or preferred directions that some permutations turn towards the target?
 * Last layers are run on streams of real nonces whose positions are exchanged at random, since only the last layer makes the output.
 */
function grinding(
  networks: AlteredNetworks,
  raceClass: RaceClass,
  streams: Int16Array,
  count: number,
  cost: number,
): Attack[] {
  const { width, layers } = raceClass
  const moments = new OutputMoments(width)
  networks.generateLayer(layers - 1)
  const mixed = new Int16Array(streams.length)
  for (let run = 0; run * count < LAST_LAYERS; run++) {
    // The last position stays; the others come from nonces further on, another combination in each run.
    const shifts = [run, Math.floor(run / count) + run, 5 * run, 0]
    for (let position = 0; position < POSITIONS; position++) {
      for (let i = 0; i < count; i++) {
        const from = (position * count + ((i + shifts[position]!) % count)) * width
        mixed.set(streams.subarray(from, from + width), (position * count + i) * width)
      }
    }
    moments.add(networks.rerunLastLayer(mixed))
  }
  const samples = moments.count
  const common = moments.commonPart()
  const commonError = Math.sqrt(2 / width) / samples
  const { mean: unevenness, standardError } = moments.unevenness()
  const ofCommon = (part: number): number => bestGrind(hitWithShiftedMean(Math.sqrt(Math.max(0, part))), cost)
  const ofSpread = (relative: number): number =>
    bestGrind(hitWithSpreadVariance(Math.sqrt((2 * Math.max(0, relative)) / width)), cost)
  return [
    {
      name: 'output collapse: permutations ground towards the common part of outputs',
      advantage: ofCommon(common),
      upperBound: ofCommon(Math.max(0, common) + 2 * commonError),
      measured: { commonPart: common, standardError: commonError, samples, costOfAPermutation: cost },
    },
    {
      name: 'output collapse: permutations ground towards directions of large variance',
      advantage: ofSpread(unevenness),
      upperBound: ofSpread(Math.max(0, unevenness) + 2 * standardError),
      measured: { varianceOfEigenvalues: unevenness, standardError, samples, costOfAPermutation: cost },
    },
  ]
}

/** What a permutation with its score and what the weights cost, by this machine's clock. */
function measureCosts(networks: AlteredNetworks, raceClass: RaceClass, count: number) {
  const nonces = nonceRange(1_000_000, count)
  const time = (run: () => void): number => {
    const samples = Array.from({ length: 5 }, () => {
      const start = performance.now()
      run()
      return (performance.now() - start) / 1000
    })
    return samples.sort((a, b) => a - b)[2]!
  }
  const layerSeconds = time(() => networks.generateLayer(0))
  const start = performance.now()
  networks.run(nonces, [])
  const generationSeconds = layerSeconds * raceClass.layers
  const batchSeconds = Math.max(1e-9, (performance.now() - start) / 1000 - generationSeconds)
  return {
    scoreShare: time(() => networks.score()) / batchSeconds,
    generationShare: generationSeconds / batchSeconds,
    batchSeconds,
    generatedBytesPerSecond: countParameters(raceClass) / generationSeconds,
  }
}

/** Do inputs repeat, so that a table of first layers would serve many nonces? */
async function tabulation(raceClass: RaceClass, inputKey: InputKey, innerLayer: number): Promise<Attack> {
  const { width } = raceClass
  const seen = new Set<string>()
  let repeated = 0
  const rows: Int8Array[] = []
  const other = await deriveInputKey(
    await deriveRaceSeed(digest('beacon'), raceClass),
    await deriveNodeSeed(digest('another key')),
  )
  for (const key of [inputKey, other]) {
    for (let nonce = 0; nonce < INPUT_NONCES / 2; nonce++) {
      const input = embed(raceClass, key, nonce)
      for (let position = 0; position < POSITIONS; position++) {
        const row = input.subarray(position * width, (position + 1) * width)
        const text = row.join(' ')
        if (seen.has(text)) repeated++
        seen.add(text)
        rows.push(row)
      }
    }
  }
  let nearest = 0
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < i; j++) nearest = Math.max(nearest, Math.abs(cosine(row, rows[j]!)))
  }
  const share = repeated / rows.length
  const advantage = (share * innerLayer) / (1 - share * innerLayer)
  return {
    name: 'tabulation and grinding of inputs: positions that repeat in 1,024 nonces of two keys',
    advantage,
    upperBound: advantage,
    measured: { positions: rows.length, repeated, largestCosineOfAPair: nearest },
  }
}

function shareOfZeros(values: Int16Array): number {
  return values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) / values.length
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(`race adversary: ${text}`).digest()
}
