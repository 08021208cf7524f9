import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublicClient, createWalletClient, getContractAddress, http, type Address } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { devDollarAbi } from '../generated/DevDollar.ts'
import { devDollarBytecode } from '../generated/bytecode/DevDollar.ts'
import { DEV_MNEMONIC, startAnvilProcess, type AnvilProcess } from './anvil.ts'
import { endLeftOverChain, holdChain, releaseChain } from './chain-lock.ts'
import type { DeployError } from './deploy-error.ts'
import { deploy, type DeployClients } from './deploy.ts'
import { parseDeploymentRecord, type Deployment, type DeploymentRecord } from './deployment.ts'

/** Squarings of the beacon: a hundredth of a second, since nobody here has anything to gain from the seed. */
const BEACON_DELAY = 1000

/** Accounts of the mnemonic, by what they do. */
const ACCOUNTS = { deployer: 0, guardian: 1, founders: 2, dollar: 9 } as const

/** Looked for that often; anvil mines a block for every transaction at once. */
const POLLING_INTERVAL_MS = 20

export interface Devnet {
  readonly url: string
  readonly deployment: Deployment
  /** Where the addresses are written down. */
  readonly recordFile: string
  /** Stands for a dollar: anybody mints it. */
  readonly dollar: Address
  readonly ended: Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * A chain on this machine with all contracts, as a real network gets them by the same script. It goes on where it stopped: chain and
 * record are kept in `folder`. Where they no longer fit each other, or the code, both begin anew.
 *
 * @param port 0 takes a free one
 * @param onNotice Told in a sentence when the chain begins anew, and why
 * @param signal Ends the start, and the chain with it; once started, `stop` does
 * @throws DeployError `CHAIN_NOT_STARTED`, `CHAIN_IN_USE`, `TRANSACTION_FAILED`; AbortError
 */
export async function startDevnet({
  folder,
  port,
  onNotice,
  signal,
}: {
  readonly folder: string
  readonly port: number
  readonly onNotice: (text: string) => void
  readonly signal: AbortSignal
}): Promise<Devnet> {
  await mkdir(folder, { recursive: true })
  const files = {
    state: join(folder, 'chain.json'),
    previous: join(folder, 'chain.previous.json'),
    record: join(folder, 'network.json'),
    lock: join(folder, 'chain.lock'),
  }
  if (await endLeftOverChain(files.lock)) onNotice('A local chain was left over from before, and was ended.')
  const chain = await startChain(files, port, onNotice)
  // The deployment then finds no chain to go on with.
  const abort = (): void => void chain.stop()
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    const network = await deployTo(chain.url, files.record)
    const { url, ended } = chain
    return { ...network, url, recordFile: files.record, ended, stop: () => stopChain(chain, files.lock) }
  } catch (error) {
    await stopChain(chain, files.lock)
    signal.throwIfAborted()
    if (!isStale(error)) throw error
    onNotice(`The local chain begins anew. ${error.shortMessage}`)
    await Promise.all(Object.values(files).map((file) => rm(file, { force: true })))
    return startDevnet({ folder, port, onNotice, signal })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

interface Files {
  readonly state: string
  readonly previous: string
  readonly record: string
  readonly lock: string
}

/** Starts anvil on the state of the last time; where that was cut off in writing, on the one before. */
async function startChain(
  files: Files,
  port: number,
  onNotice: (text: string) => void,
): Promise<AnvilProcess> {
  const start = (): Promise<AnvilProcess> =>
    // A block's limit is that of the largest networks; transactions are limited as there (EIP-7825).
    startAnvilProcess({
      port,
      flags: ['--state', files.state, '--state-interval', '10', '--enable-tx-gas-limit'],
    })
  let chain: AnvilProcess
  try {
    chain = await start()
  } catch (error) {
    if (!(await isBroken(files.state))) throw error
    onNotice('The state of the local chain was cut off in writing: going back to the one before.')
    await rm(files.state)
    await rename(files.previous, files.state).catch(ignoreMissing)
    chain = await start()
  }
  await holdChain(files.lock, chain.pid)
  await copyFile(files.state, files.previous).catch(ignoreMissing)
  return chain
}

async function stopChain(chain: AnvilProcess, lockFile: string): Promise<void> {
  await chain.stop()
  await releaseChain(lockFile)
}

/** anvil's state file is JSON, and not written whole or not at all. */
async function isBroken(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing)
  if (text === undefined) return false
  try {
    JSON.parse(text)
    return false
  } catch {
    return true // the answer, not an accident
  }
}

async function deployTo(
  url: string,
  recordFile: string,
): Promise<{ readonly deployment: Deployment; readonly dollar: Address }> {
  const transport = http(url)
  const account = (index: number) => mnemonicToAccount(DEV_MNEMONIC, { addressIndex: index })
  const clients: DeployClients = {
    publicClient: createPublicClient({ chain: foundry, transport, pollingInterval: POLLING_INTERVAL_MS }),
    walletClient: createWalletClient({ chain: foundry, transport, account: account(ACCOUNTS.deployer) }),
  }
  const dollar = await deployDollar(clients, url)
  const settings = {
    guardian: account(ACCOUNTS.guardian).address,
    founders: account(ACCOUNTS.founders).address,
    quoteToken: dollar,
    startPrice: 5000n, // half a cent, with six decimals: the paper's (Appendix E)
    unitPriceWei: 10n ** 12n,
    beacon: { delay: BEACON_DELAY, ...delayedGenerator(BEACON_DELAY) },
  }
  const deployment = await deploy(clients, settings, {
    record: await readRecord(recordFile),
    onProgress: (record) => writeRecord(recordFile, record),
    pollingIntervalMs: POLLING_INTERVAL_MS,
  })
  return { deployment, dollar }
}

/** The first contract of an account that does nothing else, so that its address is always the same. */
async function deployDollar({ publicClient }: DeployClients, url: string): Promise<Address> {
  const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex: ACCOUNTS.dollar })
  const address = getContractAddress({ from: account.address, nonce: 0n })
  const code = await publicClient.getCode({ address })
  if (code !== undefined && code !== '0x') return address
  const walletClient = createWalletClient({ chain: foundry, transport: http(url), account })
  const hash = await walletClient.deployContract({ abi: devDollarAbi, bytecode: devDollarBytecode })
  await publicClient.waitForTransactionReceipt({ hash })
  return address
}

/** True when chain, record and code no longer belong together: a developer changed a contract, or deleted a file. */
function isStale(error: unknown): error is DeployError {
  if (!(error instanceof Error) || error.name !== 'DeployError') return false
  const { code } = (error as DeployError).data // the name was just seen
  return ['NO_CODE', 'OTHER_CODE', 'WRONG_CHAIN', 'BAD_RECORD'].includes(code)
}

async function readRecord(file: string): Promise<DeploymentRecord | undefined> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing)
  if (text === undefined) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined // refused below, as any other record that is not ours
  }
  return parseDeploymentRecord(json)
}

/** Whole or not at all. */
async function writeRecord(file: string, record: DeploymentRecord): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`)
  await rename(`${file}.new`, file)
}

function ignoreMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error // anything thrown may lack a code
  return undefined
}
