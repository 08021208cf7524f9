// Writes the weights that our engines really use as a Hugging Face folder in float32, so that transformers can referee
// (models/recipe/reference.py, scripts/referee.py).
//
//   npx tsx scripts/export-dequantised.ts PACKED_DIR OUT_DIR
//   npx tsx scripts/export-dequantised.ts --random q8|q4 OUT_DIR    the random model of shared/engine/referee.test.ts
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openFolder } from '../node/fs-model.ts'
import { REFEREE_SHAPE } from '../shared/engine/generate.fixture.ts'
import { packRandomModel } from '../shared/engine/packed-model.fixture.ts'
import { dequantiseModel, toHfConfig } from '../shared/model/dequantise.ts'
import { encodeSafetensors } from '../shared/model/encode-safetensors.ts'
import { verifyModel } from '../shared/model/verify-model.ts'

const { values, positionals } = parseArgs({ options: { random: { type: 'string' } }, allowPositionals: true })
const out = positionals.at(-1)
if (out === undefined || positionals.length !== (values.random === undefined ? 2 : 1)) {
  console.error('Usage: npx tsx scripts/export-dequantised.ts (PACKED_DIR | --random q8|q4) OUT_DIR')
  process.exit(2)
}
await mkdir(out, { recursive: true })

const { manifest, files } =
  values.random === undefined
    ? await readPacked(positionals[0]!) // two positionals, checked above
    : await packRandomModel(values.random === 'q4' ? 'q4' : 'q8', REFEREE_SHAPE)
await writeFile(join(out, 'config.json'), JSON.stringify(toHfConfig(manifest.config), null, 2))
await writeFile(join(out, 'model.safetensors'), encodeSafetensors(dequantiseModel(manifest, files)))
if (values.random === undefined) {
  for (const { path } of manifest.sideFiles) await copyFile(join(positionals[0]!, path), join(out, path))
}
console.log(`${manifest.name} ${manifest.encoding} ${manifest.id} -> ${out}`)

async function readPacked(folder: string): ReturnType<typeof packRandomModel> {
  const source = openFolder(folder)
  const packed = await verifyModel(source)
  const contents = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const { path, sizeBytes } of packed.files) contents.set(path, await source.read(path, 0, sizeBytes))
  return { manifest: packed, files: contents }
}
