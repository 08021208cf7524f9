import { fromHex } from '../../protocol/ids.ts'
import { RACE_CLASSES } from '../race-class.ts'
import type { Evaluation, PreparedRace, RacePath, TraceEntry } from '../race-path.ts'
import type { RaceVectors, ScoredNonce, TracedNonce } from '../race-vectors.ts'
import { parseNodeSeed, parseRaceSeed } from '../seeds.ts'
import { hashArray } from '../trace-hash.ts'

/** How much of a class's vectors to run: slow devices prove as much by fewer. */
export interface VectorShare {
  readonly vectors: RaceVectors
  /** Nonces at most; the traced ones come first. */
  readonly nonces: number
  /** Of these, how many are traced operator by operator. */
  readonly traces: number
}

/** What one path made of the golden vectors. */
export interface PathReport {
  readonly name: string
  readonly adapter: string
  readonly classes: readonly string[]
  readonly nonces: number
  /** Nonces with a wrong output, score or trace. */
  readonly mismatches: number
  /** For each of them, where the path first left the reference. At most ten. */
  readonly details: readonly string[]
}

/** Runs golden vectors on a path and names the first operator of each nonce at which it parts from the reference. */
export async function checkPath(path: RacePath, shares: readonly VectorShare[]): Promise<PathReport> {
  const details: string[] = []
  let nonces = 0
  for (const { vectors, ...share } of shares) {
    const race = await path.prepare({
      raceClass: RACE_CLASSES[vectors.class],
      raceSeed: parseRaceSeed(fromHex(vectors.raceSeed)),
    })
    try {
      const found = await checkRace(race, vectors, share)
      nonces += found.nonces
      details.push(...found.wrong)
    } finally {
      race.dispose()
    }
  }
  return {
    name: path.name,
    adapter: path.adapter,
    classes: shares.map(({ vectors }) => vectors.class),
    nonces,
    mismatches: details.length,
    details: details.slice(0, 10),
  }
}

async function checkRace(
  race: PreparedRace,
  vectors: RaceVectors,
  share: Omit<VectorShare, 'vectors'>,
): Promise<{ nonces: number; wrong: string[] }> {
  const nodeSeed = parseNodeSeed(fromHex(vectors.nodeSeed))
  const chosen: readonly (ScoredNonce | TracedNonce)[] = [...vectors.traced, ...vectors.scored].slice(
    0,
    share.nonces,
  )
  const nonces = Uint32Array.from(chosen, ({ nonce }) => nonce)
  const evaluation = await race.evaluate({ nodeSeed, nonces })
  const hits = new Set(await race.findHits({ nodeSeed, nonces }))
  const wrong: string[] = []
  for (const [i, expected] of chosen.entries()) {
    const differences = await compare(race.raceClass.width, evaluation, i, expected)
    if (hits.has(expected.nonce) !== expected.isHit) differences.push('the list of hits')
    if ('trace' in expected && i < share.traces) {
      const operator = firstDifference(expected.trace, await race.trace(nodeSeed, expected.nonce))
      if (operator !== undefined) differences.unshift(operator)
    }
    if (differences.length > 0)
      wrong.push(`${vectors.class} nonce ${expected.nonce}: ${differences.join(', ')}`)
  }
  return { nonces: chosen.length, wrong }
}

async function compare(
  width: number,
  { outputs, dots, squaredLengths, hits }: Evaluation,
  index: number,
  expected: ScoredNonce,
): Promise<string[]> {
  const differences: string[] = []
  const output = outputs.slice(index * width, (index + 1) * width)
  if ((await hashArray(output)) !== expected.outputSha256) differences.push('output')
  if (dots[index] !== expected.dot) differences.push('dot')
  if (squaredLengths[index] !== expected.squaredLength) differences.push('squared length')
  if ((hits[index] === 1) !== expected.isHit) differences.push('hit')
  return differences
}

/** The first array whose hash differs, such as "layer 3 hidden"; undefined if none does. */
export function firstDifference(
  expected: readonly TraceEntry[],
  actual: readonly TraceEntry[],
): string | undefined {
  for (const [i, { layer, name, sha256 }] of expected.entries()) {
    const other = actual[i]
    if (other?.layer === layer && other.name === name && other.sha256 === sha256) continue
    return layer < 0 ? name : `layer ${layer} ${name}`
  }
  return actual.length === expected.length ? undefined : 'the length of the trace'
}
