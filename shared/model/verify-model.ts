import { toHex } from '../protocol/ids.ts'
import { hashLeaf } from './merkle.ts'
import type { ModelManifest } from './manifest.ts'
import { ModelError } from './model-error.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from './parse-manifest.ts'
import type { ModelFolder } from './safetensors.ts'

export interface VerifyProgress {
  readonly path: string
  readonly doneBytes: number
  readonly totalBytes: number
}

/**
 * Checks a packed model from its manifest to its last piece.
 * @throws ModelError `MISSING_FILE`, `BAD_MANIFEST`, `HASH_MISMATCH` naming the file and the piece
 */
export async function verifyModel(
  folder: ModelFolder,
  onProgress?: (progress: VerifyProgress) => void,
): Promise<ModelManifest> {
  const manifest = await readManifest(folder)
  const totalBytes = [...manifest.files, ...manifest.sideFiles].reduce((sum, file) => sum + file.sizeBytes, 0)
  let doneBytes = 0
  for (const file of manifest.files) {
    await checkSize(folder, file.path, file.sizeBytes)
    for (const [piece, hash] of file.pieces.entries()) {
      const offset = piece * manifest.pieceSizeBytes
      const sizeBytes = Math.min(manifest.pieceSizeBytes, file.sizeBytes - offset)
      const bytes = await folder.read(file.path, offset, sizeBytes)
      if (toHex(await hashLeaf(bytes)) !== hash) throw mismatch(file.path, piece)
      doneBytes += sizeBytes
      onProgress?.({ path: file.path, doneBytes, totalBytes })
    }
  }
  for (const { path, sizeBytes, sha256 } of manifest.sideFiles) {
    await checkSize(folder, path, sizeBytes)
    const bytes = await folder.read(path, 0, sizeBytes)
    if (toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))) !== sha256)
      throw mismatch(path, 0)
    doneBytes += sizeBytes
    onProgress?.({ path, doneBytes, totalBytes })
  }
  return manifest
}

/** Reads and parses the `manifest.json` of a packed model. @throws ModelError `MISSING_FILE`, `BAD_MANIFEST` */
export async function readManifest(folder: ModelFolder): Promise<ModelManifest> {
  const path = 'manifest.json'
  const sizeBytes = await folder.size(path)
  if (sizeBytes === null) {
    throw new ModelError('There is no manifest.json here.', {
      data: { code: 'MISSING_FILE', path },
      metaMessages: ['A packed model is a folder that `racemesh pack` wrote.'],
    })
  }
  if (sizeBytes > MAX_MANIFEST_BYTES)
    throw badManifest(`it has ${sizeBytes} bytes, more than ${MAX_MANIFEST_BYTES}`)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await folder.read(path, 0, sizeBytes)))
  } catch (cause) {
    throw badManifest('it is no JSON', cause)
  }
  return parseManifest(json)
}

async function checkSize(folder: ModelFolder, path: string, expectedBytes: number): Promise<void> {
  const sizeBytes = await folder.size(path)
  if (sizeBytes === null) {
    throw new ModelError(`The model's file ${path} is missing.`, { data: { code: 'MISSING_FILE', path } })
  }
  if (sizeBytes !== expectedBytes) {
    throw new ModelError(`${path} has ${sizeBytes} bytes; the manifest says ${expectedBytes}.`, {
      data: { code: 'HASH_MISMATCH', path, piece: Math.floor(sizeBytes / (1024 * 1024)) },
    })
  }
}

function mismatch(path: string, piece: number): ModelError {
  return new ModelError(`Piece ${piece} of ${path} is not what the model's id promises.`, {
    data: { code: 'HASH_MISMATCH', path, piece },
    metaMessages: ['The file was changed or damaged after packing: fetch or pack the model again.'],
  })
}

function badManifest(what: string, cause?: unknown): ModelError {
  return new ModelError(`manifest.json cannot be used: ${what}.`, { data: { code: 'BAD_MANIFEST' }, cause })
}
