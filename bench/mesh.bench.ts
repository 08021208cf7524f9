// `npm run bench:mesh -- --json`: what the mesh costs beside a raw data channel, a single stage and a full pipeline.
// Each stage is a Chromium process of its own with the app's network worker; the last line is one JSON object.
import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { stageIdOf, type StageId } from '../shared/engine/compute-engine.ts'
import type { StageSessionSpec } from '../shared/mesh/data-plane-api.ts'
import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../shared/protocol/frame/frame.ts'
import { createSessionId, type PeerIdText } from '../shared/protocol/ids.ts'
import { launchBrowser } from '../e2e/support/browser.ts'
import { startRelay } from '../e2e/support/mesh.ts'
import { machine } from './machine.ts'
import { percentile, round } from './statistics.ts'
import type { BenchPage } from './page/main.ts'

declare const bench: BenchPage

const HOP_BYTES = [64, 8_192, 65_536]
const HOP_ROUNDS = 400
const HOP_WARM_UP = 50
/** A stage of a model worth sharding: a token in 40 ms on one device, 20 ms on each of two. */
const STEP_MS = 20
/** 2,048 float32 are the 8 KiB of a hop that the design's promise names. */
const HIDDEN_SIZE = 2_048
const TAX_TOKENS = 100
const SESSION_TOKENS = 60
const MODEL = 'b'.repeat(64)

const isJson = process.argv.includes('--json')
const say = (text: string): void => {
  if (!isJson) console.log(text)
}

interface BenchPeer {
  readonly page: Page
  readonly browser: Browser
  readonly peerId: PeerIdText
}

interface FinishedSession {
  readonly tokenTimesMs: readonly number[]
  readonly end: string | null
  readonly report: { readonly decodeMicros: number; readonly decodeSteps: number } | null
}

const server = await servePage()
const relay = await startRelay()
const browsers: Browser[] = []
try {
  const hop = await measureHops()
  const protocolTax = await measureTax()
  const sessions = []
  for (const n of [2, 3]) sessions.push(...(await measureSessions(n)))
  console.log(JSON.stringify({ machine: machine(), protocolTax, hop, sessions }))
} finally {
  await Promise.all(browsers.map((browser) => browser.close()))
  await relay.stop()
  server.close()
}

/** Round trips of ours (network workers, frames, header checks) beside a bare channel on the same connection. */
async function measureHops() {
  const [a, b] = (await openPeers(2, STEP_MS)) as [BenchPeer, BenchPeer] // two were asked for
  const path = await a.page.evaluate((peerId) => bench.connect(peerId), b.peerId)
  await Promise.all([
    a.page.evaluate((peerId) => bench.openRaw(peerId, false), b.peerId),
    b.page.evaluate((peerId) => bench.openRaw(peerId, true), a.peerId),
  ])
  const result: Record<string, unknown> = {}
  for (const bytes of HOP_BYTES) {
    // The message that carries the frame may be at most 64 KiB, so the largest payload is one header less.
    const payload = Math.min(bytes, MAX_MESSAGE_BYTES - FRAME_HEADER_BYTES)
    const ours: number[] = []
    const raw: number[] = []
    // In turns, so that a busy moment of the machine falls on both.
    for (let turn = 0; turn < 4; turn++) {
      for (const [samples, measure] of [
        [
          ours,
          (rounds: number) =>
            a.page.evaluate(([peerId, size, count]) => bench.measure(peerId, size, count), [
              b.peerId,
              payload,
              rounds,
            ] as const),
        ],
        [
          raw,
          (rounds: number) =>
            a.page.evaluate(([size, count]) => bench.measureRaw(size, count, 0), [payload, rounds] as const),
        ],
      ] as const) {
        if (turn === 0) await measure(HOP_WARM_UP)
        samples.push(...(await measure(HOP_ROUNDS / 4)))
      }
    }
    const figures = (samples: number[]) => ({
      p50: round(percentile(samples, 0.5)),
      p99: round(percentile(samples, 0.99)),
    })
    result[bytes] = { ours: figures(ours), raw: figures(raw) }
    say(`hop of ${bytes} B over ${path}: ${JSON.stringify(result[bytes])} ms round trip`)
  }
  await closePeers([a, b])
  return result
}

/** (time per token over two stages - single-stage time - round trip) / single-stage time, all measured in this run. */
async function measureTax(): Promise<number> {
  const whole = await openPeers(1, 2 * STEP_MS)
  const single = await runSession(whole, TAX_TOKENS)
  await closePeers(whole)
  const halves = await openPeers(2, STEP_MS)
  await linkUp(halves)
  const [head, last] = halves as [BenchPeer, BenchPeer] // two were asked for
  const split = await runSession(halves, TAX_TOKENS)
  // The wire itself: a bare channel on the same connection at the pace of the tokens (a link that rests between two
  // messages is slower than one in a tight loop), one hidden state out and one token back.
  await Promise.all([
    head.page.evaluate((peerId) => bench.openRaw(peerId, false), last.peerId),
    last.page.evaluate((peerId) => bench.openRaw(peerId, true), head.peerId),
  ])
  const rawOf = (bytes: number) =>
    head.page.evaluate(([size, rounds, pauseMs]) => bench.measureRaw(size, rounds, pauseMs), [
      bytes,
      TAX_TOKENS,
      STEP_MS,
    ] as const)
  const out = await rawOf(HIDDEN_SIZE * 4)
  const back = await rawOf(FRAME_HEADER_BYTES)
  await closePeers(halves)
  const singleMs = timePerToken(single)
  // Timers are late by a varying bit: the single-stage time of this very run is what both halves took together.
  const stagesMs = split.reduce(
    (sum, stage) => sum + (stage.report?.decodeMicros ?? 0) / 1000 / (stage.report?.decodeSteps ?? 1),
    0,
  )
  const roundTripMs = (mean(out) + mean(back)) / 2
  const tax = (timePerToken(split) - stagesMs - roundTripMs) / singleMs
  say(
    `one stage ${singleMs.toFixed(2)} ms per token; two stages ${timePerToken(split).toFixed(2)} ms, of which ` +
      `${stagesMs.toFixed(2)} ms in the stages and ${roundTripMs.toFixed(2)} ms round trip: tax ${(100 * tax).toFixed(1)} %`,
  )
  return round(tax)
}

