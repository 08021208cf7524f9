import type { ModelManifest } from '../model/manifest.ts'
import { tensorBytes } from '../model/weight-views.ts'

/**
 * The token embedding, looked up here and not in the graph: it is a copy of a row, a GPU then receives the row instead
 * of an id, and the table (the largest tensor of small models) takes no device memory.
 */
export class EmbeddingTable {
  readonly #weight: Int8Array
  readonly #scales: Float32Array
  readonly #hiddenSize: number

  /** Copies the table out of `embedding.bin`. */
  constructor(manifest: ModelManifest, bytes: Uint8Array<ArrayBuffer>) {
    const file = manifest.files.find(({ role }) => role.kind === 'embedding')
    if (file === undefined) throw new TypeError('A parsed manifest has an embedding.')
    this.#weight = new Int8Array(tensorBytes(file, bytes, 'embedding.weight').slice().buffer)
    this.#scales = new Float32Array(tensorBytes(file, bytes, 'embedding.scales').slice().buffer)
    this.#hiddenSize = manifest.config.hiddenSize
  }

  /** Rows of the tokens, `[tokenCount, hiddenSize]`. The ids have been checked against the vocabulary. */
  lookUp(tokenIds: Int32Array): Float32Array<ArrayBuffer> {
    const size = this.#hiddenSize
    const rows = new Float32Array(tokenIds.length * size)
    tokenIds.forEach((tokenId, index) => {
      const scale = this.#scales[tokenId]! // one per token of the vocabulary
      for (let i = 0; i < size; i++) rows[index * size + i] = this.#weight[tokenId * size + i]! * scale
    })
    return rows
  }
}
