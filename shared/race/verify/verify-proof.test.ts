import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../protocol/ids.ts'
import type { RaceCommitment, RaceProof } from '../../protocol/race-proof/race-proof.ts'
import { rootOfClaims } from '../claims/claim-accumulator.ts'
import { isIncluded } from '../claims/inclusion-proof.ts'
import { identityFromSecretKey } from '../claims/race-identity.ts'
import { RACE_CLASSES } from '../race-class.ts'
import { nonceRange, type RacePath } from '../race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../seeds.ts'
import { createWasmPath } from '../wasm/wasm-path.ts'
import type { ReceivedCheckpoint } from './checkpoints.ts'
import { drawSample } from './draw-sample.ts'
import type { RaceExpectation } from './expectation.ts'
import { firstDifference } from './first-difference.ts'
import { openSample, verifyOpening, type SampleOpening } from './sample-opening.ts'
import { BEACON, signProof } from './signed-proof.fixture.ts'
import { verifyProof } from './verify-proof.ts'

const identity = identityFromSecretKey(new Uint8Array(32).fill(1))
const stranger = identityFromSecretKey(new Uint8Array(32).fill(2))
const { micro, tab } = RACE_CLASSES
const EXPECTED: RaceExpectation = { raceClass: micro, beacon: BEACON }
const RANDOMNESS = new Uint8Array(32).fill(9)
const NONCES = 20_000

const path = createWasmPath()
/** All hits among the first 20,000 nonces. */
let hits: readonly number[]
let proof: RaceProof

beforeAll(async () => {
  const race = await path.prepare({ raceClass: micro, raceSeed: await deriveRaceSeed(BEACON, micro) })
  const nodeSeed = await deriveNodeSeed(identity.publicKey)
  hits = await race.findHits({ nodeSeed, nonces: nonceRange(0, NONCES) })
  race.dispose()
  proof = await signProof(identity, hits)
  expect(hits.length).toBeGreaterThan(5)
})

/** Replaces one claim by the nonce after it, which is no hit. */
function withFalseHit(at: number): number[] {
  return hits.map((nonce, i) => (i === at ? nonce + 1 : nonce))
}

/** A path that must not be touched: what is refused is refused before the device. */
const noPath: RacePath = {
  name: 'reference',
  adapter: 'none',
  prepare: () => Promise.reject(new Error('the device was used')),
  dispose: () => Promise.resolve(),
}

