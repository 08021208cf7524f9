import { parseArgs } from 'node:util'
import { multiaddr } from '@multiformats/multiaddr'

export const HELP = `npx relay [options]: introduces peers to each other and answers the OpenAI API for them

  --port N               port for HTTP and WebSocket, default 9090 (0 takes a free one)
  --host ADDRESS         IP address to listen on, default 127.0.0.1; 0.0.0.0 for everybody
  --data DIR             where the relay's key is kept, default .data/relay
  --model [NAME=]DIR     serve a packed model (made by \`npx racemesh pack\`); repeatable
  --peer-relay ADDRESS   multiaddress of another relay to share peers with; repeatable
  --trust-proxy N        N proxies in front append to X-Forwarded-For, default 0
  --min-stages N         split a model into at least N stages when enough peers are there, default 2
  --json-log             one JSON object per log line, and no greeting
  --verbose              log every request
  --help

docs/relay.md tells how to host one.
`

export interface RelayOptions {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly models: readonly { readonly name: string | undefined; readonly directory: string }[]
  readonly peerRelays: readonly string[]
  readonly trustedHops: number
  readonly minStages: number
  readonly hasJsonLog: boolean
  readonly isVerbose: boolean
}

/** The command line itself is wrong: exit code 2, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Parses the command line; `help` when that is what was asked. @throws UsageError */
export function parseRelayOptions(argv: readonly string[]): RelayOptions | 'help' {
  const { values } = parse(argv)
  if (values.help) return 'help'
  return {
    port: parseInteger('port', values.port, 0, 65_535),
    host: parseHost(values.host),
    dataDir: values.data,
    models: values.model.map(parseModel),
    peerRelays: values['peer-relay'].map(parsePeerRelay),
    // More hops than any sane set-up: a slip such as a port number must not switch the limits off.
    trustedHops: parseInteger('trust-proxy', values['trust-proxy'], 0, 10),
    minStages: parseInteger('min-stages', values['min-stages'], 1, 64),
    hasJsonLog: values['json-log'],
    isVerbose: values.verbose,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string', default: '9090' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string', default: '.data/relay' },
        model: { type: 'string', multiple: true, default: [] },
        'peer-relay': { type: 'string', multiple: true, default: [] },
        'trust-proxy': { type: 'string', default: '0' },
        'min-stages': { type: 'string', default: '2' },
        'json-log': { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message) // parseArgs throws nothing but errors of its own
  }
}

function parseInteger(option: string, value: string, min: number, max: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new UsageError(`--${option} takes a whole number from ${min} to ${max}, not "${value}".`)
  }
  return number
}

function parseHost(value: string): string {
  const host = value === 'localhost' ? '127.0.0.1' : value
  try {
    multiaddr(`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/1`)
  } catch {
    throw new UsageError(`--host takes an IP address to listen on, not "${value}".`)
  }
  return host
}

function parseModel(value: string): RelayOptions['models'][number] {
  const equals = value.indexOf('=')
  const name = equals === -1 ? undefined : value.slice(0, equals)
  const directory = value.slice(equals + 1)
  if (directory === '' || name === '') throw new UsageError(`--model takes NAME=DIR or DIR, not "${value}".`)
  return { name, directory }
}

function parsePeerRelay(value: string): string {
  try {
    multiaddr(value)
  } catch {
    throw new UsageError(
      `--peer-relay takes a multiaddress such as /dns4/relay.example.org/tcp/443/wss, not "${value}".`,
    )
  }
  return value
}
