import { fromHex, parseModelId, toHex, type ModelId } from '../protocol/ids.ts'
import { canonicalJson } from './canonical-json.ts'
import type { ModelManifest } from './manifest.ts'
import { hashLeaf, merkleRoot } from './merkle.ts'

/** Pieces of weight files: 1 MiB, so that a phone holds one in memory while it hashes, and a proof stays short. */
export const PIECE_SIZE_BYTES = 1024 * 1024

/**
 * Computes a model's id: the Merkle root over the descriptor's leaf and every piece's leaf in file order. The
 * descriptor is the manifest without `id` in canonical JSON.
 */
export async function computeModelId(manifest: Omit<ModelManifest, 'id'>): Promise<ModelId> {
  const { id: _, ...descriptor } = manifest as ModelManifest // the id, where there is one, is not part of itself
  const leaves = [await hashLeaf(new TextEncoder().encode(canonicalJson(descriptor)))]
  for (const file of manifest.files) for (const piece of file.pieces) leaves.push(fromHex(piece))
  return parseModelId(toHex(await merkleRoot(leaves)))
}

/** Hashes the pieces of a file in order, lower-case hex. */
export async function hashPieces(bytes: Uint8Array, pieceSizeBytes: number): Promise<string[]> {
  const pieces: string[] = []
  for (let offset = 0; offset < bytes.byteLength; offset += pieceSizeBytes) {
    pieces.push(toHex(await hashLeaf(bytes.subarray(offset, offset + pieceSizeBytes))))
  }
  return pieces
}
