import { isAddress } from 'viem'
import type { Address, Hex } from 'viem'
import { additionalRewardsAbi } from '../generated/AdditionalRewards.ts'
import { authorityAbi } from '../generated/Authority.ts'
import { batchesAbi } from '../generated/Batches.ts'
import { channelsAbi } from '../generated/Channels.ts'
import { epochsAbi } from '../generated/Epochs.ts'
import { founderGrantAbi } from '../generated/FounderGrant.ts'
import { fundAbi } from '../generated/Fund.ts'
import { inferenceHubAbi } from '../generated/InferenceHub.ts'
import { issuanceAbi } from '../generated/Issuance.ts'
import { liquidityPoolAbi } from '../generated/LiquidityPool.ts'
import { modelsAbi } from '../generated/Models.ts'
import { parametersAbi } from '../generated/Parameters.ts'
import { pricesAbi } from '../generated/Prices.ts'
import { providersAbi } from '../generated/Providers.ts'
import { quorumAbi } from '../generated/Quorum.ts'
import { raceCoinAbi } from '../generated/RaceCoin.ts'
import { raceGovernorAbi } from '../generated/RaceGovernor.ts'
import { raceTimelockAbi } from '../generated/RaceTimelock.ts'
import { DeployError } from './deploy-error.ts'

/** Every contract of a network by its part, in the order of deployment. Two parts may share an ABI. */
export const CONTRACT_ABIS = {
  authority: authorityAbi,
  parameters: parametersAbi,
  coin: raceCoinAbi,
  treasury: fundAbi,
  trainingFund: fundAbi,
  issuance: issuanceAbi,
  founderGrant: founderGrantAbi,
  additionalRewards: additionalRewardsAbi,
  liquidityPool: liquidityPoolAbi,
  providers: providersAbi,
  models: modelsAbi,
  quorum: quorumAbi,
  epochs: epochsAbi,
  channels: channelsAbi,
  batches: batchesAbi,
  prices: pricesAbi,
  inferenceHub: inferenceHubAbi,
  timelock: raceTimelockAbi,
  governor: raceGovernorAbi,
} as const

export type ContractName = keyof typeof CONTRACT_ABIS

// Object.keys forgets the names; the object above is where they come from.
export const CONTRACT_NAMES = Object.keys(CONTRACT_ABIS) as ContractName[]

/** One deployed contract. */
export interface DeployedContract {
  readonly address: Address
  /** keccak256 of the creation code with its arguments: a record is never continued with other code or settings. */
  readonly creation: Hex
}

/** What `deploy` writes down as it goes, and reads to go on where it stopped. Plain JSON. */
export interface DeploymentRecord {
  readonly chainId: number
  readonly deployer: Address
  readonly contracts: Partial<Record<ContractName, DeployedContract>>
}

/** Address and ABI of every contract, for viem's functions. */
export type Deployment = {
  readonly [Name in ContractName]: { readonly address: Address; readonly abi: (typeof CONTRACT_ABIS)[Name] }
}

/**
 * Pairs the addresses of a finished record with their ABIs.
 *
 * @throws DeployError `INCOMPLETE` when a contract is missing in the record.
 */
export function deploymentOf(record: DeploymentRecord): Deployment {
  const entries = CONTRACT_NAMES.map((name) => {
    const contract = record.contracts[name]
    if (contract === undefined) {
      throw new DeployError(`The deployment record has no ${name}.`, {
        data: { code: 'INCOMPLETE', missing: name },
        metaMessages: [
          'The deployment was interrupted before this contract.',
          'Run the deployment again with the same record: it goes on where it stopped.',
        ],
      })
    }
    return [name, { address: contract.address, abi: CONTRACT_ABIS[name] }]
  })
  return Object.fromEntries(entries) as Deployment // one entry per name, built just above
}

/**
 * Reads a record from parsed JSON.
 *
 * @throws DeployError `BAD_RECORD` naming the field that is not what it should be.
 */
export function parseDeploymentRecord(value: unknown): DeploymentRecord {
  const record = value as Partial<DeploymentRecord> | null // checked field by field below
  if (typeof record !== 'object' || record === null) throw badRecord('the whole file')
  if (!Number.isSafeInteger(record.chainId)) throw badRecord('chainId')
  if (!isAddress(String(record.deployer))) throw badRecord('deployer')
  if (typeof record.contracts !== 'object' || record.contracts === null) throw badRecord('contracts')
  for (const [name, contract] of Object.entries(record.contracts)) {
    if (!(name in CONTRACT_ABIS)) throw badRecord(`contracts.${name}`)
    if (!isAddress(String(contract.address))) throw badRecord(`contracts.${name}.address`)
    if (!/^0x[0-9a-f]{64}$/.test(String(contract.creation))) throw badRecord(`contracts.${name}.creation`)
  }
  return record as DeploymentRecord // every field was checked
}

function badRecord(field: string): DeployError {
  return new DeployError(`The deployment record is not one of ours: ${field} is wrong.`, {
    data: { code: 'BAD_RECORD', field },
    metaMessages: [
      'The file was edited, cut off, or belongs to another program.',
      'Restore it from a copy, or start with a new file to deploy everything afresh.',
    ],
  })
}
