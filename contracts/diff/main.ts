// `npm run diff:contracts`: the TypeScript model against the contracts on a chain of its own.
//   --batches N   random batches (10,000)     --channels N   random channels (10,000)
//   --seed N      another walk                --json         one line of JSON
import { parseArgs } from 'node:util'
import { startAnvil } from '../deploy/anvil.fixture.ts'
import { DiffChain } from './chain.ts'
import { compareBatches, compareChannels, deployForDiff, emptyReport, seededRandom } from './settlement.ts'

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '10000' },
    channels: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const startMs = performance.now()
const anvil = await startAnvil(['--auto-impersonate', '--gas-limit', '1000000000'])
try {
  const from = anvil.wallet(0).account.address
  const chain = new DiffChain(anvil.url, from)
  const contracts = await deployForDiff(chain, from)
  const report = emptyReport(seed)
  const random = seededRandom(seed)
  await compareBatches(chain, contracts, from, Number(values.batches), random, report)
  await compareChannels(chain, contracts, from, Number(values.channels), random, report)
  const seconds = Math.round((performance.now() - startMs) / 1000)
  const result = { ...report, differences: report.differences.length, seconds }
  if (values.json) console.log(JSON.stringify(result))
  else {
    console.table(result.refused)
    console.log(
      `${report.batches} batches (${report.batchEvents} events) and ${report.channels} channels ` +
        `(${report.channelEvents} events) in ${seconds} s: ${report.differences.length} differences`,
    )
  }
  for (const difference of report.differences.slice(0, 20)) console.error(difference)
  if (report.differences.length > 0) process.exitCode = 1
} finally {
  await anvil.stop()
}
