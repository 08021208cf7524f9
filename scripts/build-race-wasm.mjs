// Compiles shared/race/wasm/assembly to shared/race/wasm/race-module.ts, which is committed so that nobody needs the
// compiler to run a Race. With `--check` compares instead of writing. Two builds differ in one thing: whether the imported memory is shared.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const target = path.join(root, 'shared/race/wasm/race-module.ts')
/** 4 GiB, all that 32-bit addresses reach; a memory's own maximum may be less. */
const MAXIMUM_PAGES = 65_536

const text = [
  '// Written by scripts/build-race-wasm.mjs from assembly/: never edit.',
  '',
  '/** The Race on WebAssembly SIMD, in base64; imports `env.memory`. */',
  `export const RACE_MODULE =\n  '${await compile([])}'`,
  '',
  '/** The same for a shared memory. */',
  `export const RACE_MODULE_SHARED =\n  '${await compile(['--sharedMemory', '--enable', 'threads'])}'`,
  '',
].join('\n')

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8')) !== text) {
    console.error('shared/race/wasm/race-module.ts is not what assembly/ compiles to: npm run race:wasm')
    process.exitCode = 1
  }
} else {
  await writeFile(target, text)
}

async function compile(flags) {
  const outFile = 'race.wasm'
  let binary
  const { error, stderr } = await asc.main(
    [
      'shared/race/wasm/assembly/index.ts',
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--importMemory',
      '--maximumMemory',
      `${MAXIMUM_PAGES}`,
      '--baseDir',
      root,
      '--outFile',
      outFile,
      ...flags,
    ],
    {
      writeFile: (name, contents) => {
        if (name === outFile) binary = Buffer.from(contents)
      },
    },
  )
  if (error) throw new Error(`AssemblyScript: ${error.message}\n${stderr.toString()}`)
  return binary.toString('base64')
}
