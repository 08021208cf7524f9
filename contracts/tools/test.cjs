// `npm run test:contracts`: unit, fuzz and stateful tests, gas against its snapshots, generated TypeScript against its source.
// FOUNDRY_FUZZ_RUNS, FOUNDRY_INVARIANT_RUNS and FOUNDRY_INVARIANT_DEPTH raise the numbers of foundry.toml.
// Further arguments go to `forge test` alone: `npm run test:contracts -- --match-contract Issuance -vvv`.
const fs = require('node:fs')
const path = require('node:path')
const { ROOT, forge } = require('./forge.cjs')
const { checkGenerated } = require('./generate.cjs')

const GAS_SCENARIOS = 'contracts/test/gas/**'
/** Played by the comparison with TypeScript (contracts/diff), which makes what they need. */
const WALKS = 'contracts/test/diff/**'
const extra = process.argv.slice(2)
if (extra.length > 0) process.exit(forge(['test', ...extra]).status ?? 1)

const counts = { passed: 0, failed: 0, skipped: 0 }
// No contract above 24,576 bytes.
exitOnFailure(
  forge(['build', '--sizes', '--skip', 'contracts/test/**'], { stdio: ['ignore', 'ignore', 'inherit'] })
    .status,
)
runTests(['--no-match-path', `{${GAS_SCENARIOS},${WALKS}}`])
// Whole transactions: base cost, calldata and its floor are part of the figures.
runTests(['--isolate', '--match-path', GAS_SCENARIOS])
// Once more without JSON: with it, forge neither writes nor compares figures.
const gas = forge(['test', '--isolate', '--match-path', GAS_SCENARIOS], {
  stdio: 'ignore',
  env: { FORGE_SNAPSHOT_CHECK: 'true' },
})

const results = path.join(ROOT, '..', 'test-results')
fs.mkdirSync(results, { recursive: true })
fs.writeFileSync(path.join(results, 'contracts.json'), JSON.stringify(counts))
console.log(`contracts: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
exitOnFailure(counts.failed === 0 ? 0 : 1)
if (gas.status !== 0) {
  throw new Error(
    'Gas is not what contracts/snapshots/gas.json says. See npm run gas; if it is meant: npm run gas -- --write',
  )
}
checkGenerated()

function runTests(args) {
  const run = forge(['test', '--allow-failure', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  const start = run.stdout.indexOf('{')
  if (start < 0) {
    console.error(run.stdout)
    throw new Error(`forge test ${args.join(' ')} gave no result (status ${run.status})`)
  }
  const suites = Object.entries(JSON.parse(run.stdout.slice(start)))
  for (const [suite, { duration, test_results: tests }] of suites) {
    const failures = []
    for (const [name, test] of Object.entries(tests)) {
      if (test.status === 'Success') counts.passed++
      else if (test.status === 'Skipped') counts.skipped++
      else failures.push(`  ${name}: ${test.reason}\n${JSON.stringify(test.counterexample ?? '')}`)
    }
    counts.failed += failures.length
    const verdict = failures.length === 0 ? 'ok' : `FAILED\n${failures.join('\n')}`
    console.log(`${suite}: ${Object.keys(tests).length} tests, ${duration}, ${verdict}`)
  }
  if (run.status !== 0) throw new Error(`forge test ${args.join(' ')} ended with status ${run.status}`)
}

function exitOnFailure(status) {
  if (status !== 0) process.exit(status ?? 1)
}
