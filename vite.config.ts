import { createHash } from 'node:crypto'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import type { Plugin, Rolldown } from 'vite'

/** Where `vite` (development) finds a relay; `npm start` prints its address. */
const relay = process.env.RELAY_ORIGIN ?? 'http://127.0.0.1:8080'

export default defineConfig({
  root: 'app',
  plugins: [svelte(), shellFiles()],
  worker: { format: 'es' },
  server: {
    proxy: { '/v1': relay, '/api': relay, '/models': relay },
  },
  build: {
    outDir: '../dist/app',
    emptyOutDir: true,
    // What WebGPU, OPFS and transferable data channels need is newer than this anyway.
    target: 'es2023',
    // The mesh and the ONNX Runtime are large on purpose and load only after Start.
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      input: { index: 'app/index.html', sw: 'app/service-worker/service-worker.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
})

/**
 * Tells the service worker which hashed files make the shell: the page's entry, what it imports statically, its
 * styles, and the Markdown renderer, so that a kept conversation reads well offline. The mesh is not among them.
 */
function shellFiles(): Plugin {
  return {
    name: 'racemesh:shell-files',
    apply: 'build',
    generateBundle(_, bundle) {
      const worker = bundle['sw.js']
      if (worker?.type !== 'chunk') return
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const files = new Set<string>()
      for (const chunk of chunks) {
        const isShell = chunk.isEntry && chunk !== worker
        if (isShell || chunk.facadeModuleId?.endsWith('/lib/markdown.ts') === true) {
          addWithImports(chunk, chunks, files)
        }
      }
      for (const name of Object.keys(bundle)) if (name.endsWith('.css')) files.add(name)
      const list = [...files].sort().map((name) => `/${name}`)
      const version = createHash('sha256').update(list.join('\n')).digest('hex').slice(0, 12)
      worker.code = worker.code
        .replaceAll('__SHELL_FILES__', JSON.stringify(list))
        .replaceAll('__SHELL_VERSION__', JSON.stringify(version))
    },
  }
}

function addWithImports(
  chunk: Rolldown.OutputChunk,
  chunks: readonly Rolldown.OutputChunk[],
  files: Set<string>,
): void {
  if (files.has(chunk.fileName)) return
  files.add(chunk.fileName)
  for (const name of chunk.imports) {
    const imported = chunks.find((other) => other.fileName === name)
    if (imported !== undefined) addWithImports(imported, chunks, files)
  }
}
