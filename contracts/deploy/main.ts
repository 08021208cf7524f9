// npm run deploy:contracts -- --rpc URL --settings FILE --record FILE [--hand-over]
//
// Deploys the contracts, or goes on with a deployment that was cut off: the record says how far it came. The key of the
// deployer is read from DEPLOYER_KEY, so that it is in no file and in no list of processes. Settings are JSON:
//   { "guardian": "0x…", "founders": "0x…", "quoteToken": "0x…", "startPrice": "5000", "unitPriceWei": "1000000000000",
//     "beacon": { "delay": 1000000, "output": "0x…", "proof": "0x…", "nonce": 3 } }
// With a bare "delay" in "beacon" the proof is computed here, about 5 microseconds a squaring.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createPublicClient, createWalletClient, http } from 'viem'
import type { Address, Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { DeployError } from './deploy-error.ts'
import { deploy, handOver } from './deploy.ts'
import type { DeploySettings } from './deploy.ts'
import { parseDeploymentRecord } from './deployment.ts'
import type { DeploymentRecord } from './deployment.ts'

const { values } = parseArgs({
  options: {
    rpc: { type: 'string' },
    settings: { type: 'string' },
    record: { type: 'string' },
    'hand-over': { type: 'boolean', default: false },
  },
})

try {
  await main()
} catch (error) {
  // A stack says nothing to who forgot a setting; what is not ours keeps it.
  console.error(error instanceof DeployError ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const recordFile = required('record')
  const settings = readSettings(required('settings'))
  const transport = http(required('rpc'))
  const key = process.env['DEPLOYER_KEY'] ?? ''
  if (!/^0x[0-9a-fA-F]{64}$/.test(key)) throw badSetting('DEPLOYER_KEY (an environment variable)')
  const account = privateKeyToAccount(key as Hex) // its form was just checked
  const clients = {
    publicClient: createPublicClient({ transport }),
    walletClient: createWalletClient({ transport, account }),
  }

  const deployment = await deploy(clients, settings, {
    record: existsSync(recordFile)
      ? parseDeploymentRecord(JSON.parse(readFileSync(recordFile, 'utf8')))
      : undefined,
    onProgress: (record) => {
      writeRecord(recordFile, record)
      const [name, contract] = Object.entries(record.contracts).at(-1) ?? []
      console.log(`${name} ${contract?.address}`)
    },
  })
  if (values['hand-over']) {
    await handOver(clients, deployment, settings)
    console.log(`governance is the timelock ${deployment.timelock.address}`)
  } else {
    console.log(
      `governance is still ${account.address}; run again with --hand-over when validators are installed`,
    )
  }
}

/** Whole or not at all: a half-written record would lose a deployment. */
function writeRecord(file: string, record: DeploymentRecord): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(`${file}.new`, file)
}

function readSettings(file: string): DeploySettings {
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  const beacon = json['beacon'] as { delay?: number; output?: Hex; proof?: Hex; nonce?: number } | undefined
  if (!Number.isSafeInteger(beacon?.delay)) throw badSetting('beacon.delay')
  const delay = Number(beacon?.delay)
  const { output, proof, nonce } = beacon ?? {}
  return {
    guardian: address(json, 'guardian'),
    founders: address(json, 'founders'),
    quoteToken: address(json, 'quoteToken'),
    startPrice: integer(json, 'startPrice'),
    unitPriceWei: integer(json, 'unitPriceWei'),
    beacon:
      output !== undefined && proof !== undefined && nonce !== undefined
        ? { delay, output, proof, nonce }
        : { delay, ...delayedGenerator(delay) },
  }
}

function address(json: Record<string, unknown>, field: string): Address {
  const value = json[field]
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(value)) throw badSetting(field)
  return value as Address // its form was just checked
}

function integer(json: Record<string, unknown>, field: string): bigint {
  const value = json[field]
  if (typeof value !== 'string' || !/^[0-9]+$/.test(value)) throw badSetting(field)
  return BigInt(value)
}

function required(option: 'rpc' | 'settings' | 'record'): string {
  const value = values[option]
  if (value === undefined) throw badSetting(`--${option}`)
  return value
}

function badSetting(field: string): DeployError {
  return new DeployError(`${field} is missing or not of the right form.`, {
    data: { code: 'BAD_SETTINGS', field },
    metaMessages: ['The first lines of contracts/deploy/main.ts show every setting.'],
  })
}
