// Bundles the two command lines into single files, dist/relay.mjs and dist/racemesh.mjs, and the compute thread of a
// native peer beside them; with `--app` also builds the web app into dist/app, unless nothing that goes into it has
// changed.
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { rawImports } from './raw-imports.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const dist = path.join(root, 'dist')

// CommonJS parts of the bundle call `require` for Node's own modules, and an ES module has none.
const BANNER = `import { createRequire as createRequireOfBundle } from 'node:module'
const require = createRequireOfBundle(import.meta.url)`

/** Optional native speed-ups of `ws`: it looks for them and does without. */
const OPTIONAL_NATIVE = ['bufferutil', 'utf-8-validate']

try {
  await Promise.all([
    bundle('relay/cli.ts', 'relay.mjs', OPTIONAL_NATIVE),
    // The engine loads its WebAssembly, node-datachannel and webgpu their binaries, from their own folders.
    bundle('node/cli.ts', 'racemesh.mjs', [
      ...OPTIONAL_NATIVE,
      'onnxruntime-web',
      'node-datachannel',
      'webgpu',
    ]),
    bundle('node/engine-worker.ts', 'engine-worker.mjs', ['onnxruntime-web']),
  ])
  if (process.argv.includes('--app')) await buildApp()
} catch (error) {
  // esbuild has printed its findings already.
  if (!Array.isArray(error.errors)) throw error
  process.exitCode = 1
}

async function bundle(entry, outFile, external) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: path.join(dist, outFile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    // The oldest Node in package.json's `engines`.
    target: 'node20.19',
    banner: { js: BANNER },
    // Stacks in bug reports should name our functions; a few hundred kilobytes do not matter on a server.
    keepNames: true,
    sourcemap: 'linked',
    legalComments: 'none',
    external,
    plugins: [rawImports],
    logLevel: 'warning',
  })
}

/** `npm start` must be quick the second time: the app is built again only when an input's content has changed. */
async function buildApp() {
  const stampFile = path.join(dist, 'app.stamp')
  const stamp = await contentStamp([
    'app',
    'shared',
    'vite.config.ts',
    'package-lock.json',
    'tsconfig.base.json',
  ])
  const isBuilt = await exists(path.join(dist, 'app', 'index.html'))
  if (isBuilt && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return
  // A build that is cut short must not look finished.
  await rm(stampFile, { force: true })
  const vite = await import('vite')
  await vite.build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' })
  await writeFile(stampFile, stamp)
}

async function contentStamp(inputs) {
  const hash = createHash('sha256')
  for (const input of inputs) {
    for (const file of await filesUnder(path.join(root, input))) {
      if (/\.(test|suite|fixture)\.ts$/.test(file)) continue
      hash
        .update(path.relative(root, file))
        .update('\0')
        .update(await readFile(file))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

async function filesUnder(entry) {
  if ((await stat(entry)).isFile()) return [entry]
  const entries = await readdir(entry, { recursive: true, withFileTypes: true })
  return entries
    .filter((item) => item.isFile())
    .map((item) => path.join(item.parentPath, item.name))
    .sort()
}

async function exists(file) {
  return stat(file).then(
    () => true,
    () => false,
  )
}
