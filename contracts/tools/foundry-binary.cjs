// Where npm put a Foundry program. The binary itself, not npm's shim, which depends on an install script that npm may block.
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

module.exports = { foundryBinary }