/** Rate of m sessions over n stages against that of the slowest stage, as its own steps took in the same run. */
async function measureSessions(n: number) {
  const peers = await openPeers(n, STEP_MS)
  await linkUp(peers)
  const results = []
  for (const m of [n, 2 * n]) {
    const runs = await Promise.all(Array.from({ length: m }, () => runSession(peers, SESSION_TOKENS)))
    const times = runs.flatMap((stages) => stages.at(-1)?.tokenTimesMs ?? [])
    // From the moment when every session runs to the moment when the first is done: the pipeline is full between.
    const fromMs = Math.max(...runs.map((stages) => stages.at(-1)?.tokenTimesMs[0] ?? Number.NaN))
    const toMs = Math.min(...runs.map((stages) => stages.at(-1)?.tokenTimesMs.at(-1) ?? Number.NaN))
    const rate = (times.filter((time) => time > fromMs && time <= toMs).length * 1000) / (toMs - fromMs)
    const stepMs = Array.from({ length: n }, (_, index) => {
      const reports = runs.map((stages) => stages[index]?.report)
      const micros = reports.reduce((sum, report) => sum + (report?.decodeMicros ?? 0), 0)
      return micros / 1000 / reports.reduce((sum, report) => sum + (report?.decodeSteps ?? 0), 0)
    })
    const ratio = round(rate / (1000 / Math.max(...stepMs)))
    results.push({ n, m, ratio })
    say(
      `${m} sessions over ${n} stages: ${rate.toFixed(1)} tokens/s, ${(100 * ratio).toFixed(0)} % of the slowest stage (${Math.max(...stepMs).toFixed(2)} ms a step)`,
    )
  }
  await closePeers(peers)
  return results
}

async function runSession(peers: readonly BenchPeer[], newTokens: number): Promise<FinishedSession[]> {
  const sessionId = createSessionId()
  const route = peers.map(({ peerId }) => ({ peerId, generation: 1 }))
  const [head] = route
  const last = route.at(-1)
  if (head === undefined || last === undefined) throw new Error('a session needs a stage')
  for (const [index, { page }] of peers.entries()) {
    const layers = { start: index, end: index + 1 }
    const spec: StageSessionSpec = {
      sessionId,
      stageId: stageIdOf(MODEL, layers),
      layers,
      hiddenSize: HIDDEN_SIZE,
      previous: route[index - 1] ?? null,
      next: route[index + 1] ?? null,
      head,
      last,
      capacityTokens: 1_024,
      promptTokenCount: 4,
      maxNewTokens: newTokens,
      endTokenIds: [],
      deadlineMs: 120_000,
      sampling: null,
    }
    await page.evaluate((given) => bench.openSession(given), spec)
  }
  const first = peers[0]
  const final = peers.at(-1)
  await first?.page.evaluate((id) => bench.prompt(id, [1, 2, 3, 4]), sessionId)
  await final?.page.waitForFunction(() => bench.areDone(), undefined, { polling: 50, timeout: 120_000 })
  return Promise.all(
    peers.map(({ page }) => page.evaluate((id) => bench.finish(id), sessionId) as Promise<FinishedSession>),
  )
}

function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}

function timePerToken(stages: readonly FinishedSession[]): number {
  const times = stages.at(-1)?.tokenTimesMs ?? []
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? Number.NaN))
  return mean(gaps)
}

async function openPeers(count: number, stepMs: number): Promise<BenchPeer[]> {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the page is not served')
  const lastStages: StageId[] = [stageIdOf(MODEL, { start: count - 1, end: count })]
  return Promise.all(
    Array.from({ length: count }, async () => {
      const browser = await launchBrowser()
      browsers.push(browser)
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${address.port}/index.html`)
      await page.waitForFunction(() => 'bench' in globalThis)
      const { peerId } = await page.evaluate((options) => bench.start(options), {
        relayOrigin: relay.origin,
        stepMs,
        hiddenSize: HIDDEN_SIZE,
        lastStages,
      })
      return { page, browser, peerId: peerId as PeerIdText } // libp2p made it
    }),
  )
}

async function linkUp(peers: readonly BenchPeer[]): Promise<void> {
  for (const [index, peer] of peers.entries()) {
    const next = peers[(index + 1) % peers.length]
    if (next !== undefined && next !== peer) await peer.page.evaluate((id) => bench.connect(id), next.peerId)
  }
}

async function closePeers(peers: readonly BenchPeer[]): Promise<void> {
  await Promise.all(peers.map(({ browser }) => browser.close()))
}

/** Builds the bench page with the app's own tools and serves it on loopback. */
async function servePage(): Promise<Server> {
  const outDir = join(process.cwd(), 'dist', 'bench')
  await build({
    configFile: false,
    root: 'bench/page',
    base: './',
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2_000 },
  })
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
  const http = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://bench').pathname)
    readFile(join(outDir, path)).then(
      (bytes) =>
        response
          .writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' })
          .end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return http
}