describe('verifyProof', () => {
  it('accepts what a peer found', async () => {
    const expected = { ...EXPECTED, publicKey: identity.publicKey, windowMs: 60_000 }
    expect(await verifyProof(proof, expected, path)).toEqual({
      status: 'accepted',
      claimCount: hits.length,
      countedClaims: hits.length,
      checkedClaims: hits.length,
    })
  })

  it('accepts a proof without claims, and needs no device for it', async () => {
    const empty = await signProof(identity, [])
    expect(await verifyProof(empty, EXPECTED, noPath)).toMatchObject({ status: 'accepted', claimCount: 0 })
  })

  it.each([0, 3, -1])('names the one nonce that is no hit: claim %d', async (place) => {
    const at = (place + hits.length) % hits.length
    const lie = await signProof(identity, withFalseHit(at))
    const verdict = await verifyProof(lie, EXPECTED, path)
    expect(verdict).toMatchObject({
      status: 'fraud',
      commitment: lie.commitment,
      evidence: { kind: 'FALSE_HIT', index: at, nonce: hits[at]! + 1, difference: null },
    })
    if (verdict.status !== 'fraud' || verdict.evidence.kind !== 'FALSE_HIT') return
    const { index, nonce, inclusion } = verdict.evidence
    const tree = { root: rootOfClaims(lie.claimedNonces), count: lie.claimedNonces.length }
    expect(isIncluded({ index, nonce, path: inclusion }, tree)).toBe(true)
  })

  it('names the operator that a claimed trace gets wrong', async () => {
    const lie = await signProof(identity, withFalseHit(2))
    const race = await path.prepare({ raceClass: micro, raceSeed: await deriveRaceSeed(BEACON, micro) })
    const truth = await race.trace(await deriveNodeSeed(identity.publicKey), hits[2]! + 1)
    race.dispose()
    const broken = truth.findIndex(({ layer, name }) => layer === 3 && name === 'context')
    expect(broken).toBeGreaterThan(0)
    const forged = truth.map((entry, i) => (i < broken ? entry : { ...entry, sha256: '00'.repeat(32) }))
    const verdict = await verifyProof(lie, EXPECTED, path, { traceOf: () => forged })
    expect(verdict).toMatchObject({ evidence: { difference: { layer: 3, name: 'context' } } })
  })

  it.each<[string, () => Promise<RaceProof> | RaceProof, Partial<RaceExpectation>, string]>([
    ['another class than the epoch asks for', () => proof, { raceClass: tab }, 'WRONG_CLASS'],
    ['another epoch', () => proof, { beacon: new Uint8Array(32) }, 'WRONG_BEACON'],
    ['the node seed of a stranger', () => proof, { publicKey: stranger.publicKey }, 'WRONG_PUBLIC_KEY'],
    [
      'the claims of somebody else under an own name',
      () => altered({ publicKey: toHex(stranger.publicKey) }),
      {},
      'BAD_SIGNATURE',
    ],
    ['a changed range', () => altered({ nonceCount: 20_001 }), {}, 'BAD_SIGNATURE'],
    ['a changed signature', () => altered({ signature: '00'.repeat(64) }), {}, 'BAD_SIGNATURE'],
    ['a changed claim', () => ({ ...proof, claimedNonces: withFalseHit(1) }), {}, 'WRONG_ROOT'],
    ['a left-out claim', () => ({ ...proof, claimedNonces: hits.slice(1) }), {}, 'WRONG_ROOT'],
    [
      'hits as dense as no luck makes them',
      () => signProof(identity, [...Array(400).keys()], { nonceCount: 20_000 }),
      {},
      'ABSURD_COUNT',
    ],
  ])('refuses %s before the device is touched', async (_title, make, expected, code) => {
    const verdict = await verifyProof(await make(), { ...EXPECTED, ...expected }, noPath)
    expect(verdict).toEqual({ status: 'refused', code })
  })

  function altered(change: Partial<RaceCommitment>): RaceProof {
    return { ...proof, commitment: { ...proof.commitment, ...change } }
  }

  it.each<[string, () => number[], string]>([
    ['a nonce twice', () => [hits[0]!, hits[0]!, hits[1]!], 'NOT_ASCENDING'],
    ['nonces out of order', () => [hits[1]!, hits[0]!], 'NOT_ASCENDING'],
    ['a nonce that was not tried', () => [hits[0]!, NONCES], 'OUT_OF_RANGE'],
  ])('holds %s against the signer', async (_title, list, kind) => {
    const verdict = await verifyProof(await signProof(identity, list()), EXPECTED, noPath)
    expect(verdict).toMatchObject({ status: 'fraud', evidence: { kind } })
  })

  it('is stopped by its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(verifyProof(proof, EXPECTED, path, { signal })).rejects.toThrow('enough')
  })
})

