// `npm run diff:contracts`: the TypeScript model against the contracts.
//   --batches N   random batches (10,000)     --channels N   random channels (10,000)
//   --epoch-events N   random events of beacon and epochs (10,000)
//   --seed N      another walk                --json         one line of JSON
import { parseArgs } from 'node:util'
import { compareWithModel } from './compare.ts'

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '10000' },
    channels: { type: 'string', default: '10000' },
    'epoch-events': { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const startMs = performance.now()
const report = await compareWithModel({
  batches: readCount('batches', values.batches),
  channels: readCount('channels', values.channels),
  epochEvents: readCount('epoch-events', values['epoch-events']),
  seed: readCount('seed', values.seed),
  onProgress: (text) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`),
})
if (process.stderr.isTTY) process.stderr.write('\n')
const seconds = Math.round((performance.now() - startMs) / 1000)
if (values.json) {
  console.log(JSON.stringify({ ...report, differences: report.differences.length, seconds }))
} else {
  console.table(report.refused)
  console.log(
    `${report.batches} batches (${report.batchEvents} events), ${report.channels} channels ` +
      `(${report.channelEvents} events) and ${report.epochs} epochs (${report.epochEvents} events) in ${seconds} s: ${report.differences.length} differences`,
  )
}
for (const difference of report.differences) console.error(difference)
if (report.differences.length > 0) process.exitCode = 1

function readCount(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  console.error(`--${name} takes a whole number from 0 to 999999999, not "${text}".`)
  process.exit(2)
}
