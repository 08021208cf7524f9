import { badConfig, checkLlamaConfig, unsupported } from './llama-config.ts'
import type { LlamaConfig } from './manifest.ts'

/**
 * Reads a Hugging Face `config.json` into what the graph builder needs. Everything that would change the arithmetic
 * and that the builder does not know is refused by name.
 * @throws ModelError `UNSUPPORTED_MODEL`, `BAD_CONFIG`
 */
export function parseHfConfig(json: unknown): LlamaConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badConfig('it is no JSON object')
  const fields = json as Record<string, unknown> // an object, checked above

  const architectures = fields['architectures']
  const isLlama =
    fields['model_type'] === 'llama' &&
    (architectures === undefined || (Array.isArray(architectures) && architectures[0] === 'LlamaForCausalLM'))
  if (!isLlama) {
    const found = JSON.stringify(architectures ?? fields['model_type'] ?? null)
    throw unsupported(`its architecture is ${found}; LlamaForCausalLM is`)
  }
  if ((fields['hidden_act'] ?? 'silu') !== 'silu') {
    throw unsupported(`its activation is ${JSON.stringify(fields['hidden_act'])}; silu is`)
  }
  for (const bias of ['attention_bias', 'mlp_bias']) {
    if (fields[bias] === true) throw unsupported(`it has ${bias}`)
  }
  if (fields['quantization_config'] != null)
    throw unsupported('it is quantised already; pack from the float weights')

  const headCount = number(fields, 'num_attention_heads')
  const hiddenSize = number(fields, 'hidden_size')
  const eos = fields['eos_token_id'] ?? []
  const config: LlamaConfig = {
    architecture: 'llama',
    layerCount: number(fields, 'num_hidden_layers'),
    hiddenSize,
    intermediateSize: number(fields, 'intermediate_size'),
    headCount,
    kvHeadCount: number(fields, 'num_key_value_heads', headCount),
    headSize: number(fields, 'head_dim', hiddenSize / headCount),
    vocabSize: number(fields, 'vocab_size'),
    contextLength: number(fields, 'max_position_embeddings'),
    rmsNormEpsilon: number(fields, 'rms_norm_eps', 1e-6),
    ropeTheta: ropeTheta(fields),
    tiedEmbeddings: fields['tie_word_embeddings'] === true,
    bosTokenId: fields['bos_token_id'] == null ? null : number(fields, 'bos_token_id'),
    eosTokenIds: (Array.isArray(eos) ? eos : [eos]).map((id) => number({ eos_token_id: id }, 'eos_token_id')),
  }
  checkLlamaConfig(config)
  return config
}

/** `rope_theta` and `rope_scaling` of transformers 4, or `rope_parameters` of transformers 5. */
function ropeTheta(fields: Record<string, unknown>): number {
  for (const key of ['rope_scaling', 'rope_parameters']) {
    const value = fields[key]
    if (value == null) continue
    if (typeof value !== 'object') throw badConfig(`${key} is no object`)
    const parameters = value as Record<string, unknown> // an object, checked above
    const type = parameters['rope_type'] ?? parameters['type'] ?? 'default'
    if (type !== 'default') throw unsupported(`its rotary embedding is scaled (${JSON.stringify(type)})`)
    if (parameters['rope_theta'] !== undefined) return number(parameters, 'rope_theta')
  }
  return number(fields, 'rope_theta', 10_000)
}

function number(fields: Record<string, unknown>, key: string, fallback?: number): number {
  const value = fields[key] ?? fallback
  if (typeof value !== 'number')
    throw badConfig(`${key} is ${JSON.stringify(value ?? null)}; a number was expected`)
  return value
}
