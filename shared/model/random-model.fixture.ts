import { encodeSafetensors } from './encode-safetensors.ts'
import type { PackTarget } from './pack.ts'
import type { ModelFolder } from './safetensors.ts'

/** Shape of a random model; the defaults are small enough for unit tests. */
export interface RandomModelShape {
  readonly layerCount?: number
  readonly hiddenSize?: number
  readonly intermediateSize?: number
  readonly headCount?: number
  readonly kvHeadCount?: number
  readonly headSize?: number
  readonly vocabSize?: number
  readonly contextLength?: number
  readonly tiedEmbeddings?: boolean
  readonly seed?: number
}

/** The shape of the demo model in models/guide. */
export const GUIDE_SHAPE: RandomModelShape = {
  layerCount: 8,
  hiddenSize: 192,
  intermediateSize: 512,
  headCount: 6,
  kvHeadCount: 2,
  headSize: 32,
  vocabSize: 2048,
  contextLength: 1024,
}

/**
 * Makes a random-weight model in the Hugging Face layout, in memory, the same for the same shape and seed. Its
 * tokenizer has one token per byte. For tests that must not depend on training.
 */
export function randomModelFiles(shape: RandomModelShape = {}): Map<string, Uint8Array<ArrayBuffer>> {
  const {
    layerCount = 4,
    hiddenSize = 64,
    intermediateSize = 96,
    headCount = 4,
    kvHeadCount = 2,
    headSize = 16,
    vocabSize = 288,
    contextLength = 256,
    tiedEmbeddings = true,
    seed = 1,
  } = shape
  const random = gaussian(seed)
  const tensors = new Map<string, { shape: number[]; values: Float32Array }>()
  const add = (name: string, tensorShape: number[], scale: number, mean = 0): void => {
    const count = tensorShape.reduce((product, size) => product * size, 1)
    tensors.set(name, {
      shape: tensorShape,
      values: Float32Array.from({ length: count }, () => mean + scale * random()),
    })
  }
  const matrix = (name: string, rows: number, columns: number): void =>
    add(name, [rows, columns], columns ** -0.5)

  // Small against what the layers add: a tied head would otherwise repeat the last token for ever.
  add('model.embed_tokens.weight', [vocabSize, hiddenSize], 0.1)
  for (let layer = 0; layer < layerCount; layer++) {
    const name = (part: string): string => `model.layers.${layer}.${part}.weight`
    add(name('input_layernorm'), [hiddenSize], 0.1, 1)
    matrix(name('self_attn.q_proj'), headCount * headSize, hiddenSize)
    matrix(name('self_attn.k_proj'), kvHeadCount * headSize, hiddenSize)
    matrix(name('self_attn.v_proj'), kvHeadCount * headSize, hiddenSize)
    matrix(name('self_attn.o_proj'), hiddenSize, headCount * headSize)
    add(name('post_attention_layernorm'), [hiddenSize], 0.1, 1)
    matrix(name('mlp.gate_proj'), intermediateSize, hiddenSize)
    matrix(name('mlp.up_proj'), intermediateSize, hiddenSize)
    matrix(name('mlp.down_proj'), hiddenSize, intermediateSize)
  }
  add('model.norm.weight', [hiddenSize], 0.1, 1)
  if (!tiedEmbeddings) matrix('lm_head.weight', vocabSize, hiddenSize)

  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    num_hidden_layers: layerCount,
    hidden_size: hiddenSize,
    intermediate_size: intermediateSize,
    num_attention_heads: headCount,
    num_key_value_heads: kvHeadCount,
    head_dim: headSize,
    vocab_size: vocabSize,
    max_position_embeddings: contextLength,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: tiedEmbeddings,
    bos_token_id: 0,
    eos_token_id: 1,
  }
  return new Map([
    ['config.json', json(config)],
    ['model.safetensors', encodeSafetensors(tensors)],
    ['tokenizer.json', json({ model: { type: 'BPE', vocab: {}, merges: [] }, added_tokens: [] })],
    ['tokenizer_config.json', json({})],
  ])
}

/** A {@link ModelFolder} over files in memory. */
export function memoryFolder(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): ModelFolder {
  return {
    size: (path) => Promise.resolve(files.get(path)?.byteLength ?? null),
    read: (path, offset, sizeBytes) =>
      Promise.resolve((files.get(path) ?? new Uint8Array(0)).slice(offset, offset + sizeBytes)),
  }
}

/** A {@link PackTarget} in memory. `files` is filled by `commit`. */
export function memoryTarget(): PackTarget & { readonly files: Map<string, Uint8Array<ArrayBuffer>> } {
  const written = new Map<string, Uint8Array<ArrayBuffer>>()
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  return {
    files,
    write(path, bytes) {
      written.set(path, bytes)
      return Promise.resolve()
    },
    commit() {
      for (const [path, bytes] of written) files.set(path, bytes)
      return Promise.resolve()
    },
    abort() {
      written.clear()
      return Promise.resolve()
    },
  }
}

/** Roughly normal numbers (sum of four uniforms, variance 1) from a seeded generator. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  return () => (next() + next() + next() + next()) * Math.sqrt(3)
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value))
}
