#!/usr/bin/env node
import { existsSync } from 'node:fs'

const bundle = new URL('../dist/relay.mjs', import.meta.url)
if (existsSync(bundle)) {
  await import(bundle.href)
} else {
  console.error('relay is not built yet. Run: node scripts/build-cli.mjs')
  process.exitCode = 1
}
