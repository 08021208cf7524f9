// `npm run forge -- test --match-contract RaceCoin`: forge with this repository as its root.
const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { foundryBinary } = require('./foundry-binary.cjs')

const ROOT = path.join(__dirname, '..')
const REPOSITORY = path.join(ROOT, '..')

/** Runs forge with the given arguments and returns the finished process. */
function forge(args, options = {}) {
  const result = spawnSync(foundryBinary('forge'), args, {
    cwd: REPOSITORY,
    stdio: 'inherit',
    maxBuffer: 1 << 28,
    ...options,
    env: {
      ...process.env,
      // The linter compiles without code, and must not leave that where builds are.
      ...(args[0] === 'lint'
        ? { FOUNDRY_OUT: 'contracts/out-lint', FOUNDRY_CACHE_PATH: 'contracts/cache-lint' }
        : {}),
      FOUNDRY_CONFIG: path.join(ROOT, 'foundry.toml'),
      FOUNDRY_DISABLE_NIGHTLY_WARNING: '1',
      // No network is used: signatures are never looked up and nothing is sent.
      FOUNDRY_OFFLINE: 'true',
      ...options.env,
    },
  })
  if (result.error !== undefined) throw result.error
  return result
}

module.exports = { ROOT, forge }

if (require.main === module) process.exit(forge(process.argv.slice(2)).status ?? 1)
