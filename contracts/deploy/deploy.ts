import {
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  isAddressEqual,
  keccak256,
  toBytes,
  zeroAddress,
} from 'viem'
import type { Account, Address, Chain, Hex, PublicClient, Transport, WalletClient } from 'viem'
import type { DelayProof } from '../../shared/money/timed-commitment.ts'
import { additionalRewardsBytecode } from '../generated/bytecode/AdditionalRewards.ts'
import { authorityBytecode } from '../generated/bytecode/Authority.ts'
import { batchesBytecode } from '../generated/bytecode/Batches.ts'
import { channelsBytecode } from '../generated/bytecode/Channels.ts'
import { epochsBytecode } from '../generated/bytecode/Epochs.ts'
import { founderGrantBytecode } from '../generated/bytecode/FounderGrant.ts'
import { fundBytecode } from '../generated/bytecode/Fund.ts'
import { inferenceHubBytecode } from '../generated/bytecode/InferenceHub.ts'
import { issuanceBytecode } from '../generated/bytecode/Issuance.ts'
import { liquidityPoolBytecode } from '../generated/bytecode/LiquidityPool.ts'
import { modelsBytecode } from '../generated/bytecode/Models.ts'
import { parametersBytecode } from '../generated/bytecode/Parameters.ts'
import { pricesBytecode } from '../generated/bytecode/Prices.ts'
import { providersBytecode } from '../generated/bytecode/Providers.ts'
import { quorumBytecode } from '../generated/bytecode/Quorum.ts'
import { raceCoinBytecode } from '../generated/bytecode/RaceCoin.ts'
import { raceGovernorBytecode } from '../generated/bytecode/RaceGovernor.ts'
import { raceTimelockBytecode } from '../generated/bytecode/RaceTimelock.ts'
import { DeployError } from './deploy-error.ts'
import { CONTRACT_ABIS, CONTRACT_NAMES, deploymentOf } from './deployment.ts'
import type { ContractName, Deployment, DeploymentRecord } from './deployment.ts'

/** Coins (wei) that each minter may mint in all its life: the paper's allocation (Appendix E), a billion in all. */
export const ALLOCATION = {
  issuance: 600_000_000n * 10n ** 18n,
  additionalRewards: 120_000_000n * 10n ** 18n,
  liquidityPool: 120_000_000n * 10n ** 18n,
  founderGrant: 160_000_000n * 10n ** 18n,
} as const satisfies Partial<Record<ContractName, bigint>>

export interface DeploySettings {
  /** May pause switches for a while, and nothing else. */
  readonly guardian: Address
  /** Receives the founders' coins as they vest. */
  readonly founders: Address
  /** ERC-20 that the liquidity pool takes and pays, such as a dollar token. */
  readonly quoteToken: Address
  /** Price of a whole coin in the first phase, in the smallest unit of the quote token. The paper's is 0.005 dollars. */
  readonly startPrice: bigint
  /** Coins (wei) per unit of compute (10^6 multiply-accumulates) until providers vote. */
  readonly unitPriceWei: bigint
  /** The beacon's delay in squarings, and g^(2^delay) with its proof (`delayedGenerator`). */
  readonly beacon: DelayProof & { readonly delay: number }
}

export interface DeployClients {
  readonly publicClient: PublicClient
  /** Its account pays, and is governance until `handOver`. */
  readonly walletClient: WalletClient<Transport, Chain | undefined, Account>
}

export interface DeployOptions {
  /** Where an earlier run stopped. */
  readonly record?: DeploymentRecord | undefined
  /** Called after every contract: what it got must be kept, so that a run that is cut off can be continued. */
  readonly onProgress?: ((record: DeploymentRecord) => Promise<void> | void) | undefined
  /** How often receipts are looked for. */
  readonly pollingIntervalMs?: number | undefined
}

const SETTLEMENT_ROLE = keccak256(toBytes('racemesh.role.settlement'))
const GUARDIAN_ROLE = keccak256(toBytes('racemesh.role.guardian'))
const ADMIN_ROLE: Hex = `0x${'00'.repeat(32)}`

type DataBuilder = (at: (name: ContractName) => Address, settings: DeploySettings, deployer: Address) => Hex

