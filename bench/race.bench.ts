// `npm run bench:race -- --json`: the Race beside the int8 product and the peak of the same device, measured in the same run. The last
// line is one JSON object. `--paper` adds the largest class, which takes minutes without a GPU.
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openNodeGpu } from '../node/race/open-node-gpu.ts'
import { startNodeLane } from '../node/race/start-node-lane.ts'
import { openInChromium } from '../shared/engine/chromium.suite.ts'
import { createWasmPath } from '../shared/race/wasm/wasm-path.ts'
import { openWebGpuPath } from '../shared/race/webgpu/open-webgpu-path.ts'
import { machine } from './machine.ts'
import {
  createGpuGemm,
  createWasmGemm,
  measurePath,
  type MeasurePlan,
  type PathFigures,
} from './race-measure.ts'
import { measureVerification, proofBytesOf, type VerificationCost } from './race-proof-cost.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, paper: { type: 'boolean', default: false } },
})
const root = fileURLToPath(new URL('../..', import.meta.url))
const paths: PathFigures[] = []
const paper = values.paper ? { paper: 3 } : {}
const PROCESSOR: MeasurePlan['classes'] = { micro: 10, tab: 10, ...paper }
const GPU: MeasurePlan['classes'] = { micro: 10, tab: 10, paper: 10 }
/** A software adapter's figures only show that it runs. */
const SOFTWARE: MeasurePlan['classes'] = { micro: 3 }

await measureWasm(undefined)
await measureWasm({ count: Math.min(8, cpus().length), startLane: startNodeLane })
await measureNodeGpu()
await measureChromium()
const proofs = await measureProofs()
console.log(JSON.stringify({ machine: machine(), paths, proofs }))
process.exit()

async function measureWasm(threads: Parameters<typeof createWasmGemm>[0]): Promise<void> {
  const path = createWasmPath({ threads })
  const own = await createWasmGemm(threads)
  try {
    const cores = { count: threads?.count ?? 1, seconds: coreSeconds }
    report(
      await measurePath({
        path,
        isSoftware: false,
        gemm: own.gemm,
        peak: own.peak,
        classes: PROCESSOR,
        cores,
      }),
    )
  } finally {
    await own.stop()
    await path.dispose()
  }
}

async function measureNodeGpu(): Promise<void> {
  const gpu = await openNodeGpu()
  if (gpu === null) return
  const isSoftware = gpu.adapter.info.isFallbackAdapter
  const path = await openWebGpuPath(gpu)
  const own = await createGpuGemm(path.kernels)
  try {
    const named = { ...path, adapter: `${path.adapter}, Node` }
    report(
      await measurePath({ path: named, isSoftware, gemm: own.gemm, classes: isSoftware ? SOFTWARE : GPU }),
    )
  } finally {
    await own.stop()
    await path.dispose()
  }
}

async function measureChromium(): Promise<void> {
  const { page, close } = await openInChromium(`${root}app/worker/race-page.fixture.ts`)
  try {
    report(await page.evaluate<PathFigures>(`measureWasmHere(${JSON.stringify(PROCESSOR)})`))
    report(
      await page.evaluate<PathFigures>(`measureGpuHere(${JSON.stringify(SOFTWARE)}, ${JSON.stringify(GPU)})`),
    )
  } finally {
    await close()
  }
}

/** What a proof costs whoever checks it on one thread, and its bytes by the number of claims. */
async function measureProofs(): Promise<{
  verification: readonly VerificationCost[]
  bytes: readonly { claims: number; proofBytes: number }[]
}> {
  const path = createWasmPath()
  try {
    const verification = [
      await measureVerification(path, 'micro', 100_000),
      await measureVerification(path, 'tab', 1_800),
    ]
    const bytes: { claims: number; proofBytes: number }[] = []
    for (const claims of [1, 100, 10_000, 1_000_000]) {
      bytes.push({ claims, proofBytes: await proofBytesOf(claims) })
    }
    if (!values.json) {
      for (const { raceClass, secondsPerClaim, proofBytes, claims } of verification)
        console.log(
          `proof of ${raceClass}: ${1000 * secondsPerClaim} ms a claim, ${claims} claims in ${proofBytes} bytes`,
        )
    }
    return { verification, bytes }
  } finally {
    await path.dispose()
  }
}

function coreSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function report(figures: PathFigures): void {
  paths.push(figures)
  if (values.json) return
  const { name, adapter, isSoftware, peakGmacs, gemmGmacs, gemmShareOfPeak, classes } = figures
  const label = isSoftware ? ' (software: its speed is nobody’s)' : ''
  console.log(
    `${name}, ${adapter}${label}: peak ${peakGmacs} GMAC/s, int8 product ${gemmGmacs} (${percent(gemmShareOfPeak)})`,
  )
  for (const { name: raceClass, noncesPerSecond, gmacs, shareOfGemm } of classes)
    console.log(
      `  ${raceClass}: ${noncesPerSecond} nonces/s, ${gmacs} GMAC/s, ${percent(shareOfGemm)} of the product`,
    )
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
