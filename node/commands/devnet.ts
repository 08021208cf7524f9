import { startDevnet, type Devnet } from '../../contracts/deploy/devnet.ts'
import { DEV_MNEMONIC } from '../../contracts/deploy/anvil.ts'
import { parseInteger, parseOptions } from '../usage-error.ts'

const HELP = `racemesh devnet [options]: a chain on this machine with all contracts, for developing against them

  --port N     default 8545, the usual one; 0 takes a free one
  --data DIR   where chain and addresses are kept, default .data/devnet; delete it to begin anew
  --help

Its coins and its dollars are worth nothing: its keys are known to everybody. Contracts are explained in docs/contracts.md.
`

/**
 * Runs until it is interrupted. Exit codes: 0 interrupted, 1 the chain did not start or ended by itself, 2 the command line is wrong.
 * Says `{ url, recordFile }` to the process that started it once everything is deployed.
 *
 * @throws UsageError, DeployError
 */
export async function devnetCommand(argv: string[]): Promise<number> {
  const { values } = parseOptions(
    {
      args: argv,
      options: {
        port: { type: 'string', default: '8545' },
        data: { type: 'string', default: '.data/devnet' },
        help: { type: 'boolean', default: false },
      },
    },
    HELP,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const port = parseInteger('port', values.port, 0, 65_535)
  try {
    return await runDevnet(port, values.data)
  } finally {
    // The channel to whoever started this would keep it alive.
    if (process.connected) process.disconnect()
  }
}

async function runDevnet(port: number, folder: string): Promise<number> {
  const interrupted = new AbortController()
  const { signal } = interrupted
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(event, () => interrupted.abort())
  let devnet: Devnet
  try {
    devnet = await startDevnet({
      folder,
      port,
      onNotice: (text) => process.stderr.write(`${text}\n`),
      signal,
    })
  } catch (error) {
    if (signal.aborted) return 0
    throw error
  }
  try {
    process.send?.({ url: devnet.url, recordFile: devnet.recordFile })
    process.stdout.write(describe(devnet))
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
    await Promise.race([stopped, devnet.ended])
    if (signal.aborted) return 0
    process.stderr.write('The local chain ended by itself.\n')
    return 1
  } finally {
    await devnet.stop()
  }
}

function describe({ url, recordFile, deployment, dollar }: Devnet): string {
  const contracts = [
    ...Object.entries(deployment).map(([name, { address }]) => [name, address]),
    ['dollar', dollar],
  ]
  return `Chain      ${url}   (chain id 31337)
Accounts   ${DEV_MNEMONIC}
Addresses  ${recordFile}

${contracts.map(([name, address]) => `  ${name?.padEnd(18)} ${address}`).join('\n')}

Ctrl-C stops it; what happened on it is kept.
`
}