describe('commitments received during the window', () => {
  const DEADLINE_MS = 1_000
  const checkpoint = async (
    count: number,
    receivedAtMs: number,
    overrides: Partial<RaceCommitment> = {},
    signer = identity,
  ): Promise<ReceivedCheckpoint> => {
    const nonceCount = count === 0 ? 0 : hits[count - 1]! + 1
    const { commitment } = await signProof(signer, hits.slice(0, count), { nonceCount, ...overrides })
    return { commitment, receivedAtMs }
  }
  const verify = (checkpoints: readonly ReceivedCheckpoint[]) =>
    verifyProof(proof, EXPECTED, path, { record: { deadlineAtMs: DEADLINE_MS, checkpoints } })

  it('decide which claims were in time', async () => {
    const received = [await checkpoint(6, 1_001), await checkpoint(4, 1_000), await checkpoint(1, 500)]
    expect(await verify(received)).toMatchObject({ status: 'accepted', countedClaims: 4 })
    expect(await verify([])).toMatchObject({ status: 'accepted', countedClaims: 0 })
    expect(await verify(received.slice(0, 1))).toMatchObject({ countedClaims: 0 })
  })

  it.each<[string, () => Promise<ReceivedCheckpoint>]>([
    ['other claims', () => checkpoint(3, 10, { root: '00'.repeat(32) })],
    ['more claims than the proof', () => checkpoint(3, 10, { claimCount: hits.length + 1 })],
    ['more nonces than the proof', () => checkpoint(3, 10, { nonceCount: NONCES + 1 })],
  ])('convict who signed %s before', async (_title, make) => {
    const contradicting = await make()
    expect(await verify([await checkpoint(2, 5), contradicting])).toMatchObject({
      status: 'fraud',
      evidence: { kind: 'REWRITTEN_HISTORY', checkpoint: contradicting.commitment },
    })
  })

  it('say nothing when they are forged, late, or of another race', async () => {
    const wrong = { root: '00'.repeat(32) }
    const forged = await checkpoint(3, 10, wrong)
    const received = [
      { ...forged, commitment: { ...forged.commitment, signature: '00'.repeat(64) } },
      await checkpoint(3, 1_001, wrong),
      await checkpoint(3, 10, { ...wrong, beacon: 'ff'.repeat(32) }),
      await checkpoint(3, 10, { ...wrong, raceClass: 'tab' }),
      await checkpoint(3, 10, wrong, stranger),
      await checkpoint(2, 10),
    ]
    expect(await verify(received)).toMatchObject({ status: 'accepted', countedClaims: 2 })
  })
})

describe('a sample', () => {
  it('is drawn without repetition, from the randomness and the commitment alone', () => {
    const { commitment } = proof
    const large = { ...commitment, claimCount: 1_000_000 }
    const drawn = drawSample(RANDOMNESS, large, 200)
    expect(new Set(drawn).size).toBe(200)
    expect(drawn).toEqual([...drawn].sort((a, b) => a - b))
    expect(drawn.every((index) => index >= 0 && index < 1_000_000)).toBe(true)
    expect(drawSample(RANDOMNESS, large, 200)).toEqual(drawn)
    expect(drawSample(new Uint8Array(32), large, 200)).not.toEqual(drawn)
    expect(drawSample(RANDOMNESS, { ...large, root: '00'.repeat(32) }, 200)).not.toEqual(drawn)
    expect(() => drawSample(new Uint8Array(31), large, 200)).toThrow(/32 bytes, not 31/)
  })

  it('keeps its positions', () => {
    const commitment = { root: '11'.repeat(32), publicKey: '22'.repeat(32), claimCount: 1_000 }
    expect(drawSample(RANDOMNESS, commitment, 5)).toMatchInlineSnapshot(`
      [
        27,
        92,
        458,
        550,
        914,
      ]
    `)
    expect(drawSample(RANDOMNESS, { ...commitment, claimCount: 3 }, 5)).toEqual([0, 1, 2])
  })

  it('takes every claim equally often', () => {
    const counts = new Array<number>(20).fill(0)
    for (let seed = 0; seed < 2_000; seed++) {
      const randomness = new Uint8Array(32)
      new DataView(randomness.buffer).setUint32(0, seed)
      const commitment = { root: '11'.repeat(32), publicKey: '22'.repeat(32), claimCount: 20 }
      for (const index of drawSample(randomness, commitment, 5)) counts[index]!++
    }
    // 2,000 draws of 5 of 20: 500 each, standard deviation 19.4; five of them.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(97)
  })

  it('checks only so many claims and finds a lie among them', async () => {
    const sample = { count: 4, randomness: RANDOMNESS }
    expect(await verifyProof(proof, EXPECTED, path, { sample })).toMatchObject({
      status: 'accepted',
      checkedClaims: 4,
    })
    const [at] = drawSample(RANDOMNESS, proof.commitment, 4)
    const lie = await signProof(identity, withFalseHit(at!))
    // The lie changes the root, and so the sample: some seed meets it.
    const found: string[] = []
    for (let seed = 0; seed < 12; seed++) {
      const drawn = { count: 4, randomness: new Uint8Array(32).fill(seed) }
      const verdict = await verifyProof(lie, EXPECTED, path, { sample: drawn })
      const isMet = drawSample(drawn.randomness, lie.commitment, 4).includes(at!)
      expect(verdict.status).toBe(isMet ? 'fraud' : 'accepted')
      found.push(verdict.status)
    }
    expect(new Set(found)).toEqual(new Set(['fraud', 'accepted']))
  })
})

