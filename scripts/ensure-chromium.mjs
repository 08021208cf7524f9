// Makes sure that there is a Chromium to test with: the one that CHROMIUM_PATH names, one that is installed, or on
// Debian as root one that apt installs, with the Vulkan loader for WebGPU in Node. Nothing is downloaded in any other way.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const KNOWN_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

const missing = []
const chosen = process.env.CHROMIUM_PATH
if (chosen !== undefined) {
  if (!existsSync(chosen)) fail(`CHROMIUM_PATH names ${chosen}, which does not exist.`)
} else if (!KNOWN_PATHS.some((path) => existsSync(path))) {
  if (!canInstall)
    fail('No Chromium was found: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.')
  missing.push('chromium')
}
// Chromium brings its own loader; Node's WebGPU looks for the system's. Without it, and without the right to install it, the tests say so.
if (canInstall && !hasVulkanLoader()) missing.push('libvulkan1')
if (missing.length > 0) {
  console.log(`Installing ${missing.join(' and ')} by apt-get.`)
  const run = (...args) =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  run('update')
  run('install', '-y', '--no-install-recommends', ...missing)
}

function hasVulkanLoader() {
  return spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libvulkan.so.1') ?? false
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
