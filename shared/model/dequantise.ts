import { tensorBytes } from './weight-views.ts'
import type { LlamaConfig, ModelManifest, WeightFile } from './manifest.ts'
import { BLOCK_SIZE } from './quantise.ts'

/** A float tensor under its Hugging Face name. */
export interface FloatTensor {
  readonly shape: readonly number[]
  readonly values: Float32Array<ArrayBuffer>
}

/**
 * Turns a packed model back into float32 tensors with Hugging Face names: exactly the weights that our engines use, for
 * a referee that knows nothing of our encodings. Embedding and head come apart even where the original tied them,
 * because they are rounded differently. Needs memory for the whole model.
 */
export function dequantiseModel(
  manifest: ModelManifest,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): ReadonlyMap<string, FloatTensor> {
  const { config } = manifest
  const tensors = new Map<string, FloatTensor>()
  const addRows = (name: string, matrix: FloatTensor, first: number, count: number): void => {
    const columns = matrix.shape[1]! // [rows, columns]
    tensors.set(name, {
      shape: [count, columns],
      values: matrix.values.slice(first * columns, (first + count) * columns),
    })
  }

  for (const file of manifest.files) {
    const bytes = files.get(file.path)! // the caller brings every file of the manifest
    switch (file.role.kind) {
      case 'embedding':
        tensors.set('model.embed_tokens.weight', dequantiseRows(file, bytes))
        break
      case 'head':
        tensors.set('model.norm.weight', norm(file, bytes, 'norm'))
        tensors.set('lm_head.weight', dequantiseMatrix(file, bytes, 'head'))
        break
      case 'layer': {
        const prefix = `model.layers.${file.role.layer}`
        const querySize = config.headCount * config.headSize
        const keySize = config.kvHeadCount * config.headSize
        const qkv = dequantiseMatrix(file, bytes, 'qkv')
        const gateUp = dequantiseMatrix(file, bytes, 'gate_up')
        tensors.set(`${prefix}.input_layernorm.weight`, norm(file, bytes, 'attention_norm'))
        tensors.set(`${prefix}.post_attention_layernorm.weight`, norm(file, bytes, 'feed_forward_norm'))
        addRows(`${prefix}.self_attn.q_proj.weight`, qkv, 0, querySize)
        addRows(`${prefix}.self_attn.k_proj.weight`, qkv, querySize, keySize)
        addRows(`${prefix}.self_attn.v_proj.weight`, qkv, querySize + keySize, keySize)
        tensors.set(`${prefix}.self_attn.o_proj.weight`, dequantiseMatrix(file, bytes, 'attention_output'))
        addRows(`${prefix}.mlp.gate_proj.weight`, gateUp, 0, config.intermediateSize)
        addRows(`${prefix}.mlp.up_proj.weight`, gateUp, config.intermediateSize, config.intermediateSize)
        tensors.set(`${prefix}.mlp.down_proj.weight`, dequantiseMatrix(file, bytes, 'down'))
        break
      }
    }
  }
  return tensors
}

/** The `config.json` that goes with {@link dequantiseModel}. */
export function toHfConfig(config: LlamaConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    dtype: 'float32',
    num_hidden_layers: config.layerCount,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_attention_heads: config.headCount,
    num_key_value_heads: config.kvHeadCount,
    head_dim: config.headSize,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: false,
    bos_token_id: config.bosTokenId,
    eos_token_id: config.eosTokenIds,
  }
}

function norm(file: WeightFile, bytes: Uint8Array<ArrayBuffer>, name: string): FloatTensor {
  const values = floats(file, bytes, name)
  return { shape: [values.length], values }
}

function dequantiseRows(file: WeightFile, bytes: Uint8Array<ArrayBuffer>): FloatTensor {
  const scales = floats(file, bytes, 'embedding.scales')
  const weight = new Int8Array(tensorBytes(file, bytes, 'embedding.weight').slice().buffer)
  const columns = weight.length / scales.length
  return {
    shape: [scales.length, columns],
    values: Float32Array.from(weight, (value, i) => value * scales[Math.floor(i / columns)]!),
  }
}

/** A matrix of either encoding as `[outputs, inputs]`. */
function dequantiseMatrix(file: WeightFile, bytes: Uint8Array<ArrayBuffer>, name: string): FloatTensor {
  const packed = tensorBytes(file, bytes, `${name}.weight`)
  const scales = floats(file, bytes, `${name}.scales`)
  const { dataType, shape } = file.tensors.find((tensor) => tensor.name === `${name}.weight`)! // found above
  if (dataType === 'int8') {
    const [columns, rows] = shape as [number, number] // [K, N]
    const weight = new Int8Array(packed.slice().buffer)
    const values = new Float32Array(rows * columns)
    for (let i = 0; i < values.length; i++) {
      const row = Math.floor(i / columns)
      values[i] = weight[(i % columns) * rows + row]! * scales[row]!
    }
    return { shape: [rows, columns], values }
  }
  const [rows, blocks, blockBytes] = shape as [number, number, number] // [N, K/32, bytes]
  const columns = blocks * BLOCK_SIZE
  const values = new Float32Array(rows * columns)
  for (let i = 0; i < values.length; i++) {
    const integer =
      blockBytes === BLOCK_SIZE ? packed[i]! - 128 : ((packed[i >> 1]! >> (4 * (i & 1))) & 15) - 8
    values[i] = integer * scales[Math.floor(i / BLOCK_SIZE)]!
  }
  return { shape: [rows, columns], values }
}

function floats(file: WeightFile, bytes: Uint8Array<ArrayBuffer>, name: string): Float32Array<ArrayBuffer> {
  return new Float32Array(tensorBytes(file, bytes, name).slice().buffer)
}
