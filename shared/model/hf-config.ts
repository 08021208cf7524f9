import type { LlamaConfig } from './manifest.ts'
import { ModelError } from './model-error.ts'

// Far above anything that a tab can serve, and low enough that sizes multiply without passing 2^53.
const LIMITS = {
  layerCount: 512,
  hiddenSize: 32_768,
  intermediateSize: 262_144,
  headCount: 512,
  headSize: 512,
  vocabSize: 1_048_576,
  contextLength: 16_777_216,
}

/**
 * Reads a Hugging Face `config.json` into what the graph builder needs. Everything that would change the arithmetic
 * and that the builder does not know is refused by name.
 * @throws ModelError `UNSUPPORTED_MODEL`, `BAD_CONFIG`
 */
export function parseHfConfig(json: unknown): LlamaConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badConfig('it is no JSON object')
  const config = json as Record<string, unknown> // an object, checked above

  const architectures = config['architectures']
  const isLlama =
    config['model_type'] === 'llama' &&
    (architectures === undefined || (Array.isArray(architectures) && architectures[0] === 'LlamaForCausalLM'))
  if (!isLlama) {
    throw unsupported(
      `its architecture is ${JSON.stringify(architectures ?? config['model_type'] ?? null)}; LlamaForCausalLM is supported`,
    )
  }
  if ((config['hidden_act'] ?? 'silu') !== 'silu') {
    throw unsupported(`its activation is ${JSON.stringify(config['hidden_act'])}; silu is supported`)
  }
  for (const bias of ['attention_bias', 'mlp_bias']) {
    if (config[bias] === true) throw unsupported(`it has ${bias}`)
  }
  if (config['quantization_config'] != null) {
    throw unsupported('it is quantised already; pack from the float weights')
  }

  const headCount = size(config, 'num_attention_heads', LIMITS.headCount)
  const hiddenSize = size(config, 'hidden_size', LIMITS.hiddenSize)
  const kvHeadCount = size(config, 'num_key_value_heads', headCount, headCount)
  const headSize = size(config, 'head_dim', LIMITS.headSize, hiddenSize / headCount)
  if (headCount % kvHeadCount !== 0)
    throw badConfig(`${headCount} heads cannot share ${kvHeadCount} key/value heads`)
  // 32 is the block of the 4-bit encoding; 8 is what ONNX Runtime's rotary embedding asks of a head.
  if (headSize % 8 !== 0) throw unsupported(`its head size is ${headSize}; multiples of 8 are supported`)
  const intermediateSize = size(config, 'intermediate_size', LIMITS.intermediateSize)
  for (const [name, value] of Object.entries({
    hiddenSize,
    intermediateSize,
    attentionSize: headCount * headSize,
  })) {
    if (value % 32 !== 0) throw unsupported(`its ${name} is ${value}; multiples of 32 are supported`)
  }
  const vocabSize = size(config, 'vocab_size', LIMITS.vocabSize)

  return {
    architecture: 'llama',
    layerCount: size(config, 'num_hidden_layers', LIMITS.layerCount),
    hiddenSize,
    intermediateSize,
    headCount,
    kvHeadCount,
    headSize,
    vocabSize,
    contextLength: size(config, 'max_position_embeddings', LIMITS.contextLength),
    rmsNormEpsilon: positive(config['rms_norm_eps'], 'rms_norm_eps', 1e-6, 1),
    ropeTheta: ropeTheta(config),
    tiedEmbeddings: config['tie_word_embeddings'] === true,
    bosTokenId: config['bos_token_id'] == null ? null : tokenId(config['bos_token_id'], vocabSize),
    eosTokenIds: eosTokenIds(config['eos_token_id'], vocabSize),
  }
}

/** `rope_theta` and `rope_scaling` of transformers 4, or `rope_parameters` of transformers 5. */
function ropeTheta(config: Record<string, unknown>): number {
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = config[key]
    if (value == null) continue
    if (typeof value !== 'object') throw badConfig(`${key} is no object`)
    const parameters = value as Record<string, unknown> // an object, checked above
    const type = parameters['rope_type'] ?? parameters['type'] ?? 'default'
    if (type !== 'default') {
      throw unsupported(
        `its rotary embedding is scaled (${JSON.stringify(type)}); unscaled ones are supported`,
      )
    }
    if (parameters['rope_theta'] !== undefined)
      return positive(parameters['rope_theta'], 'rope_theta', 0, 1e12)
  }
  return positive(config['rope_theta'] ?? 10_000, 'rope_theta', 0, 1e12)
}

function eosTokenIds(value: unknown, vocabSize: number): number[] {
  if (value == null) return []
  const ids = Array.isArray(value) ? value : [value]
  if (ids.length > 16) throw badConfig(`it has ${ids.length} end tokens, more than 16`)
  return ids.map((id) => tokenId(id, vocabSize))
}

function tokenId(value: unknown, vocabSize: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= vocabSize) {
    throw badConfig(`${JSON.stringify(value)} is no token of a vocabulary of ${vocabSize}`)
  }
  return value
}

function size(config: Record<string, unknown>, key: string, limit: number, fallback?: number): number {
  const value = config[key] ?? fallback
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > limit) {
    throw badConfig(
      `${key} is ${JSON.stringify(value ?? null)}; a whole number from 1 to ${limit} was expected`,
    )
  }
  return value
}

function positive(value: unknown, key: string, above: number, limit: number): number {
  if (typeof value !== 'number' || !(value >= above) || value <= 0 || value > limit) {
    throw badConfig(`${key} is ${JSON.stringify(value ?? null)}; a number up to ${limit} was expected`)
  }
  return value
}

function unsupported(what: string): ModelError {
  return new ModelError(`This model cannot be packed: ${what}.`, {
    data: { code: 'UNSUPPORTED_MODEL' },
    docsPath: 'docs/model-format.md',
  })
}

function badConfig(what: string): ModelError {
  return new ModelError(`config.json cannot be used: ${what}.`, { data: { code: 'BAD_CONFIG' } })
}
