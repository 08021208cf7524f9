import { toHex } from '../shared/protocol/ids.ts'
import { encodeRaceProof, type RaceProof } from '../shared/protocol/race-proof/race-proof.ts'
import { rootOfClaims } from '../shared/race/claims/claim-accumulator.ts'
import { identityFromSecretKey, signCommitment } from '../shared/race/claims/race-identity.ts'
import { RACE_CLASSES, type RaceClassName } from '../shared/race/race-class.ts'
import { nonceRange, type RacePath } from '../shared/race/race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../shared/race/seeds.ts'
import { verifyProof } from '../shared/race/verify/verify-proof.ts'
import { median, round4 } from './statistics.ts'

/** What a proof of real hits costs whoever checks it. */
export interface VerificationCost {
  readonly raceClass: RaceClassName
  readonly claims: number
  readonly proofBytes: number
  /** Of the whole check, weights included; the median of {@link RUNS}. */
  readonly verifySeconds: number
  /** What each claim adds once the weights are made. */
  readonly secondsPerClaim: number
  /** Time to find a claim over time to check it, on the same path: 900 where batches are equally full. */
  readonly findOverCheck: number
}

const RUNS = 10

/** Races for `nonces` nonces, signs, encodes, and verifies what was found. */
export async function measureVerification(
  path: RacePath,
  name: RaceClassName,
  nonces: number,
): Promise<VerificationCost> {
  const raceClass = RACE_CLASSES[name]
  const beacon = new Uint8Array(32).fill(21)
  const identity = identityFromSecretKey(new Uint8Array(32).fill(22))
  const raceSeed = await deriveRaceSeed(beacon, raceClass)
  const nodeSeed = await deriveNodeSeed(identity.publicKey)
  const race = await path.prepare({ raceClass, raceSeed })
  const findStartMs = performance.now()
  const hits = await race.findHits({ nodeSeed, nonces: nonceRange(0, nonces) })
  const findSeconds = (performance.now() - findStartMs) / 1000
  if (hits.length === 0) throw new Error(`no hit among ${nonces} nonces of ${name}: try more`)

  const checks: number[] = []
  const batch = { nodeSeed, nonces: Uint32Array.from(hits) }
  for (let run = 0; run < RUNS; run++) checks.push(await seconds(() => race.evaluate(batch)))
  race.dispose()
  const proof = await sign(hits, nonces)
  const verifications: number[] = []
  for (let run = 0; run < RUNS; run++) {
    verifications.push(
      await seconds(async () => {
        const { status } = await verifyProof(proof, { raceClass, beacon }, path)
        if (status !== 'accepted') throw new Error(`the proof was not accepted: ${status}`)
      }),
    )
  }
  const secondsPerClaim = median(checks) / hits.length
  return {
    raceClass: name,
    claims: hits.length,
    proofBytes: encodeRaceProof(proof).length,
    verifySeconds: round4(median(verifications)),
    secondsPerClaim: round4(secondsPerClaim),
    findOverCheck: round4(findSeconds / hits.length / secondsPerClaim),
  }

  async function sign(claimedNonces: readonly number[], nonceCount: number): Promise<RaceProof> {
    const commitment = await signCommitment(identity, {
      raceClass: name,
      beacon: toHex(beacon),
      firstNonce: 0,
      nonceCount,
      claimCount: claimedNonces.length,
      root: toHex(rootOfClaims(claimedNonces)),
      startedAtMs: 0,
      endedAtMs: 3_600_000,
    })
    return { commitment, claimedNonces }
  }
}

/** Bytes of a proof of so many claims whose gaps are those of chance, one hit in 900 by a seeded generator. */
export async function proofBytesOf(claims: number): Promise<number> {
  let state = 1
  let next = 0
  const claimedNonces = Array.from({ length: claims }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const gap = Math.floor(Math.log((state + 1) / 2 ** 32) / Math.log(1 - 1 / 900))
    const nonce = next + gap
    next = nonce + 1
    return nonce
  })
  const commitment = await signCommitment(identityFromSecretKey(new Uint8Array(32).fill(22)), {
    raceClass: 'tab',
    beacon: '00'.repeat(32),
    firstNonce: 0,
    nonceCount: next,
    claimCount: claims,
    root: toHex(rootOfClaims(claimedNonces)),
    startedAtMs: 1_800_000_000_000,
    endedAtMs: 1_800_003_600_000,
  })
  return encodeRaceProof({ commitment, claimedNonces }).length
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) / 1000
}
