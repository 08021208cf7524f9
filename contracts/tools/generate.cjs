// `npm run abi`: ABIs and creation code of every deployable contract in src/ as typed TypeScript.
//   generated/RaceCoin.ts            raceCoinAbi, `as const`, for viem's inference
//   generated/bytecode/RaceCoin.ts   raceCoinBytecode, imported only by what deploys
// Hooks (interfaces that other contracts implement) have an ABI only.
// Both are committed; `npm run test:contracts` fails when they differ from the sources.
const fs = require('node:fs')
const path = require('node:path')
const { ROOT, forge } = require('./forge.cjs')

const GENERATED = path.join(ROOT, 'generated')
const NOTE = '// Made by `npm run abi` from contracts/src. Do not edit.\n'

/** Path below generated/ -> content, from what forge built last. */
function renderAll() {
  const files = new Map()
  for (const source of listSources(path.join(ROOT, 'src'))) {
    const folder = path.join(ROOT, 'out', path.basename(source))
    if (!fs.existsSync(folder)) continue
    for (const artifactFile of fs.readdirSync(folder).sort()) {
      const artifact = JSON.parse(fs.readFileSync(path.join(folder, artifactFile), 'utf8'))
      const name = path.basename(artifactFile, '.json')
      const isHook = source.includes(`${path.sep}interfaces${path.sep}hooks${path.sep}`)
      if (artifact.bytecode.object === '0x' && !isHook) continue
      if (artifact.abi.length === 0) continue
      const camel = name[0].toLowerCase() + name.slice(1)
      files.set(
        `${name}.ts`,
        `${NOTE}export const ${camel}Abi = ${JSON.stringify(artifact.abi, null, 2)} as const\n`,
      )
      if (isHook) continue
      files.set(
        path.join('bytecode', `${name}.ts`),
        `${NOTE}export const ${camel}Bytecode =\n  '${artifact.bytecode.object}'\n`,
      )
    }
  }
  return files
}

/** What is deployed, and the hooks that other people's contracts implement. */
function listSources(folder) {
  return ['', 'devnet', 'interfaces/hooks']
    .map((name) => path.join(folder, name))
    .filter((name) => fs.existsSync(name))
    .flatMap((name) => fs.readdirSync(name).map((file) => path.join(name, file)))
    .filter((file) => file.endsWith('.sol'))
    .sort()
}

/** Throws, naming the files, when what is committed is not what the sources give. */
function checkGenerated() {
  const expected = renderAll()
  const wrong = [...expected].filter(([name, text]) => read(name) !== text).map(([name]) => name)
  const extra = listGenerated().filter((name) => !expected.has(name))
  if (wrong.length + extra.length > 0) {
    throw new Error(
      `contracts/generated differs from contracts/src: ${[...wrong, ...extra].join(', ')}. ` +
        'A contract changed after its TypeScript was made. Run npm run abi and commit the result.',
    )
  }
}

function listGenerated() {
  if (!fs.existsSync(GENERATED)) return []
  return fs
    .readdirSync(GENERATED, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
}

function read(name) {
  const file = path.join(GENERATED, name)
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined
}

module.exports = { checkGenerated }

if (require.main === module) {
  const { status } = forge(['build'])
  if (status !== 0) process.exit(status ?? 1)
  const files = renderAll()
  for (const name of listGenerated()) if (!files.has(name)) fs.rmSync(path.join(GENERATED, name))
  fs.mkdirSync(path.join(GENERATED, 'bytecode'), { recursive: true })
  for (const [name, text] of files) fs.writeFileSync(path.join(GENERATED, name), text)
  console.log(`${files.size} files in contracts/generated`)
}