/** Creation code of each contract with its arguments; what it names was deployed before it. */
const CREATION: Readonly<Record<ContractName, DataBuilder>> = {
  authority: (_at, _settings, deployer) =>
    encodeDeployData({ abi: CONTRACT_ABIS.authority, bytecode: authorityBytecode, args: [deployer] }),
  parameters: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.parameters,
      bytecode: parametersBytecode,
      args: [at('authority')],
    }),
  coin: () => encodeDeployData({ abi: CONTRACT_ABIS.coin, bytecode: raceCoinBytecode }),
  treasury: (at) =>
    encodeDeployData({ abi: CONTRACT_ABIS.treasury, bytecode: fundBytecode, args: [at('authority')] }),
  trainingFund: (at) =>
    encodeDeployData({ abi: CONTRACT_ABIS.trainingFund, bytecode: fundBytecode, args: [at('authority')] }),
  issuance: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.issuance,
      bytecode: issuanceBytecode,
      args: [at('authority'), at('parameters'), at('coin'), at('trainingFund')],
    }),
  founderGrant: (at, { founders }) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.founderGrant,
      bytecode: founderGrantBytecode,
      args: [at('coin'), founders],
    }),
  additionalRewards: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.additionalRewards,
      bytecode: additionalRewardsBytecode,
      args: [at('authority'), at('coin')],
    }),
  liquidityPool: (at, { quoteToken, startPrice }) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.liquidityPool,
      bytecode: liquidityPoolBytecode,
      args: [at('authority'), at('parameters'), at('coin'), quoteToken, startPrice],
    }),
  providers: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.providers,
      bytecode: providersBytecode,
      args: [at('authority'), at('parameters'), at('coin')],
    }),
  models: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.models,
      bytecode: modelsBytecode,
      args: [at('authority'), at('parameters'), at('coin'), at('treasury')],
    }),
  quorum: () => encodeDeployData({ abi: CONTRACT_ABIS.quorum, bytecode: quorumBytecode }),
  epochs: (at, { beacon }) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.epochs,
      bytecode: epochsBytecode,
      args: [
        at('authority'),
        at('parameters'),
        at('coin'),
        at('providers'),
        at('quorum'),
        at('treasury'),
        BigInt(beacon.delay),
        beacon.output,
        beacon.proof,
        BigInt(beacon.nonce),
      ],
    }),
  channels: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.channels,
      bytecode: channelsBytecode,
      args: [at('authority'), at('parameters'), at('coin')],
    }),
  batches: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.batches,
      bytecode: batchesBytecode,
      args: [
        at('authority'),
        at('parameters'),
        at('coin'),
        at('epochs'),
        at('quorum'),
        at('channels'),
        at('issuance'),
        at('treasury'),
      ],
    }),
  prices: (at, { unitPriceWei }) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.prices,
      bytecode: pricesBytecode,
      args: [at('epochs'), at('models'), unitPriceWei],
    }),
  inferenceHub: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.inferenceHub,
      bytecode: inferenceHubBytecode,
      args: [at('authority'), at('parameters'), at('coin'), at('batches')],
    }),
  timelock: (_at, _settings, deployer) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.timelock,
      bytecode: raceTimelockBytecode,
      args: [[], [], deployer],
    }),
  governor: (at) =>
    encodeDeployData({
      abi: CONTRACT_ABIS.governor,
      bytecode: raceGovernorBytecode,
      args: [at('coin'), at('timelock'), at('parameters')],
    }),
}

/**
 * Deploys what is missing, and connects what is not connected. Safe to run again at any time: what is there stays.
 * The deployer stays governance until {@link handOver}, so that a first set of validators can be installed before.
 *
 * @throws DeployError `WRONG_CHAIN`, `OTHER_CODE` or `NO_CODE` when the record does not fit chain, code and settings;
 *   `TRANSACTION_FAILED` when a transaction reverts; `NOT_PERMITTED` when a connection is missing that only governance can make.
 */
export async function deploy(
  clients: DeployClients,
  settings: DeploySettings,
  options: DeployOptions = {},
): Promise<Deployment> {
  checkSettings(settings)
  const { publicClient } = clients
  const deployer = clients.walletClient.account.address
  let record = options.record ?? {
    chainId: await publicClient.getChainId(),
    deployer,
    contracts: {},
  }
  await checkChain(publicClient, record)

  const at = (name: ContractName): Address => {
    // `CREATION` is walked in its own order, and names only what comes before.
    return record.contracts[name]!.address
  }
  for (const name of CONTRACT_NAMES) {
    const data = CREATION[name](at, settings, record.deployer)
    const creation = keccak256(data)
    const known = record.contracts[name]
    if (known !== undefined) {
      if (known.creation !== creation) throw otherCode(name)
      const code = await publicClient.getCode({ address: known.address })
      if (code === undefined || code === '0x') throw noCode(name, known.address)
      continue
    }
    const address = await create(clients, name, data, options)
    record = { ...record, contracts: { ...record.contracts, [name]: { address, creation } } }
    await options.onProgress?.(record)
  }

  const deployment = deploymentOf(record)
  await connect(clients, deployment, settings, options)
  return deployment
}

