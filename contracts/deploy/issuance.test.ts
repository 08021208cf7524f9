import * as fc from 'fast-check'
import { keccak256, toBytes } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fuzzParameters } from '../../shared/model/fuzz-runs.fixture.ts'
import type { IssuanceState } from '../../shared/money/issuance.ts'
import { ISSUANCE_GENESIS, releaseCoins, splitReleased } from '../../shared/money/issuance.ts'
import { delayedGenerator } from '../../shared/money/timed-commitment.ts'
import type { Anvil } from './anvil.fixture.ts'
import { startAnvil } from './anvil.fixture.ts'
import { deploy } from './deploy.ts'
import type { Deployment } from './deployment.ts'

const DAY_SECONDS = 86_400n
const SETTLEMENT = keccak256(toBytes('racemesh.role.settlement'))
/** `IssuanceDailyCap` as deployed, in wei. */
const DAILY_CAP = 1_369_863n * 10n ** 18n
/** `TrainingShareBps` as deployed. */
const TRAINING_SHARE_BPS = 2000n
const STEPS = Number(process.env['FUZZ_RUNS'] ?? 100)
/** Given, because an estimate is made for the block before: work on a new day costs more. */
const RELEASE_GAS = 1_000_000n

let anvil: Anvil
let deployment: Deployment

beforeAll(async () => {
  anvil = await startAnvil()
  const clients = { publicClient: anvil.publicClient, walletClient: anvil.wallet(0) }
  const someone = anvil.wallet(1).account.address
  deployment = await deploy(clients, {
    guardian: someone,
    founders: someone,
    quoteToken: someone,
    startPrice: 5000n,
    unitPriceWei: 1n,
    beacon: { delay: 1000, ...delayedGenerator(1000) },
  })
  const hash = await anvil.wallet(0).writeContract({
    ...deployment.authority,
    functionName: 'grant',
    args: [SETTLEMENT, anvil.wallet(0).account.address],
  })
  await anvil.publicClient.waitForTransactionReceipt({ hash })
}, 120_000)

afterAll(() => anvil.stop())

it('the deployed contract releases what the model releases, to the wei, day after day', async () => {
  const { issuance } = deployment
  const genesis = await anvil.publicClient.readContract({ ...issuance, functionName: 'genesis' })
  const step = fc.record({
    fees: fc.oneof(fc.bigInt(0n, 10n ** 20n), fc.bigInt(0n, 10n ** 26n)),
    days: fc.oneof(fc.constant(0n), fc.constant(1n), fc.bigInt(0n, 300n)),
  })
  // One chain has one history, so one long random walk takes the place of many runs.
  const { seed = 0 } = fuzzParameters(1)
  const [walk = []] = fc.sample(fc.array(step, { minLength: STEPS, maxLength: STEPS }), { seed, numRuns: 1 })
  let state: IssuanceState = ISSUANCE_GENESIS
  let day = 0n
  for (const [number, { fees, days }] of walk.entries()) {
    if (days > 0n) {
      day += days
      await anvil.testClient.setNextBlockTimestamp({ timestamp: genesis + day * DAY_SECONDS + 1n })
      await anvil.testClient.mine({ blocks: 1 })
    }
    const release = releaseCoins(state, { fees, day, dailyCap: DAILY_CAP })
    const expected = splitReleased(release.subsidy + release.minimum, {
      fees,
      trainingShareBps: TRAINING_SHARE_BPS,
    })
    const quote = await anvil.publicClient.readContract({ ...issuance, functionName: 'quote', args: [fees] })
    expect(quote, `step ${number}`).toEqual([expected.reward, expected.training])
    const hash = await anvil
      .wallet(0)
      .writeContract({ ...issuance, functionName: 'release', args: [fees], gas: RELEASE_GAS })
    const receipt = await anvil.publicClient.waitForTransactionReceipt({ hash })
    expect(receipt.status, `step ${number}`).toBe('success')
    state = release.state
    expect(
      await anvil.publicClient.readContract({ ...issuance, functionName: 'state' }),
      `step ${number}`,
    ).toEqual(state)
  }
  expect(state.issued).toBeGreaterThan(10n ** 25n)
}, 120_000)
