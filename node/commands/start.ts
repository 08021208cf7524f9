import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MeshError } from '../../shared/errors.ts'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { parseInteger, parseOptions, UsageError } from '../usage-error.ts'
import { packFolder } from './pack.ts'

const HELP = `npm start [-- options]: a relay, the app, one native peer and a chain on this machine

  --port N         port of the relay, default 9090
  --host ADDRESS   address to listen on, default 127.0.0.1
  --data DIR       where keys and packed models are kept, default .data
  --encoding E     q8 or q4, how the demo model is packed, default q8
  --no-node        leave the native peer out: only tabs answer
  --min-stages N   stages that a model is split into when enough tabs are open, default 2
  --no-chain       leave the chain with the contracts out
  --chain-port N   port of the chain, default 8545
  --help
`

/** Seconds as a rule; a machine that is busy with other things has taken more than half a minute. */
const READY_TIMEOUT_MS = 180_000
const POLL_MS = 50
const STOP_TIMEOUT_MS = 5_000

/** Starts everything that a person needs to try Racemesh, and stops all of it on Ctrl-C. */
export async function startCommand(argv: string[]): Promise<number> {
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        port: { type: 'string', default: '9090' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string', default: '.data' },
        encoding: { type: 'string', default: 'q8' },
        'no-node': { type: 'boolean', default: false },
        'min-stages': { type: 'string', default: '2' },
        'no-chain': { type: 'boolean', default: false },
        'chain-port': { type: 'string', default: '8545' },
        help: { type: 'boolean', default: false },
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const port = parseInteger('port', values.port, 1, 65_535)
  const minStages = parseInteger('min-stages', values['min-stages'], 1, 64)
  const chainPort = parseInteger('chain-port', values['chain-port'], 0, 65_535)
  const { encoding } = values
  if (encoding !== 'q4' && encoding !== 'q8')
    throw new UsageError(`--encoding takes q8 or q4, not "${encoding}".`)
  const modelDir = await packGuide(join(values.data, 'models', `guide-${encoding}`), encoding)
  const children: ChildProcess[] = []
  const stopped = new AbortController()
  let isInterrupted = false
  let isReady = false
  const onSignal = (): void => {
    isInterrupted = true
    stopped.abort()
  }
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  const origin = `http://${values.host === '0.0.0.0' ? '127.0.0.1' : values.host}:${port}`
  try {
    const relayArgs = ['--port', String(port), '--host', values.host, '--data', join(values.data, 'relay')]
    const relay = launch(
      'relay.mjs',
      [...relayArgs, '--model', `guide=${modelDir}`, '--min-stages', String(minStages)],
      stopped,
    )
    children.push(relay)
    // Beside the rest, and without it: no chat waits for a chain.
    const chain = values['no-chain'] ? undefined : launchChain(chainPort, join(values.data, 'devnet'))
    if (chain !== undefined) children.push(chain.child)
    await untilListening(relay, stopped.signal)
    if (!values['no-node']) {
      children.push(launch('racemesh.mjs', ['node', '--relay', origin, '--backstop'], stopped))
      await untilCovered(origin, stopped.signal)
    }
    isReady = true
    process.stdout.write(greeting(origin, !values['no-node'], await chain?.ready))
    await new Promise<void>((resolve) => {
      if (stopped.signal.aborted) resolve()
      stopped.signal.addEventListener('abort', () => resolve())
    })
  } catch (error) {
    if (!isInterrupted) throw error
  } finally {
    await Promise.all(children.map(stopChild))
  }
  if (isInterrupted) return isReady ? 0 : 130
  // A child ended by itself; it has said why.
  return children.find((child) => child.exitCode !== null && child.exitCode !== 0)?.exitCode ?? 1
}

/** Packs the demo model unless this very model is packed already; returns the folder. */
async function packGuide(out: string, encoding: 'q4' | 'q8'): Promise<string> {
  const folder = fileURLToPath(new URL('../models/guide', import.meta.url))
  const digest = createHash('sha256').update(encoding)
  for (const name of (await readdir(folder)).filter((file) => /\.(json|safetensors)$/.test(file)).sort())
    digest.update(name).update(await readFile(join(folder, name)))
  const stamp = digest.digest('hex')
  const stampPath = `${out}.source`
  const packed = await readFile(stampPath, 'utf8').catch(() => null)
  if (packed !== stamp) {
    process.stdout.write('Packing the demo model.\n')
    await packFolder({ folder, out, encoding, name: 'guide' })
    await writeFile(stampPath, stamp)
  }
  return out
}

/** Starts one of our own bundles; if it ends by itself, everything is stopped. */
function launch(bin: string, args: readonly string[], stopped: AbortController): ChildProcess {
  const child = spawnBundle(bin, args)
  child.once('exit', () => stopped.abort())
  return child
}

interface ChainReady {
  readonly url: string
  readonly recordFile: string
}

/** @returns `ready` is undefined when the chain did not come up, which stops nothing else; why is on stderr. */
function launchChain(
  port: number,
  folder: string,
): { readonly child: ChildProcess; readonly ready: Promise<ChainReady | undefined> } {
  const child = spawnBundle('racemesh.mjs', ['devnet', '--port', String(port), '--data', folder])
  const ready = new Promise<ChainReady | undefined>((resolve) => {
    child.once('message', (message) => resolve(message as ChainReady)) // our own devnet command
    child.once('exit', () => resolve(undefined))
  })
  return { child, ready }
}

function spawnBundle(bin: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../bin/${bin}`, import.meta.url))
  return spawn(process.execPath, [path, ...args], {
    // Relay and chain say on the channel that they are there. Children stop when it breaks: a killed start leaves nothing behind.
    // What they would say to whoever started them alone would repeat the greeting; what goes wrong is on stderr.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Its own process group: Ctrl-C reaches this process alone, which then stops the children in order.
    detached: true,
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}

/**
 * Waits for the word of this very relay: whatever answers on the port may be another one, which has taken it.
 * @throws MeshError `NOT_STARTED` when everything is being stopped, or after three minutes
 */
async function untilListening(relay: ChildProcess, stopped: AbortSignal): Promise<void> {
  try {
    await once(relay, 'message', {
      signal: AbortSignal.any([stopped, AbortSignal.timeout(READY_TIMEOUT_MS)]),
    })
  } catch (error) {
    throw notStarted('The relay did not start.', error)
  }
}

/**
 * Polls until every layer is served, so that the first chat is answered.
 * @throws MeshError `NOT_STARTED` when everything is being stopped, or after three minutes
 */
async function untilCovered(origin: string, stopped: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS
  while (!(await isCovered(origin, stopped))) {
    if (performance.now() > deadlineMs) {
      throw new MeshError(`The native peer was not ready after ${READY_TIMEOUT_MS / 1000} s.`, {
        data: { code: 'NOT_STARTED' },
        metaMessages: [
          'The machine is busy, or too slow for the demo model.',
          'Try again, or leave the peer out: npm start -- --no-node',
        ],
      })
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function isCovered(origin: string, stopped: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/api/network`, { signal: stopped })
    const network = (await response.json()) as NetworkSnapshot // our own relay
    return network.models.every(({ gaps }) => gaps.length === 0)
  } catch (error) {
    throw notStarted('The native peer did not get ready.', error)
  }
}

function notStarted(message: string, cause?: unknown): MeshError {
  return new MeshError(message, {
    data: { code: 'NOT_STARTED' },
    metaMessages: ['The message above says why. Where the port is taken: npm start -- --port 9191'],
    cause,
  })
}

function greeting(origin: string, hasNode: boolean, chain: ChainReady | undefined): string {
  const peer = hasNode
    ? 'One native peer on this machine holds the whole demo model; tabs that join take over.'
    : 'No peer yet: open the app in two tabs and press Start in both.'
  const contracts =
    chain === undefined ? '' : `\n  Chain          ${chain.url}   (contracts: ${chain.recordFile})`
  return `
Racemesh is running.

  App and chat   ${origin}
  OpenAI API     ${origin}/v1   (model "guide", any API key)${contracts}

${peer}
Ctrl-C stops everything.
`
}