/**
 * Gives governance to the timelock, for good. From then on every change takes a vote and seven days. Safe to run again.
 *
 * @throws DeployError `NOT_AS_DEPLOYED` when something is not connected as it should be: nothing is handed over then.
 */
export async function handOver(
  clients: DeployClients,
  deployment: Deployment,
  settings: DeploySettings,
  options: Pick<DeployOptions, 'pollingIntervalMs'> = {},
): Promise<void> {
  const findings = await inspect(clients.publicClient, deployment, settings)
  if (findings.length > 0) {
    throw new DeployError('The contracts are not connected as they should be; nothing was handed over.', {
      data: { code: 'NOT_AS_DEPLOYED', findings },
      metaMessages: [...findings, 'Run the deployment again, and then hand over.'],
    })
  }
  const { authority, timelock } = deployment
  const deployer = clients.walletClient.account.address
  const governance = await clients.publicClient.readContract({ ...authority, functionName: 'governance' })
  if (isAddressEqual(governance, deployer)) {
    const data = encodeFunctionData({
      abi: authority.abi,
      functionName: 'transferOwnership',
      args: [timelock.address],
    })
    await send(clients, 'hand governance to the timelock', authority.address, data, options)
  }
  const isAdmin = await clients.publicClient.readContract({
    ...timelock,
    functionName: 'hasRole',
    args: [ADMIN_ROLE, deployer],
  })
  if (isAdmin) {
    const data = encodeFunctionData({
      abi: timelock.abi,
      functionName: 'renounceRole',
      args: [ADMIN_ROLE, deployer],
    })
    await send(clients, 'renounce the timelock', timelock.address, data, options)
  }
}

/**
 * Compares the chain with what a deployment should be.
 *
 * @returns One sentence for everything that is not connected; empty when all is well.
 */
export async function inspect(
  publicClient: PublicClient,
  deployment: Deployment,
  settings: DeploySettings,
): Promise<string[]> {
  const findings: string[] = []
  for (const step of connections(publicClient, deployment, settings)) {
    if (!(await step.isDone())) findings.push(`Not done: ${step.name}.`)
  }
  return findings
}

interface Connection {
  readonly name: string
  readonly isDone: () => Promise<boolean>
  readonly to: Address
  readonly data: Hex
}

/** What is set once all contracts exist: who may mint, settle, pause and propose. */
function connections(
  publicClient: PublicClient,
  deployment: Deployment,
  settings: DeploySettings,
): Connection[] {
  const { authority, batches, coin, governor, liquidityPool, timelock } = deployment
  const allocations = Object.entries(ALLOCATION).map(([name, amount]) => ({
    minter: deployment[name as keyof typeof ALLOCATION].address, // the names of ALLOCATION are names of contracts
    amount,
  }))
  const role = (name: string, hash: Hex, account: Address): Connection => ({
    name,
    isDone: () => publicClient.readContract({ ...authority, functionName: 'hasRole', args: [hash, account] }),
    to: authority.address,
    data: encodeFunctionData({ abi: authority.abi, functionName: 'grant', args: [hash, account] }),
  })
  const timelockRole = (name: string, text: string, account: Address): Connection => {
    const args = [keccak256(toBytes(text)), account] as const
    return {
      name,
      isDone: () => publicClient.readContract({ ...timelock, functionName: 'hasRole', args }),
      to: timelock.address,
      data: encodeFunctionData({ abi: timelock.abi, functionName: 'grantRole', args }),
    }
  }
  return [
    {
      name: 'the cap is shared out among the minters',
      isDone: async () => {
        // Minting lowers allowances, so both sides are counted; burned coins stay counted in neither.
        const allowances = await Promise.all(
          allocations.map(({ minter }) =>
            publicClient.readContract({ ...coin, functionName: 'mintAllowance', args: [minter] }),
          ),
        )
        const supply = await publicClient.readContract({ ...coin, functionName: 'totalSupply' })
        return allowances.some((allowance) => allowance > 0n) || supply > 0n
      },
      to: coin.address,
      data: encodeFunctionData({ abi: coin.abi, functionName: 'allocate', args: [allocations] }),
    },
    role('batches release new coins', SETTLEMENT_ROLE, batches.address),
    role('the guardian can pause', GUARDIAN_ROLE, settings.guardian),
    {
      name: 'the liquidity pool knows who earned what',
      isDone: async () => {
        const source = await publicClient.readContract({ ...liquidityPool, functionName: 'earnings' })
        return isAddressEqual(source, batches.address)
      },
      to: liquidityPool.address,
      data: encodeFunctionData({
        abi: liquidityPool.abi,
        functionName: 'setEarnings',
        args: [batches.address],
      }),
    },
    timelockRole('the governor proposes', 'PROPOSER_ROLE', governor.address),
    timelockRole('the governor cancels', 'CANCELLER_ROLE', governor.address),
    timelockRole('anyone executes what is due', 'EXECUTOR_ROLE', zeroAddress),
  ]
}

