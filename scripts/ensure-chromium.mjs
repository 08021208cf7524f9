// Makes sure that there is a Chromium to test with: the one that CHROMIUM_PATH names, one that is installed, or on
// Debian as root one that apt installs. Nothing is downloaded in any other way.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const KNOWN_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
// Chromium brings its own Vulkan loader; the one from apt is for WebGPU in Node.
const PACKAGES = ['chromium', 'libvulkan1']

const chosen = process.env.CHROMIUM_PATH
if (chosen !== undefined) {
  if (!existsSync(chosen)) fail(`CHROMIUM_PATH names ${chosen}, which does not exist.`)
} else if (!KNOWN_PATHS.some((path) => existsSync(path))) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    fail(
      `No Chromium was found: install it (Debian: apt-get install ${PACKAGES.join(' ')}) or set CHROMIUM_PATH.`,
    )
  console.log(`Installing ${PACKAGES.join(' and ')} by apt-get.`)
  const run = (...args) =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  run('update')
  run('install', '-y', '--no-install-recommends', ...PACKAGES)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
