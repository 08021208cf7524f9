// `npm run race:conformance -- --json`: golden vectors of the Race on everything that can run it here. The last line is one JSON
// object. `--quick` leaves out the two large classes, `--paper` adds the largest on software adapters, which takes long.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNodeLane } from '../node/race/start-node-lane.ts'
import { openInChromium } from '../shared/engine/chromium.suite.ts'
import { checkPath, type PathReport } from '../shared/race/conformance/check-path.ts'
import { conformanceVectors, type ConformanceShare } from '../shared/race/conformance/vectors.fixture.ts'
import type { RacePath } from '../shared/race/race-path.ts'
import { createReferencePath } from '../shared/race/reference/reference-path.ts'
import { createWasmPath } from '../shared/race/wasm/wasm-path.ts'
import type { DeviceTask } from './race-conformance-device.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    paper: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every vector of every class, everything traced. */
const ALL = { nonces: 1_000_000, traces: 4 }
const PROCESSOR: ConformanceShare = values.quick
  ? { micro: ALL }
  : { micro: ALL, tab: ALL, paper: { nonces: 1, traces: 1 } }
/** The reference takes minutes for a nonce of `paper`: its vectors were made by it, and one of `tab` shows that it still agrees. */
const REFERENCE: ConformanceShare = values.quick
  ? { micro: ALL }
  : { micro: ALL, tab: { nonces: 1, traces: 1 } }
/** Software adapters take seconds for a nonce of `tab`. */
const DEVICE: ConformanceShare = {
  micro: { nonces: 512, traces: 4 },
  ...(values.quick ? {} : { tab: { nonces: 4, traces: 1 } }),
  ...(values.paper ? { paper: { nonces: 1, traces: 1 } } : {}),
}
/** The other product differs in one function: the small class shows that it is right. */
const DEVICE_POLYFILL: ConformanceShare = { micro: { nonces: 64, traces: 1 } }

/** Drivers that Chromium and Mesa bring; the environment's own choice comes first. */
const DRIVERS = [
  undefined,
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
]

const reports: PathReport[] = []
const missing: string[] = []
const say = (text: string): void => {
  if (!values.json) console.log(text)
}

await checkHere(createReferencePath(), REFERENCE)
await checkHere(createWasmPath(), PROCESSOR)
await checkHere(createWasmPath({ threads: { count: 2, startLane: startNodeLane } }), PROCESSOR)
await checkChromium()
const isBrokenKernelCaught = await checkPrograms()

const ok = isBrokenKernelCaught && reports.every(({ mismatches }) => mismatches === 0) && hasEveryKind()
console.log(JSON.stringify({ ok, paths: reports, brokenKernelCaught: isBrokenKernelCaught, missing }))
process.exit(ok ? 0 : 1)

async function checkHere(path: RacePath, share: ConformanceShare): Promise<void> {
  try {
    report(await checkPath(path, conformanceVectors(share)))
  } finally {
    await path.dispose()
  }
}

async function checkChromium(): Promise<void> {
  const { page, close } = await openInChromium(`${root}app/worker/race-page.fixture.ts`)
  try {
    const call = (name: string, ...args: unknown[]): Promise<PathReport> =>
      page.evaluate<PathReport>(`${name}(${args.map((argument) => JSON.stringify(argument)).join(', ')})`)
    report(await call('checkWasm', PROCESSOR))
    report(await call('checkWebGpu', 'packed', DEVICE))
    report(await call('checkWebGpu', 'polyfill', DEVICE_POLYFILL))
  } finally {
    await close()
  }
}

/** Node and Deno on each driver; returns whether a kernel that rounds wrongly was caught by name. */
async function checkPrograms(): Promise<boolean> {
  const entry = fileURLToPath(new URL('./bench-race-conformance-device.mjs', import.meta.url))
  const programs = [{ name: 'Node', command: [process.execPath, entry] }]
  const deno = findDeno()
  if (deno === undefined) missing.push('Deno: npm installs it for the usual platforms')
  else programs.push({ name: 'Deno', command: [deno, 'run', '-A', '--unstable-webgpu', entry] })
  let isCaught = false
  const seen = new Set<string>()
  for (const { name, command } of programs) {
    for (const driver of DRIVERS) {
      if (driver !== undefined && !existsSync(driver)) continue
      const run = (task: DeviceTask): Promise<PathReport | null> => runProgram(command, driver, task)
      const probe = await run({ share: { micro: { nonces: 8, traces: 1 } }, dot4: 'packed' })
      if (probe === null) {
        if (driver !== undefined) missing.push(`${name} finds no adapter with ${driver}`)
        continue
      }
      if (seen.has(probe.adapter)) continue
      seen.add(probe.adapter)
      report((await run({ share: DEVICE, dot4: 'packed' }))!)
      report((await run({ share: DEVICE_POLYFILL, dot4: 'polyfill' }))!)
      if (isCaught) continue
      // Rounds down where the specification rounds to nearest.
      const broken = await run({
        share: { micro: { nonces: 8, traces: 1 } },
        dot4: 'packed',
        brokenRounding: 0,
      })
      isCaught = broken !== null && broken.mismatches === 8 && broken.details[0]?.includes(': input') === true
      say(`broken kernel: ${broken?.details[0] ?? 'not run'}`)
    }
  }
  return isCaught
}

function runProgram(
  [program, ...args]: readonly string[],
  driver: string | undefined,
  task: DeviceTask,
): Promise<PathReport | null> {
  const child = spawn(program!, [...args, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(driver === undefined ? {} : { VK_DRIVER_FILES: driver }) },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output.trim().split('\n').at(-1) ?? '') as PathReport | null)
      else reject(new Error(`${program} with ${driver ?? 'no driver'} ended with ${code}:\n${errors}`))
    })
  })
}

function findDeno(): string | undefined {
  try {
    return createRequire(`${root}package.json`)
      .resolve('deno/bin.cjs')
      .replace(/deno\/bin\.cjs$/, '.bin/deno')
  } catch {
    return undefined
  }
}

/** A run in which, say, no WebGPU was found at all must not look like a pass. */
function hasEveryKind(): boolean {
  const isRun = (text: string): boolean =>
    reports.some(({ name, adapter }) => `${name} ${adapter}`.includes(text))
  return ['reference', 'wasm', 'Chromium', 'Node'].every(isRun)
}

function report(found: PathReport): void {
  reports.push(found)
  const verdict = found.mismatches === 0 ? 'equal' : `${found.mismatches} WRONG: ${found.details.join('; ')}`
  say(`${found.name}, ${found.adapter}: ${found.nonces} nonces of ${found.classes.join(', ')}: ${verdict}`)
}
