import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { run, type Running } from './processes.ts'

export interface TestRelay {
  readonly origin: string
  readonly process: Running
  readonly dataDir: string
  stop(): Promise<void>
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Packs models/guide into `out` with the command that a person would type. */
export async function packGuide(out: string, encoding: 'q4' | 'q8'): Promise<void> {
  await promisify(execFile)(process.execPath, [
    'bin/racemesh.mjs',
    'pack',
    'models/guide',
    '--out',
    out,
    '--encoding',
    encoding,
  ])
}

/** Starts `relay` on a free port with the demo model, without any peer. */
export async function startRelay(
  options: { encoding?: 'q4' | 'q8'; args?: readonly string[]; port?: number; dataDir?: string } = {},
): Promise<TestRelay> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'racemesh-')))
  const port = options.port ?? (await freePort())
  const model = join(dataDir, `guide-${options.encoding ?? 'q8'}`)
  if (options.dataDir === undefined) await packGuide(model, options.encoding ?? 'q8')
  const origin = `http://127.0.0.1:${port}`
  const process = await run(
    [
      'bin/relay.mjs',
      '--port',
      String(port),
      '--data',
      join(dataDir, 'relay'),
      '--model',
      `guide=${model}`,
      ...(options.args ?? []),
    ],
    /\/p2p\//,
  )
  return {
    origin,
    process,
    dataDir,
    async stop() {
      await process.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Starts a native peer of the relay. */
export function startNode(origin: string, args: readonly string[] = []): Promise<Running> {
  return run(['bin/racemesh.mjs', 'node', '--relay', origin, ...args], /: ready/)
}

/** Polls `GET /api/network` until `isReached` says so. @throws Error with the last snapshot */
export async function untilNetwork(
  origin: string,
  isReached: (snapshot: NetworkJson) => boolean,
  timeoutMs = 30_000,
): Promise<NetworkJson> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const snapshot = (await (
      await fetch(`${origin}/api/network`, { headers: { connection: 'close' } })
    ).json()) as NetworkJson // the relay's own JSON
    if (isReached(snapshot)) return snapshot
    if (performance.now() > deadline)
      throw new Error(`the network did not get there:\n${JSON.stringify(snapshot)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The fields of `GET /api/network` that the specs look at. */
export interface NetworkJson {
  readonly models: readonly { readonly id: string; readonly gaps: readonly unknown[] }[]
  readonly peers: readonly {
    readonly peerId: string
    readonly kind: string
    readonly stages: readonly { readonly layers: { start: number; end: number }; readonly state: string }[]
  }[]
  readonly rates: { readonly openSessions: number; readonly tensorBytesRelayedTotal: number }
}
