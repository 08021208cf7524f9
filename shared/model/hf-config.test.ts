import { describe, expect, it } from 'vitest'
import { parseHfConfig } from './hf-config.ts'
import { randomModelFiles } from './random-model.fixture.ts'

const SOUND = JSON.parse(new TextDecoder().decode(randomModelFiles().get('config.json'))) as Record<
  string,
  unknown
>

describe('config.json', () => {
  it('gives the sizes and the defaults of transformers', () => {
    const { head_dim: _, num_key_value_heads: __, rope_theta: ___, ...rest } = SOUND
    expect(parseHfConfig(rest)).toEqual({
      architecture: 'llama',
      layerCount: 4,
      hiddenSize: 64,
      intermediateSize: 96,
      headCount: 4,
      kvHeadCount: 4,
      headSize: 16,
      vocabSize: 288,
      contextLength: 256,
      rmsNormEpsilon: 1e-5,
      ropeTheta: 10_000,
      tiedEmbeddings: true,
      bosTokenId: 0,
      eosTokenIds: [1],
    })
  })

  it.each([
    ['rope_theta at the top, as transformers 4 writes it', { rope_theta: 500_000 }, 500_000],
    [
      'rope_parameters, as transformers 5 does',
      { rope_parameters: { rope_type: 'default', rope_theta: 2e6 } },
      2e6,
    ],
    ['a rope_scaling of null', { rope_scaling: null, rope_theta: 7 }, 7],
  ])('reads %s', (_, change, expected) => {
    expect(parseHfConfig({ ...SOUND, ...change }).ropeTheta).toBe(expected)
  })

  it('reads several end tokens', () => {
    expect(parseHfConfig({ ...SOUND, eos_token_id: [1, 7] }).eosTokenIds).toEqual([1, 7])
  })

  it.each([
    [
      'another architecture',
      { architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' },
      /Qwen2ForCausalLM/,
    ],
    ['scaled rotary embeddings', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, /scaled \("llama3"\)/],
    ['scaled ones of transformers 5', { rope_parameters: { rope_type: 'yarn' } }, /scaled \("yarn"\)/],
    ['attention biases', { attention_bias: true }, /attention_bias/],
    ['feed-forward biases', { mlp_bias: true }, /mlp_bias/],
    ['another activation', { hidden_act: 'gelu' }, /"gelu"/],
    ['quantised weights', { quantization_config: { bits: 4 } }, /quantised already/],
    ['a head size that rotary embedding cannot split', { head_dim: 12 }, /head size is 12/],
    ['a width that blocks do not divide', { hidden_size: 80, head_dim: 16 }, /hiddenSize is 80/],
  ])('refuses %s by name', (_, change, message) => {
    expect(() => parseHfConfig({ ...SOUND, ...change })).toThrow(message)
    expect(() => parseHfConfig({ ...SOUND, ...change })).toThrow(
      expect.objectContaining({ data: { code: 'UNSUPPORTED_MODEL' } }),
    )
  })

  it.each([
    ['no object', null],
    ['a list', []],
    ['no layers', { ...SOUND, num_hidden_layers: 0 }],
    ['more layers than the limit', { ...SOUND, num_hidden_layers: 513 }],
    ['a fractional size', { ...SOUND, hidden_size: 64.5 }],
    ['a size that is text', { ...SOUND, vocab_size: '288' }],
    ['heads that cannot share', { ...SOUND, num_key_value_heads: 3 }],
    ['an end token outside the vocabulary', { ...SOUND, eos_token_id: 288 }],
    ['a zero epsilon', { ...SOUND, rms_norm_eps: 0 }],
    ['an endless theta', { ...SOUND, rope_theta: 1e13 }],
  ])('refuses %s', (_, json) => {
    expect(() => parseHfConfig(json)).toThrow(expect.objectContaining({ data: { code: 'BAD_CONFIG' } }))
  })
})
