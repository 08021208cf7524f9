// `npm run gas`: what whole transactions cost (21,000 base, calldata and its floor included).
//   --json   one line of JSON
//   --write  keeps the figures in contracts/snapshots/gas.json, which tests compare with
const fs = require('node:fs')
const path = require('node:path')
const { ROOT, forge } = require('./forge.cjs')

const file = path.join(ROOT, 'snapshots', 'gas.json')
const before = fs.existsSync(file) ? fs.readFileSync(file) : undefined
const { status } = forge(['test', '--isolate', '--match-path', 'contracts/test/gas/**'], {
  stdio: ['ignore', process.argv.includes('--json') ? 'ignore' : 'inherit', 'inherit'],
  env: { FORGE_SNAPSHOT_CHECK: 'false' },
})
if (status !== 0) {
  console.error(
    'The gas scenarios failed. See: npm run forge -- test --isolate --match-path "contracts/test/gas/**" -vvv',
  )
  process.exit(status ?? 1)
}
const figures = Object.fromEntries(
  Object.entries(JSON.parse(fs.readFileSync(file, 'utf8'))).map(([name, gas]) => [name, Number(gas)]),
)
// Per-receipt figures are whole-transaction gas divided by the receipts that one settlement covers.
for (const receipts of [4096, 131072]) {
  const settle = figures[`settle${receipts}`]
  if (settle !== undefined) figures[`perReceipt${receipts}`] = Number((settle / receipts).toFixed(3))
}
if (!process.argv.includes('--write') && before !== undefined) fs.writeFileSync(file, before)
if (process.argv.includes('--json')) console.log(JSON.stringify(figures))
else for (const [name, gas] of Object.entries(figures)) console.log(`${name.padEnd(32)} ${gas}`)