async function connect(
  clients: DeployClients,
  deployment: Deployment,
  settings: DeploySettings,
  options: DeployOptions,
): Promise<void> {
  for (const step of connections(clients.publicClient, deployment, settings)) {
    if (await step.isDone()) continue
    const governance = await clients.publicClient.readContract({
      ...deployment.authority,
      functionName: 'governance',
    })
    if (!isAddressEqual(governance, clients.walletClient.account.address)) {
      throw new DeployError(`Only governance can still do this: ${step.name}.`, {
        data: { code: 'NOT_PERMITTED', step: step.name },
        metaMessages: [
          'Governance was handed over, and has since changed this or was never asked for it.',
          'Propose it in the governor, or leave it as governance decided.',
        ],
      })
    }
    await send(clients, step.name, step.to, step.data, options)
  }
}

async function create(
  clients: DeployClients,
  name: ContractName,
  data: Hex,
  options: DeployOptions,
): Promise<Address> {
  const receipt = await send(clients, `deploy ${name}`, undefined, data, options)
  // A receipt of a creation that did not revert has an address; the type also covers calls.
  return getAddress(receipt.contractAddress!)
}

async function send(
  { publicClient, walletClient }: DeployClients,
  step: string,
  to: Address | undefined,
  data: Hex,
  { pollingIntervalMs }: Pick<DeployOptions, 'pollingIntervalMs'>,
): Promise<{ contractAddress?: Address | null | undefined }> {
  let cause: unknown
  try {
    const hash = await walletClient.sendTransaction({
      ...(to === undefined ? {} : { to }),
      data,
      account: walletClient.account,
      chain: walletClient.chain,
    }) // a creation has no `to`, and the union is too wide to infer
    const receipt = await publicClient.waitForTransactionReceipt({
      hash,
      ...(pollingIntervalMs === undefined ? {} : { pollingInterval: pollingIntervalMs }),
    })
    if (receipt.status === 'success') return receipt
  } catch (error) {
    cause = error
  }
  throw new DeployError(`A step of the deployment failed: ${step}.`, {
    data: { code: 'TRANSACTION_FAILED', step },
    metaMessages: [
      'Usually the deployer has too little to pay for gas, or a setting does not fit.',
      'Put that right and run the deployment again with the same record: it goes on where it stopped.',
    ],
    cause,
  })
}

function checkSettings(settings: DeploySettings): void {
  const { guardian, founders, quoteToken, startPrice, unitPriceWei } = settings
  const isNobody = (address: Address): boolean => isAddressEqual(address, zeroAddress)
  const wrong =
    (isNobody(guardian) && 'guardian') ||
    (isNobody(founders) && 'founders') ||
    (isNobody(quoteToken) && 'quoteToken') ||
    (startPrice <= 0n && 'startPrice') ||
    (unitPriceWei <= 0n && 'unitPriceWei')
  if (wrong === false) return
  throw new DeployError(`The setting ${wrong} is missing or zero.`, {
    data: { code: 'BAD_SETTINGS', field: wrong },
    metaMessages: ['A contract with it could never work.', 'Set it and run the deployment again.'],
  })
}

async function checkChain(publicClient: PublicClient, record: DeploymentRecord): Promise<void> {
  const actual = await publicClient.getChainId()
  if (actual === record.chainId) return
  throw new DeployError(`The record is of chain ${record.chainId}, but this is chain ${actual}.`, {
    data: { code: 'WRONG_CHAIN', expected: record.chainId, actual },
    metaMessages: [
      'The RPC address or the record belongs to another network.',
      'Use the record of this network, or none to deploy afresh.',
    ],
  })
}

function otherCode(contract: ContractName): DeployError {
  return new DeployError(`${contract} was deployed from other code or with other settings.`, {
    data: { code: 'OTHER_CODE', contract },
    metaMessages: [
      'The contracts or the settings changed since the record was written.',
      'Go on with the code and settings of that time, or deploy a new network with a new record.',
    ],
  })
}

function noCode(contract: ContractName, address: Address): DeployError {
  return new DeployError(`There is no contract at ${address}, where the record has ${contract}.`, {
    data: { code: 'NO_CODE', contract },
    metaMessages: [
      'The chain was reset, or the RPC server is behind.',
      'Deploy with a new record if the chain is new; wait and run again otherwise.',
    ],
  })
}
