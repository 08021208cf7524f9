import { encodeDeployData, getAbiItem, keccak256, toBytes } from 'viem'
import type { Address } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import { devDollarAbi } from '../generated/DevDollar.ts'
import { devDollarBytecode } from '../generated/bytecode/DevDollar.ts'
import type { Anvil } from './anvil.fixture.ts'
import { startAnvil } from './anvil.fixture.ts'
import { ALLOCATION, deploy, handOver, inspect } from './deploy.ts'
import type { DeployClients, DeploySettings } from './deploy.ts'
import { CONTRACT_NAMES, deploymentOf, parseDeploymentRecord } from './deployment.ts'
import type { Deployment, DeploymentRecord } from './deployment.ts'

const SLOW = 120_000
const COIN = 10n ** 18n
const BEACON_DELAY = 1000

let anvil: Anvil
let clients: DeployClients
let settings: DeploySettings
let deployment: Deployment
let record: DeploymentRecord

beforeAll(async () => {
  anvil = await startAnvil(['--enable-tx-gas-limit'])
  clients = { publicClient: anvil.publicClient, walletClient: anvil.wallet(0) }
  settings = {
    guardian: anvil.wallet(1).account.address,
    founders: anvil.wallet(2).account.address,
    quoteToken: await deployDollar(),
    startPrice: 5000n,
    unitPriceWei: 10n ** 12n,
    beacon: { delay: BEACON_DELAY, ...delayedGenerator(BEACON_DELAY) },
  }
  deployment = await deploy(clients, settings, { onProgress: (latest) => void (record = latest) })
}, SLOW)

afterAll(() => anvil.stop())

describe('deploying the contracts', () => {
  it('leaves nothing unconnected', async () => {
    expect(await inspect(anvil.publicClient, deployment, settings)).toEqual([])
    expect(Object.keys(deployment).sort()).toEqual([...CONTRACT_NAMES].sort())
  })

  it('shares out the billion as the paper does', async () => {
    expect(Object.values(ALLOCATION).reduce((sum, amount) => sum + amount)).toBe(1_000_000_000n * COIN)
    for (const [name, amount] of Object.entries(ALLOCATION)) {
      const allowance = await anvil.publicClient.readContract({
        ...deployment.coin,
        functionName: 'mintAllowance',
        args: [deployment[name as keyof typeof ALLOCATION].address],
      })
      expect(allowance, name).toBe(amount)
    }
  })

  it('does nothing when it is run again', async () => {
    const deployer = clients.walletClient.account.address
    const before = await anvil.publicClient.getTransactionCount({ address: deployer })
    const again = await deploy(clients, settings, { record })
    expect(again).toEqual(deployment)
    expect(await anvil.publicClient.getTransactionCount({ address: deployer })).toBe(before)
  })

  it(
    'goes on where it was cut off, at every step',
    async () => {
      let interrupted: DeploymentRecord | undefined
      for (let step = 1; step <= CONTRACT_NAMES.length; step++) {
        let steps = 0
        const run = deploy(clients, settings, {
          record: interrupted,
          onProgress: (latest) => {
            // Every run gets one contract further and is then cut off.
            interrupted = parseDeploymentRecord(JSON.parse(JSON.stringify(latest)))
            if (++steps === 1) throw new Error('cut off')
          },
        })
        await expect(run).rejects.toThrow('cut off')
      }
      const resumed = await deploy(clients, settings, { record: interrupted })
      expect(await inspect(anvil.publicClient, resumed, settings)).toEqual([])
    },
    SLOW,
  )

  it('refuses a record of another chain, other settings or a chain that was reset', async () => {
    await expect(deploy(clients, settings, { record: { ...record, chainId: 1 } })).rejects.toMatchObject({
      data: { code: 'WRONG_CHAIN', expected: 1 },
    })
    await expect(deploy(clients, { ...settings, unitPriceWei: 1n }, { record })).rejects.toMatchObject({
      data: { code: 'OTHER_CODE', contract: 'prices' },
    })
    const coin = { ...record.contracts.coin!, address: settings.guardian } // every contract is in the record
    await expect(
      deploy(clients, settings, { record: { ...record, contracts: { ...record.contracts, coin } } }),
    ).rejects.toMatchObject({ data: { code: 'NO_CODE', contract: 'coin' } })
  })

  it.each([
    ['guardian', { guardian: '0x0000000000000000000000000000000000000000' }],
    ['startPrice', { startPrice: 0n }],
    ['unitPriceWei', { unitPriceWei: -1n }],
  ] as const)('refuses settings without %s', async (field, wrong) => {
    await expect(deploy(clients, { ...settings, ...wrong })).rejects.toMatchObject({
      data: { code: 'BAD_SETTINGS', field },
    })
  })

  it('says which step failed when the deployer cannot pay', async () => {
    await anvil.testClient.setBalance({ address: anvil.wallet(3).account.address, value: 1n })
    const poor = { publicClient: anvil.publicClient, walletClient: anvil.wallet(3) }
    await expect(deploy(poor, settings)).rejects.toMatchObject({
      data: { code: 'TRANSACTION_FAILED', step: 'deploy authority' },
    })
  })

  it('keeps every contract below the size limit of 24,576 bytes', async () => {
    for (const name of CONTRACT_NAMES) {
      const code = await anvil.publicClient.getCode({ address: deployment[name].address })
      expect((code!.length - 2) / 2, name).toBeLessThanOrEqual(24_576)
    }
  })
})