describe('an opened sample', () => {
  const sample = { count: 5, randomness: RANDOMNESS }
  const verify = (opening: SampleOpening, on: RacePath = path) => verifyOpening(opening, sample, EXPECTED, on)

  it('is accepted without the other claims', async () => {
    const opening = openSample(proof, sample)
    expect(opening.claims).toHaveLength(5)
    expect(await verify(opening)).toMatchObject({ status: 'accepted', checkedClaims: 5 })
  })

  it('shows a false hit', async () => {
    const all = await signProof(
      identity,
      hits.map((nonce) => nonce + 1),
    )
    const verdict = await verify(openSample(all, sample))
    expect(verdict).toMatchObject({ status: 'fraud', evidence: { kind: 'FALSE_HIT' } })
  })

  it('must open what was asked, under the signed root', async () => {
    const opening = openSample(proof, sample)
    const { claims } = opening
    const [first, ...others] = claims
    const refused = async (changed: SampleOpening['claims'], code: string) =>
      expect(await verify({ ...opening, claims: changed }, noPath)).toEqual({ status: 'refused', code })
    await refused(others, 'WRONG_SAMPLE')
    await refused([...claims, first!], 'WRONG_SAMPLE')
    await refused([...others, first!], 'WRONG_SAMPLE')
    await refused([{ ...first!, nonce: first!.nonce + 1 }, ...others], 'WRONG_ROOT')
    await refused([{ ...first!, path: first!.path.slice(1) }, ...others], 'WRONG_ROOT')
  })

  it.each<[string, () => number[], string]>([
    ['one nonce again and again', () => hits.map(() => hits[0]!), 'NOT_ASCENDING'],
    ['nonces in falling order', () => [...hits].reverse(), 'NOT_ASCENDING'],
    ['nonces that were not tried', () => hits.map((nonce) => nonce + NONCES), 'OUT_OF_RANGE'],
  ])('holds %s against the signer', async (_title, list, kind) => {
    const lie = await signProof(identity, list())
    expect(await verify(openSample(lie, sample), noPath)).toMatchObject({
      status: 'fraud',
      evidence: { kind },
    })
  })
})

describe('firstDifference', () => {
  const entry = (layer: number, sha256: string) => ({ layer, name: 'query', sha256 }) as const
  const truth = [entry(0, 'a'), entry(1, 'b'), entry(2, 'c')]

  it.each([
    ['equal traces', truth, null],
    ['a wrong hash', [entry(0, 'a'), entry(1, 'x'), entry(2, 'y')], { layer: 1, name: 'query' }],
    ['a missing entry', [entry(0, 'a'), entry(2, 'c')], { layer: 1, name: 'query' }],
    ['a trace that ends early', truth.slice(0, 2), { layer: 2, name: 'query' }],
    ['no trace', [], { layer: 0, name: 'query' }],
  ] as const)('of %s', (_title, claimed, difference) => {
    expect(firstDifference(claimed, truth)).toEqual(difference)
  })
})
