import type { LlamaConfig } from './manifest.ts'
import { ModelError } from './model-error.ts'
import { BLOCK_SIZE } from './quantise.ts'

// Far above anything that a tab can serve, and low enough that sizes multiply without passing 2^53.
const LIMITS = {
  layerCount: 512,
  hiddenSize: 32_768,
  intermediateSize: 262_144,
  headCount: 512,
  kvHeadCount: 512,
  headSize: 512,
  vocabSize: 1_048_576,
  contextLength: 16_777_216,
} as const
const MAX_END_TOKENS = 16

/**
 * Checks sizes that came from outside: each within its limit, and fit for each other and for the encodings.
 * @throws ModelError `BAD_CONFIG`, `UNSUPPORTED_MODEL`
 */
export function checkLlamaConfig(config: LlamaConfig): void {
  for (const [name, limit] of Object.entries(LIMITS)) {
    const value = config[name as keyof typeof LIMITS] // a key of LIMITS
    if (!Number.isSafeInteger(value) || value < 1 || value > limit) {
      throw badConfig(`${name} is ${value}; a whole number from 1 to ${limit} was expected`)
    }
  }
  const { headCount, kvHeadCount, headSize, hiddenSize, intermediateSize, vocabSize } = config
  if (headCount % kvHeadCount !== 0)
    throw badConfig(`${headCount} heads cannot share ${kvHeadCount} key/value heads`)
  // ONNX Runtime's rotary embedding takes head sizes in steps of 8 and more.
  if (headSize % 8 !== 0) throw unsupported(`its head size is ${headSize}; multiples of 8 are supported`)
  for (const [name, value] of Object.entries({
    hiddenSize,
    intermediateSize,
    attentionSize: headCount * headSize,
  })) {
    if (value % BLOCK_SIZE !== 0) {
      throw unsupported(`its ${name} is ${value}; multiples of ${BLOCK_SIZE} are supported`)
    }
  }
  for (const [name, value, limit] of [
    ['rmsNormEpsilon', config.rmsNormEpsilon, 1],
    ['ropeTheta', config.ropeTheta, 1e12],
  ] as const) {
    if (!(value > 0 && value <= limit))
      throw badConfig(`${name} is ${value}; a number up to ${limit} was expected`)
  }
  if (config.eosTokenIds.length > MAX_END_TOKENS) {
    throw badConfig(`it has ${config.eosTokenIds.length} end tokens, more than ${MAX_END_TOKENS}`)
  }
  const named = config.bosTokenId === null ? config.eosTokenIds : [config.bosTokenId, ...config.eosTokenIds]
  for (const id of named) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= vocabSize) {
      throw badConfig(`${id} is no token of a vocabulary of ${vocabSize}`)
    }
  }
}

export function unsupported(what: string): ModelError {
  return new ModelError(`This model is not supported: ${what}.`, {
    data: { code: 'UNSUPPORTED_MODEL' },
    docsPath: 'docs/model-format.md',
  })
}

export function badConfig(what: string): ModelError {
  return new ModelError(`The model's configuration cannot be used: ${what}.`, {
    data: { code: 'BAD_CONFIG' },
  })
}
