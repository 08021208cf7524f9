import type { LayerRange } from '../protocol/layer-range.ts'
import type { ModelId } from '../protocol/ids.ts'

/** How the matrices of a packed model are stored. They are different models to a verifier (design section 5). */
export type Encoding = 'q4' | 'q8'

/** What the graph builder must know of a Llama-architecture decoder. Sizes are counts of elements. */
export interface LlamaConfig {
  readonly architecture: 'llama'
  readonly layerCount: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly headCount: number
  readonly kvHeadCount: number
  readonly headSize: number
  readonly vocabSize: number
  readonly contextLength: number
  readonly rmsNormEpsilon: number
  readonly ropeTheta: number
  readonly tiedEmbeddings: boolean
  readonly bosTokenId: number | null
  readonly eosTokenIds: readonly number[]
}

/** One tensor inside a weight file. `offset` is aligned to 64 bytes. */
export interface TensorEntry {
  readonly name: string
  readonly dataType: 'float32' | 'uint8' | 'int8'
  readonly shape: readonly number[]
  readonly offset: number
  readonly sizeBytes: number
}

/** `layer-000.bin` ... hold one layer each; `embedding.bin` is needed by the first stage, `head.bin` by the last. */
export interface WeightFile {
  readonly path: string
  readonly role:
    | { readonly kind: 'embedding' }
    | { readonly kind: 'head' }
    | { readonly kind: 'layer'; readonly layer: number }
  readonly sizeBytes: number
  readonly tensors: readonly TensorEntry[]
  /** SHA-256 leaf hash of every 1 MiB piece, lower-case hex. */
  readonly pieces: readonly string[]
}

/** A file that travels beside the weights: tokenizer.json, tokenizer_config.json. */
export interface SideFile {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

/**
 * `manifest.json` of a packed model. `id` is the Merkle root over [descriptor leaf, piece leaves in file order];
 * the descriptor is this object without `id`, in canonical JSON, so that nothing in it can change under an id.
 */
export interface ModelManifest {
  readonly format: 'racemesh-model/1'
  readonly id: ModelId
  readonly name: string
  readonly encoding: Encoding
  readonly config: LlamaConfig
  readonly pieceSizeBytes: number
  readonly files: readonly WeightFile[]
  readonly sideFiles: readonly SideFile[]
}

/** The weight files that a stage needs: its layers, the embedding for the first stage, the head for the last. */
export function stageFiles(manifest: ModelManifest, layers: LayerRange): readonly WeightFile[] {
  return manifest.files.filter((file) => {
    switch (file.role.kind) {
      case 'embedding':
        return layers.start === 0
      case 'head':
        return layers.end === manifest.config.layerCount
      case 'layer':
        return layers.start <= file.role.layer && file.role.layer < layers.end
    }
  })
}

/** Bytes of weights that a stage downloads. */
export function stageSizeBytes(manifest: ModelManifest, layers: LayerRange): number {
  return stageFiles(manifest, layers).reduce((sum, file) => sum + file.sizeBytes, 0)
}
