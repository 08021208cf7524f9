// `npm test`: everything that CI runs, in order of cost, stopping at the first kind that fails.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'

const RESULTS = 'test-results'
const counts = { passed: 0, failed: 0, skipped: 0 }
rmSync(RESULTS, { recursive: true, force: true })
mkdirSync(RESULTS, { recursive: true })

run('node', ['scripts/build-cli.mjs', '--app'])
run('npm', ['run', '--silent', 'check'])
contracts()
run('node', ['scripts/ensure-chromium.mjs'])
for (const project of ['unit', 'fuzz', 'gpu', 'e2e']) vitest(project)
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)

function contracts() {
  run('node', ['contracts/tools/test.cjs'])
  const result = JSON.parse(readFileSync(`${RESULTS}/contracts.json`, 'utf8'))
  for (const kind of Object.keys(counts)) counts[kind] += result[kind]
}

function vitest(project) {
  const file = `${RESULTS}/${project}.json`
  const status = run(
    'npx',
    [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { mayFail: true },
  )
  const result = JSON.parse(readFileSync(file, 'utf8'))
  counts.passed += result.numPassedTests
  counts.failed += result.numFailedTests
  counts.skipped += result.numPendingTests + result.numTodoTests
  if (status !== 0) {
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    process.exit(status)
  }
}

function run(command, args, { mayFail = false } = {}) {
  const startMs = performance.now()
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    // The suites that need a GPU adapter must not pass by skipping themselves.
    env: { ...process.env, REQUIRE_WEBGPU: '1' },
  })
  if (error !== undefined) throw error
  console.log(`${command} ${args.join(' ')}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`)
  if (status !== 0 && !mayFail) process.exit(status ?? 1)
  return status ?? 1
}
