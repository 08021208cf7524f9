import type { Encoding, ModelManifest } from '../model/manifest.ts'
import { packModel } from '../model/pack.ts'
import {
  memoryFolder,
  memoryTarget,
  randomModelFiles,
  type RandomModelShape,
} from '../model/random-model.fixture.ts'

export interface PackedModel {
  readonly manifest: ModelManifest
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>
}

/** Packs a random model in memory, the same for the same arguments. */
export async function packRandomModel(encoding: Encoding, shape?: RandomModelShape): Promise<PackedModel> {
  const target = memoryTarget()
  const folder = memoryFolder(randomModelFiles(shape))
  const manifest = await packModel({ folder, target, name: 'random', encoding })
  return { manifest, files: target.files }
}
