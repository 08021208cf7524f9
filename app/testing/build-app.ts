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
  // Test runners set NODE_ENV, and Vite would then build for development: no service worker, slow components.
  const environment = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await build({
      configFile: `${repository}vite.config.ts`,
      root: `${repository}app`,
      mode: 'production',
      logLevel: 'warn',
      plugins: [fakeMesh],
      build: { outDir, emptyOutDir: true },
    })
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = environment
  }
}