describe('a deployment record', () => {
  it('survives JSON', () => {
    expect(parseDeploymentRecord(JSON.parse(JSON.stringify(record)))).toEqual(record)
  })

  it.each([
    ['the whole file', null],
    ['chainId', { deployer: '0x0', contracts: {} }],
    ['deployer', { chainId: 1, deployer: '0x0', contracts: {} }],
  ])('is refused when %s is wrong', (field, value) => {
    expect(() => parseDeploymentRecord(value)).toThrow(
      expect.objectContaining({ data: { code: 'BAD_RECORD', field } }),
    )
  })

  it('is refused when a contract in it is not one of ours', () => {
    const contracts = { ...record.contracts, cat: record.contracts.coin }
    expect(() => parseDeploymentRecord({ ...record, contracts })).toThrow(/contracts\.cat/)
  })

  it('gives no deployment while a contract is missing', () => {
    const contracts = { ...record.contracts }
    delete contracts.governor
    expect(() => deploymentOf({ ...record, contracts })).toThrow(
      expect.objectContaining({ data: { code: 'INCOMPLETE', missing: 'governor' } }),
    )
  })
})

// Last, because it cannot be undone.
describe('handing over', () => {
  it('refuses while something is not connected', async () => {
    const other = { ...settings, guardian: settings.founders }
    await expect(handOver(clients, deployment, other)).rejects.toMatchObject({
      data: { code: 'NOT_AS_DEPLOYED', findings: ['Not done: the guardian can pause.'] },
    })
  })

  it('leaves the deployer with nothing', async () => {
    const deployer = clients.walletClient.account.address
    await handOver(clients, deployment, settings)
    await handOver(clients, deployment, settings)
    const governance = await anvil.publicClient.readContract({
      ...deployment.authority,
      functionName: 'governance',
    })
    expect(governance).toBe(deployment.timelock.address)
    for (const role of [`0x${'00'.repeat(32)}` as const, keccak256(toBytes('PROPOSER_ROLE'))]) {
      const args = [role, deployer] as const
      expect(
        await anvil.publicClient.readContract({ ...deployment.timelock, functionName: 'hasRole', args }),
      ).toBe(false)
    }
    await expect(
      anvil.publicClient.simulateContract({
        ...deployment.parameters,
        functionName: 'set',
        args: [0, 1n],
        account: deployer,
      }),
    ).rejects.toThrow('NotGovernance')
    // Running the deployment again still changes nothing, and asks governance for what it may no longer do itself.
    await deploy(clients, settings, { record })
    const newGuardian = { ...settings, guardian: anvil.wallet(4).account.address }
    await expect(deploy(clients, newGuardian, { record })).rejects.toMatchObject({
      data: { code: 'NOT_PERMITTED', step: 'the guardian can pause' },
    })
  })

  it('gives errors of the contracts their names in the ABI', () => {
    expect(getAbiItem({ abi: deployment.parameters.abi, name: 'ParameterOutOfBounds' }).type).toBe('error')
  })
})

async function deployDollar(): Promise<Address> {
  const data = encodeDeployData({ abi: devDollarAbi, bytecode: devDollarBytecode })
  const hash = await anvil.wallet(0).sendTransaction({ data })
  const receipt = await anvil.publicClient.waitForTransactionReceipt({ hash })
  return receipt.contractAddress! // a receipt of a creation has an address
}
