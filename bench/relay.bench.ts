// `npm run bench:relay -- --json`: what idle peers cost a relay. Relay and peers are processes of their own; the last
// line is one JSON object. `--peers N` stops at N peers.
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { run } from '../e2e/support/processes.ts'
import { machine } from './machine.ts'
import { percentile, round } from './statistics.ts'
import type { OpenPeers, PeersOpened } from './relay-clients.ts'

const STEPS = [0, 100, 250, 500, 1_000]
const CONCURRENCY = 10
/** One period of the connection monitor: pings come as bunched as the joins did, and a part of it would miss some. */
const WINDOW_MS = 30_000
/** Nothing happens at regular intervals without peers but the sweeps. */
const EMPTY_WINDOW_MS = 8_000
/** Subscriptions, identify and the first heartbeats of the last peers. */
const SETTLE_MS = 3_000
/** Linux counts CPU time of /proc in hundredths of a second for every user program. */
const TICKS_PER_SECOND = 100

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, peers: { type: 'string', default: '1000' } },
})
const cap = Number(values.peers)
if (!Number.isSafeInteger(cap) || cap < 0)
  throw new Error(`--peers takes a whole number, not "${values.peers}"`)
if (process.platform !== 'linux') throw new Error('this bench reads /proc: it needs Linux')
const say = (text: string): void => {
  if (!values.json) console.log(text)
}

const dataDir = await mkdtemp(join(tmpdir(), 'racemesh-bench-'))
const clients: ChildProcess[] = []
let stopRelay = (): Promise<unknown> => Promise.resolve()
const stopAll = async (): Promise<void> => {
  await Promise.all(clients.map(end))
  await stopRelay()
  await rm(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stopAll().finally(() => process.exit(130)))
try {
  console.log(JSON.stringify({ machine: machine(), ...(await measure()) }))
} finally {
  await stopAll()
}

async function measure() {
  const relay = await run(
    ['bin/relay.mjs', '--port', '0', '--data', join(dataDir, 'relay')],
    /Peers dial +\S+\s/,
  )
  stopRelay = () => relay.stop()
  const address = /Peers dial +(\S+)/.exec(relay.output())?.[1]
  const pid = relay.child.pid
  if (address === undefined || pid === undefined) throw new Error(`no address in:\n${relay.output()}`)

  const idle: { peers: number; rssMb: number; cpu: number }[] = []
  const joinMs: number[] = []
  let rampMs = 0
  let rampCpuSeconds = 0
  let peers = 0
  for (const step of [...new Set(STEPS.map((count) => Math.min(count, cap)))]) {
    if (step > peers) {
      const before = await cpuSeconds(pid)
      const opened = await openPeers({ relay: address, count: step - peers, concurrency: CONCURRENCY })
      rampCpuSeconds += (await cpuSeconds(pid)) - before
      joinMs.push(...opened.joinMs)
      rampMs += opened.rampMs
      peers = step
      await sleep(SETTLE_MS)
    }
    const startedAtMs = performance.now()
    const before = await cpuSeconds(pid)
    await sleep(peers === 0 ? EMPTY_WINDOW_MS : WINDOW_MS)
    const cpu = ((await cpuSeconds(pid)) - before) / ((performance.now() - startedAtMs) / 1000)
    idle.push({ peers, rssMb: round(await rssMb(pid)), cpu: round(cpu) })
    const dead = clients.find((client) => client.exitCode !== null || client.signalCode !== null)
    if (dead !== undefined) throw new Error(`a process of idle peers ended with code ${dead.exitCode}`)
    say(`${peers} idle peers: ${idle.at(-1)?.rssMb.toFixed(0)} MB, ${(100 * cpu).toFixed(1)} % of a core`)
  }
  const figures = {
    joinsPerSecond: round(joinMs.length / (rampMs / 1000)),
    joinMsP99: round(percentile(joinMs, 0.99)),
    relayCpuMsPerJoin: round((rampCpuSeconds * 1000) / joinMs.length),
  }
  say(
    `joins, ${CONCURRENCY} at a time from one process: ${figures.joinsPerSecond.toFixed(0)} per second, ` +
      `p99 ${figures.joinMsP99.toFixed(0)} ms, ${figures.relayCpuMsPerJoin.toFixed(1)} ms of the relay's CPU each`,
  )
  return { idle, ...figures }
}

/** Starts one more process of idle peers; it keeps them until it is ended. @throws Error when a peer cannot join */
async function openPeers(order: OpenPeers): Promise<Exclude<PeersOpened, { error: string }>> {
  const client = fork(fileURLToPath(new URL('relay-clients.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  clients.push(client)
  const opened = await new Promise<PeersOpened>((resolve, reject) => {
    client.once('message', (answer) => resolve(answer as PeersOpened)) // our own child
    client.once('exit', (code) => reject(new Error(`a process of idle peers ended with code ${code}`)))
    client.once('error', reject)
    client.send(order)
  })
  if (opened.error !== undefined) throw new Error(opened.error)
  return opened
}

async function end(client: ChildProcess): Promise<void> {
  if (client.exitCode !== null || client.signalCode !== null) return
  const exited = new Promise((resolve) => client.once('exit', resolve))
  client.kill('SIGKILL') // a thousand closing handshakes would measure nothing
  await exited
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // After the name, which is in brackets and may hold anything: utime and stime are fields 14 and 15 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function rssMb(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error('/proc names no resident memory')
  return Number(kilobytes) / 1024
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
