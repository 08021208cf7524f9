// `npm run race:conformance`: bundles the program and the one that it starts in other runtimes, then runs it.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { bundleProgram } from './bundle-program.mjs'

await bundleProgram(path.resolve('bench/race-conformance-device.ts'))
const program = await bundleProgram(path.resolve('bench/race-conformance.ts'))
const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => (process.exitCode = code ?? 1))
