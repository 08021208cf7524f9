// `npm run race:vectors`: golden vectors of the Race, made by the reference from docs/race.md. Minutes for `paper`.
// Run it only when the specification changes; every other implementation is held against the committed files.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { toHex } from '../shared/protocol/ids.ts'
import { generateTarget, generateTensor } from '../shared/race/generator.ts'
import {
  RACE_CLASSES,
  TENSOR_NAMES,
  parseRaceClass,
  type RaceClass,
  type RaceClassName,
} from '../shared/race/race-class.ts'
import { forward, generatedTensors, storedTensors } from '../shared/race/reference/forward.ts'
import { traceForward } from '../shared/race/reference/trace.ts'
import { derivePermutation, scoreOutput } from '../shared/race/score.ts'
import { deriveInputKey, deriveNodeSeed, deriveRaceSeed } from '../shared/race/seeds.ts'
import type { RaceVectors, ScoredNonce, TracedNonce } from '../shared/race/race-vectors.ts'

/** Nonces with a hash of every array, and nonces with their score alone. The two ends of the range are among them. */
const PLANS: Record<RaceClassName, { traced: readonly number[]; scored: readonly number[] }> = {
  micro: { traced: [0, 1, 0x7fff_ffff, 0xffff_ffff], scored: Array.from({ length: 2_048 }, (_, i) => i) },
  // 886 is the first hit of this beacon and key.
  tab: { traced: [0, 0xffff_ffff], scored: [1, 2, 3, 886, 900] },
  paper: { traced: [7], scored: [] },
}

const names = process.argv.slice(2)
for (const name of names.length === 0 ? Object.keys(RACE_CLASSES) : names) await make(parseRaceClass(name))

async function make(raceClass: RaceClass): Promise<void> {
  // Bytes that count up show every mistake of order.
  const beacon = Uint8Array.from({ length: 32 }, (_, i) => i)
  const publicKey = Uint8Array.from({ length: 33 }, (_, i) => 0x80 + i)
  const raceSeed = await deriveRaceSeed(beacon, raceClass)
  const nodeSeed = await deriveNodeSeed(publicKey)
  const inputKey = await deriveInputKey(raceSeed, nodeSeed)
  const target = generateTarget(raceClass, raceSeed)
  const tensors =
    raceClass.name === 'paper' ? generatedTensors(raceClass, raceSeed) : storedTensors(raceClass, raceSeed)
  const score = (nonce: number, output: Int8Array): ScoredNonce => {
    const permutation = derivePermutation(raceClass, inputKey, nonce)
    return { nonce, ...scoreOutput(raceClass, output, permutation, target), outputSha256: sha256(output) }
  }

  const plan = PLANS[raceClass.name]
  const traced: TracedNonce[] = []
  for (const nonce of plan.traced) {
    const { output, trace } = await traceForward(raceClass, tensors, inputKey, nonce)
    const permutation = [...derivePermutation(raceClass, inputKey, nonce)]
    traced.push({ ...score(nonce, output), output: [...output], permutation, trace })
    console.log(`${raceClass.name} nonce ${nonce}: traced`)
  }
  const vectors: RaceVectors = {
    class: raceClass.name,
    beacon: toHex(beacon),
    publicKey: toHex(publicKey),
    raceSeed: toHex(raceSeed),
    nodeSeed: toHex(nodeSeed),
    inputKey: toHex(inputKey),
    target: [...target],
    firstLayerSha256: TENSOR_NAMES.map((name) => sha256(generateTensor(raceClass, raceSeed, 0, name))),
    traced,
    scored: plan.scored.map((nonce) => score(nonce, forward(raceClass, tensors, inputKey, nonce))),
  }
  const path = new URL(`../shared/race/vectors/${raceClass.name}.json`, import.meta.url)
  writeFileSync(path, `${toJson(vectors)}\n`)
  console.log(`${path.pathname} written, ${vectors.scored.filter((nonce) => nonce.isHit).length} hits`)
}

function sha256(values: Int8Array): string {
  return createHash('sha256').update(values).digest('hex')
}

/** One line per nonce and trace entry, so that a difference between two files can be read. */
function toJson(vectors: RaceVectors): string {
  const lines = (items: readonly unknown[], indent: string): string =>
    items.length === 0 ? '[]' : `[\n${items.map((item) => indent + JSON.stringify(item)).join(',\n')}\n]`
  const fields = Object.entries(vectors).map(([key, value]) => {
    if (key === 'scored') return `"scored": ${lines(vectors.scored, '  ')}`
    if (key !== 'traced') return `${JSON.stringify(key)}: ${JSON.stringify(value)}`
    const nonces = vectors.traced.map(({ trace, ...rest }) => {
      const head = JSON.stringify(rest).slice(0, -1)
      return `${head},"trace":${lines(trace, '    ')}}`
    })
    return `"traced": [\n${nonces.join(',\n')}\n]`
  })
  return `{\n${fields.join(',\n')}\n}`
}
