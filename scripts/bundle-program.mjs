import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { rawImports } from './raw-imports.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Bundles the program's own files into one module under dist/programs and returns its path. Packages stay imports
 * unless `withPackages`, for a runtime that does not look into node_modules.
 */
export async function bundleProgram(entry, { withPackages = false } = {}) {
  const outfile = path.join(
    root,
    'dist/programs',
    `${path.relative(root, entry).replaceAll(path.sep, '-').replace(/\.ts$/, '')}.mjs`,
  )
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: withPackages ? 'bundle' : 'external',
    keepNames: true,
    sourcemap: 'inline',
    plugins: [rawImports],
    logLevel: 'warning',
  })
  return outfile
}
