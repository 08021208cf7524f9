import '../shared/node-polyfill.ts'
import { fileURLToPath } from 'node:url'
import { version } from '../package.json'
import { toErrorObject } from '../shared/errors.ts'
import { describeFileError } from '../shared/file-error.ts'
import { parseManifest } from '../shared/model/parse-manifest.ts'
import { loadTokenizer } from '../shared/model/tokenizer.ts'
import { createRelayApp } from './app.ts'
import { HELP, parseRelayOptions, UsageError } from './cli-options.ts'
import type { RelayOptions } from './cli-options.ts'
import { systemClock } from './clock.ts'
import { connectSourcesOf } from './connect-sources.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { createLogger } from './logger.ts'
import { createMeshHost } from './mesh-host.ts'
import { openModelCatalogue } from './model-catalogue.ts'
import { RelayMetrics } from './relay-metrics.ts'
import { surviveLateStreamErrors } from './survive-late-stream-errors.ts'

/** A stop that hangs longer than this is cut short: a supervisor would kill us anyway. */
const STOP_TIMEOUT_MS = 8_000

/** Runs a relay until a signal. Exit codes: 0 stopped, 1 failed, 2 the command line is wrong. */
async function main(argv: readonly string[]): Promise<void> {
  const options = parseRelayOptions(argv)
  if (options === 'help') {
    process.stdout.write(HELP)
    return
  }
  const relay = await startRelay(options)
  let isStopping = false
  const stop = () => {
    // A second signal means now.
    if (isStopping) process.exit(1)
    isStopping = true
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
    relay.stop().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // `racemesh start` waits for the word on its channel; once it is gone, maybe since before this line, so are we.
  process.once('disconnect', stop)
  if (process.connected) process.send?.('ready')
  else if (process.connected === false) stop()
}

async function startRelay(options: RelayOptions): Promise<{ stop(): Promise<void> }> {
  const logger = createLogger({
    format: options.hasJsonLog ? 'json' : 'text',
    minLevel: options.isVerbose ? 'debug' : 'info',
    nowMs: systemClock.nowMs,
    write: (line) => process.stderr.write(`${line}\n`),
  })
  surviveLateStreamErrors(logger)
  const models = await openModelCatalogue(options.models, { parseManifest, loadTokenizer })

  let health: 'ok' | 'stopping' = 'ok'
  // The host needs a handler and the handler needs the host's asker: requests before both exist are told to wait.
  let answer: (request: Request, bindings?: object) => Response | Promise<Response> = () =>
    new Response('The relay is starting.\n', { status: 503, headers: { 'retry-after': '1' } })
  const host = await createMeshHost({
    port: options.port,
    host: options.host,
    fetch: (request: Request, bindings?: object) => answer(request, bindings),
    dataDir: options.dataDir,
    peerRelays: options.peerRelays,
    models: models.models.map(({ manifest }) => manifest),
    minStages: options.minStages,
    logger,
  })
  const app = createRelayApp({
    asker: host.asker,
    models,
    snapshot: () => host.snapshot(),
    health: () => ({ status: health, version }),
    clock: systemClock,
    logger,
    limits: DEFAULT_LIMITS,
    metrics: new RelayMetrics(() => host.snapshot()),
    // From relay/cli.ts and from dist/relay.mjs alike.
    staticDir: fileURLToPath(new URL('../dist/app', import.meta.url)),
    trustedHops: options.trustedHops,
    connectSources: connectSourcesOf(options.peerRelays),
  })
  answer = (request, bindings) => app.fetch(request, bindings)

  const origin = originOf(host.addresses)
  logger.info('the relay is listening', {
    origin,
    peerId: host.peerId,
    models: models.models.length,
    version,
  })
  if (!options.hasJsonLog) {
    process.stdout.write(
      greeting(
        origin,
        host.addresses,
        models.models.map(({ name }) => name),
      ),
    )
  }
  return {
    async stop() {
      health = 'stopping'
      logger.info('the relay is stopping')
      await host.stop()
    },
  }
}

function greeting(origin: string, addresses: readonly string[], models: readonly string[]): string {
  const list =
    models.length === 0
      ? 'none: this relay only introduces peers. Serve one with --model DIR (see npx racemesh pack --help)'
      : models.join(', ')
  return `
  App          ${origin}
  OpenAI API   ${origin}/v1
  Models       ${list}
  Peers dial   ${addresses.join('\n               ')}

`
}

/** `http://host:port` of the first address, with the port that was really taken. */
function originOf(addresses: readonly string[]): string {
  const match = /^\/(ip4|ip6)\/([^/]+)\/tcp\/(\d+)/.exec(addresses[0] ?? '')
  if (match === null) throw new Error('the mesh host listens on no TCP address')
  const [, family, host = '', port = ''] = match
  return `http://${family === 'ip6' ? `[${host}]` : host}:${port}`
}

function fail(error: unknown): never {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\nnpx relay --help lists the options.\n`)
    process.exit(2)
  }
  // libp2p folds what the socket said into the text of an error of its own.
  if (error instanceof Error && error.message.includes('EADDRINUSE')) {
    process.stderr.write(
      'The port is taken. Often another relay is still running; choose another port with --port N.\n',
    )
    process.exit(1)
  }
  const fileError = describeFileError(error)
  if (fileError !== null) {
    process.stderr.write(`${fileError}\n`)
    process.exit(1)
  }
  const { shortMessage, metaMessages, data } = toErrorObject(error)
  process.stderr.write(`${[shortMessage, ...metaMessages].join('\n')}\n`)
  // What is none of our errors is a defect: show where it came from.
  if (data.code === 'INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exit(1)
}

await main(process.argv.slice(2)).catch(fail)
