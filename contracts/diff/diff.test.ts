import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAnvil, type Anvil } from '../deploy/anvil.fixture.ts'
import { DiffChain } from './chain.ts'
import {
  compareBatches,
  compareChannels,
  deployForDiff,
  emptyReport,
  seededRandom,
  type Contracts,
} from './settlement.ts'

// The share of every run of the tests; `npm run diff:contracts` makes 10,000 of each.
const BATCHES = 25
const CHANNELS = 40

describe('the model of settlement', () => {
  let anvil: Anvil
  let chain: DiffChain
  let contracts: Contracts
  beforeAll(async () => {
    anvil = await startAnvil(['--auto-impersonate', '--gas-limit', '1000000000'])
    const from = anvil.wallet(0).account.address
    chain = new DiffChain(anvil.url, from)
    contracts = await deployForDiff(chain, from)
  }, 120_000)
  afterAll(() => anvil.stop())

  it('does with random batches what the contract does', async () => {
    const report = emptyReport(7)
    const from = anvil.wallet(0).account.address
    await compareBatches(chain, contracts, from, BATCHES, seededRandom(7), report)
    expect(report.differences).toEqual([])
    // A walk in which everything was refused, or nothing, would show little.
    expect(report.accepted).toBeGreaterThan(BATCHES)
    expect(Object.keys(report.refused).length).toBeGreaterThan(2)
  }, 120_000)

  it('does with random channels what the contract does', async () => {
    const report = emptyReport(8)
    const from = anvil.wallet(0).account.address
    await compareChannels(chain, contracts, from, CHANNELS, seededRandom(8), report)
    expect(report.differences).toEqual([])
    expect(report.accepted).toBeGreaterThan(CHANNELS)
    expect(Object.keys(report.refused).length).toBeGreaterThan(4)
  }, 120_000)
})
