import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

/** One project per kind of test (house style, section 11). Nothing here retries. */
export default defineConfig({
  plugins: [svelte({ configFile: false })],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{app,relay,node,shared,contracts/deploy,contracts/diff}/**/*.test.ts'],
          exclude: ['**/*.fuzz.test.ts', '**/*.gpu.test.ts', '**/*.browser.test.ts', '**/node_modules/**'],
          testTimeout: 30_000,
          setupFiles: ['./shared/node-polyfill.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'fuzz', include: ['{app,relay,node,shared}/**/*.fuzz.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['{app,node,shared}/**/*.{gpu,browser}.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.spec.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
