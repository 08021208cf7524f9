// `npm run forge -- test --match-contract RaceCoin`: forge with this repository as its root.
// The binary itself, not npm's shim, which depends on an install script that npm may block.
const { spawnSync } = require('node:child_process')
const path = require('node:path')

const ROOT = path.join(__dirname, '..')
const REPOSITORY = path.join(ROOT, '..')
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' }

/** The path of a Foundry program for this machine. */
function foundryBinary(name) {
  const extension = process.platform === 'win32' ? '.exe' : ''
  const arch = ARCHITECTURES[process.arch] ?? process.arch
  const target = `@foundry-rs/${name}-${process.platform}-${arch}`
  try {
    return require.resolve(`${target}/bin/${name}${extension}`)
  } catch (cause) {
    throw new Error(
      `${name} is not installed for ${process.platform}/${process.arch}: npm package ${target} is missing. ` +
        'Run npm ci without --omit=optional.',
      { cause },
    )
  }
}

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

module.exports = { ROOT, foundryBinary, forge }

if (require.main === module) process.exit(forge(process.argv.slice(2)).status ?? 1)
