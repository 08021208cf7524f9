/// <reference lib="webworker" />
import { toErrorObject } from '../../shared/errors.ts'
import { systemClock } from '../../shared/mesh/ports.ts'
import { fromHex, toHex } from '../../shared/protocol/ids.ts'
import { encodeRaceProof, type RaceProof } from '../../shared/protocol/race-proof/race-proof.ts'
import { createIdentity, signCommitment } from '../../shared/race/claims/race-identity.ts'
import { Contest, type ContestProgress } from '../../shared/race/contest/contest.ts'
import { UserFirstGate } from '../../shared/race/contest/user-first-gate.ts'
import { generateTarget } from '../../shared/race/generator.ts'
import { RACE_CLASSES } from '../../shared/race/race-class.ts'
import type { Evaluation, RacePath } from '../../shared/race/race-path.ts'
import { sumOfSquares } from '../../shared/race/score.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../../shared/race/seeds.ts'
import { describeVerdict } from '../../shared/race/verify/describe-verdict.ts'
import { verifyProof } from '../../shared/race/verify/verify-proof.ts'
import { createWasmPath } from '../../shared/race/wasm/wasm-path.ts'
import { openWebGpuPath } from '../../shared/race/webgpu/open-webgpu-path.ts'
import { DEVICE_CHANNEL, readLease, type RaceCommand, type RaceReport } from './race-messages.ts'

// The race worker: one contest, and the check of its proof. Nothing is loaded and no GPU is touched before the first
// message, which follows a person's click.

declare const self: DedicatedWorkerGlobalScope

/** Figures that change faster are noise to a reader. */
const REPORT_INTERVAL_MS = 100

let contest: Contest | null = null
let proof: RaceProof | null = null

self.addEventListener('message', ({ data }: MessageEvent<RaceCommand>) => {
  switch (data.kind) {
    case 'start':
      race(data).catch(fail)
      break
    case 'pause':
      contest?.pause()
      break
    case 'resume':
      contest?.resume()
      break
    case 'stop':
      contest?.stop()
      break
    case 'set-duty':
      contest?.setDuty(data.duty)
      break
    case 'verify':
      verify().catch(fail)
      break
    default:
      data satisfies never
  }
})

async function race(start: Extract<RaceCommand, { kind: 'start' }>): Promise<void> {
  const raceClass = RACE_CLASSES[start.raceClass]
  const raceSeed = await deriveRaceSeed(start.beacon, raceClass)
  const identity = createIdentity()
  const targetSquared = sumOfSquares(generateTarget(raceClass, raceSeed))
  const startMs = performance.now()
  let batchEndMs: number | null = null
  const tellProgress = reportProgress()

  const gate = new UserFirstGate(systemClock)
  const channel = new BroadcastChannel(DEVICE_CHANNEL)
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const leaseMs = readLease(data)
    if (leaseMs !== null) gate.lease(leaseMs)
  })

  contest = new Contest(
    {
      raceClass,
      raceSeed,
      nodeSeed: await deriveNodeSeed(identity.publicKey),
      deadlineAtMs: Date.now() + start.durationMs,
    },
    {
      openPath,
      clock: systemClock,
      wallClock: Date.now,
      gate,
      duty: start.duty,
      onProgress: (progress) => {
        // Weights are made before the first batch begins.
        if (progress.phase === 'racing') batchEndMs ??= performance.now() - startMs
        tellProgress(progress)
      },
      onScores: (_, evaluation) => {
        const toMs = performance.now() - startMs
        const { hits } = evaluation
        const scores = { cosines: cosinesOf(evaluation, targetSquared), hits, fromMs: batchEndMs ?? 0, toMs }
        batchEndMs = toMs
        report({ kind: 'scores', scores })
      },
    },
  )
  const result = await contest.run().finally(() => channel.close())
  contest = null
  const { outcome, nonceCount, claimCount, firstNonce, claimedNonces, root } = result
  const commitment = await signCommitment(identity, {
    raceClass: raceClass.name,
    beacon: toHex(start.beacon),
    firstNonce,
    nonceCount,
    claimCount,
    root,
    startedAtMs: result.startedAtMs,
    endedAtMs: result.endedAtMs,
  })
  proof = { commitment, claimedNonces }
  report({ kind: 'ended', result: { outcome, nonceCount, claimCount }, proof: encodeRaceProof(proof) })
}

async function verify(): Promise<void> {
  if (proof === null) return
  const { commitment } = proof
  const path = await openPath()
  try {
    const beacon = fromHex(commitment.beacon)
    const verdict = await verifyProof(
      proof,
      { raceClass: RACE_CLASSES[commitment.raceClass], beacon },
      path,
      { onProgress: (checked, total) => report({ kind: 'checked', checked, total }) },
    )
    report({ kind: 'verdict', verdict, words: describeVerdict(verdict, commitment) })
  } finally {
    await path.dispose()
  }
}

/** A GPU that computes rightly, or else the processor. A fallback adapter is the processor in disguise, and slower. */
async function openPath(): Promise<RacePath> {
  // Missing in browsers without WebGPU, whatever its type says.
  const gpu = navigator.gpu as GPU | undefined
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (gpu !== undefined && adapter != null && !adapter.info.isFallbackAdapter) {
    try {
      return await openWebGpuPath({ adapter, languageFeatures: gpu.wgslLanguageFeatures })
    } catch (error) {
      console.warn('Racemesh: this GPU cannot race, the CPU takes over.', error)
    }
  }
  // More threads need a cross-origin isolated page, which wallets and embedding sites rarely allow.
  return createWasmPath()
}

function cosinesOf({ dots, squaredLengths }: Evaluation, targetSquared: number): Float32Array<ArrayBuffer> {
  // An output of zeros has no direction.
  return Float32Array.from(dots, (dot, i) => dot / Math.sqrt(Math.max(1, squaredLengths[i]! * targetSquared)))
}

function reportProgress(): (progress: ContestProgress) => void {
  let phase = ''
  let toldAtMs = -Infinity
  return (progress) => {
    const nowMs = performance.now()
    if (progress.phase === phase && nowMs - toldAtMs < REPORT_INTERVAL_MS) return
    phase = progress.phase
    toldAtMs = nowMs
    report({ kind: 'progress', progress })
  }
}

function fail(error: unknown): void {
  report({ kind: 'failed', error: toErrorObject(error) })
}

function report(message: RaceReport): void {
  self.postMessage(message)
}
