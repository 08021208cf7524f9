// Runs a TypeScript program that imports shaders: `node scripts/run-bundled.mjs FILE [arguments]`. tsx knows no `?raw`,
// so esbuild bundles the program's own files and leaves packages to Node.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { bundleProgram } from './bundle-program.mjs'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node scripts/run-bundled.mjs FILE [arguments]')
const child = spawn(
  process.execPath,
  ['--enable-source-maps', await bundleProgram(path.resolve(file)), ...args],
  {
    stdio: 'inherit',
  },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130)
})
