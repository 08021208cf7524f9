#!/usr/bin/env node
import { existsSync } from 'node:fs'

const bundle = new URL('../dist/racemesh.mjs', import.meta.url)
if (existsSync(bundle)) {
  await import(bundle.href)
} else {
  console.error('racemesh is not built yet. Run: node scripts/build-cli.mjs')
  process.exitCode = 1
}
