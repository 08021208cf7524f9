import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the app as it ships, except that the mesh is {@link createContributor} of `fake-contributor.ts`. */
export async function buildAppWithFakeMesh(outDir: string): Promise<void> {
  const fakeMesh: Plugin = {
    name: 'racemesh:fake-mesh',
    enforce: 'pre',
    resolveId: (source) =>
      source.endsWith('/mesh/create-contributor.ts') ? `${repository}app/testing/fake-contributor.ts` : null,
  }
  await build({
    configFile: `${repository}vite.config.ts`,
    root: `${repository}app`,
    logLevel: 'warn',
    plugins: [fakeMesh],
    build: { outDir, emptyOutDir: true },
  })
}
