// `npm run deploy:contracts`: deploys the contracts, or goes on with a deployment that was cut off. See HELP.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createPublicClient, createWalletClient, http } from 'viem'
import type { Hex, PublicClient } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { DeployError } from './deploy-error.ts'
import { deploy, handOver, inspect } from './deploy.ts'
import { CONTRACT_NAMES, deploymentOf, parseDeploymentRecord } from './deployment.ts'
import type { DeploymentRecord } from './deployment.ts'
import { badSetting, parseSettings, SETTINGS_EXAMPLE } from './settings.ts'

const HELP = `npm run deploy:contracts -- --rpc URL --settings FILE --record FILE [--hand-over | --inspect]

Deploys the contracts and connects them, one transaction at a time. The record says how far it came: a run that is cut off
goes on where it stopped, and a run on a finished record changes nothing.

  --rpc URL        the chain, with the precompiles of Prague
  --settings FILE  JSON, see below
  --record FILE    addresses; made by the first run, kept by all others
  --hand-over      gives governance to the timelock, for good. Install the first validators before
  --inspect        changes nothing: says what is there and what is not connected. Needs no key
  --help

DEPLOYER_KEY, an environment variable, is the key that pays and is governance until the hand-over: 0x and 64 digits.

Settings:
${SETTINGS_EXAMPLE}
`

class UsageError extends Error {}

try {
  process.exitCode = await main(readOptions())
} catch (error) {
  // A stack says nothing to who forgot a setting; what is not ours keeps it.
  const isOurs = error instanceof DeployError || error instanceof UsageError
  console.error(isOurs ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

interface Options {
  readonly rpc: string
  readonly settings: string
  readonly record: string
  readonly isHandOver: boolean
  readonly isInspect: boolean
}

/** @returns undefined when help was asked for. @throws UsageError */
function readOptions(): Options | undefined {
  let values
  try {
    ;({ values } = parseArgs({
      options: {
        rpc: { type: 'string' },
        settings: { type: 'string' },
        record: { type: 'string' },
        'hand-over': { type: 'boolean', default: false },
        inspect: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }))
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, {
      cause: error,
    })
  }
  if (values.help) return undefined
  const { rpc, settings, record, inspect: isInspect, 'hand-over': isHandOver } = values
  if (rpc === undefined || settings === undefined || record === undefined) {
    throw new UsageError(`--rpc, --settings and --record are needed.\n\n${HELP}`)
  }
  if (isHandOver && isInspect) throw new UsageError('--hand-over changes something and --inspect does not.')
  return { rpc, settings, record, isHandOver, isInspect }
}

async function main(options: Options | undefined): Promise<number> {
  if (options === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  const settings = parseSettings(readText(options.settings, 'settings'))
  const record = existsSync(options.record) ? readRecord(options.record) : undefined
  const transport = http(options.rpc)
  const publicClient = createPublicClient({ transport })
  await checkAnswers(publicClient, options.rpc)

  if (options.isInspect) {
    const missing = CONTRACT_NAMES.filter((name) => record?.contracts[name] === undefined)
    for (const name of missing) console.log(`Not deployed: ${name}.`)
    if (record === undefined || missing.length > 0) return 1
    for (const [name, { address }] of Object.entries(record.contracts)) console.log(`${name} ${address}`)
    const findings = await inspect(publicClient, deploymentOf(record), settings)
    for (const finding of findings) console.log(finding)
    return findings.length === 0 ? 0 : 1
  }

  const key = process.env['DEPLOYER_KEY'] ?? ''
  if (!/^0x[0-9a-fA-F]{64}$/.test(key)) {
    throw badSetting('DEPLOYER_KEY (an environment variable)', 'must be 0x and 64 hexadecimal digits')
  }
  const account = privateKeyToAccount(key as Hex) // its form was just checked
  const clients = { publicClient, walletClient: createWalletClient({ transport, account }) }
  const deployment = await deploy(clients, settings, {
    record,
    onProgress: (latest) => {
      writeRecord(options.record, latest)
      const [name, contract] = Object.entries(latest.contracts).at(-1) ?? []
      console.log(`${name} ${contract?.address}`)
    },
  })
  if (options.isHandOver) {
    await handOver(clients, deployment, settings)
    console.log(`Governance is the timelock ${deployment.timelock.address}.`)
  } else {
    console.log(
      `Governance is still ${account.address}. Run again with --hand-over when validators are installed.`,
    )
  }
  return 0
}

/** @throws DeployError `UNREACHABLE` */
async function checkAnswers(publicClient: PublicClient, url: string): Promise<void> {
  try {
    await publicClient.getChainId()
  } catch (cause) {
    throw new DeployError(`No chain answers at ${url}.`, {
      cause,
      data: { code: 'UNREACHABLE', url },
      metaMessages: [
        'Is --rpc the address of a JSON-RPC endpoint, with http:// or https://, and does it run?',
      ],
    })
  }
}

function readRecord(file: string): DeploymentRecord {
  const text = readText(file, 'record')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new DeployError(`The record ${file} is not JSON.`, {
      cause,
      data: { code: 'BAD_RECORD', field: 'file' },
      metaMessages: [
        'A record is written whole or not at all: something else changed it, or it is another file.',
      ],
    })
  }
  return parseDeploymentRecord(json)
}

function readText(file: string, what: 'settings' | 'record'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw badSetting(
      `--${what}`,
      `cannot be read (${error instanceof Error ? error.message : String(error)})`,
    )
  }
}

/** Whole or not at all: a half-written record would lose a deployment. */
function writeRecord(file: string, record: DeploymentRecord): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(`${file}.new`, file)
}
