import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { byteTokenizerFiles } from './byte-tokenizer.fixture.ts'
import { fuzzParameters } from './fuzz-runs.fixture.ts'
import { loadTokenizer } from './tokenizer.ts'

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

it('loads random side files or refuses them, and nothing else', () => {
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('BPE', 'Unigram', 'ByteLevel', 'Sequence', 'WordPiece'),
  )
  const file = fc.dictionary(
    fc.constantFrom(
      'model',
      'type',
      'vocab',
      'merges',
      'added_tokens',
      'decoder',
      'pre_tokenizer',
      'chat_template',
    ),
    fc.oneof(part, fc.record({ type: part, vocab: part, merges: part })),
  )
  fc.assert(
    fc.property(file, file, (tokenizer, config) => {
      const files = new Map([
        ['tokenizer.json', text(tokenizer)],
        ['tokenizer_config.json', text(config)],
      ])
      try {
        loadTokenizer(files)
      } catch (error) {
        expect(error).toMatchObject({ name: 'ModelError' })
      }
    }),
    fuzzParameters(2000),
  )
})

it('streams any text to itself, whatever its characters', () => {
  const tokenizer = loadTokenizer(byteTokenizerFiles())
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (content) => {
      const decoder = tokenizer.createStreamDecoder()
      const streamed =
        tokenizer
          .encodeText(content)
          .map((id) => decoder.push(id))
          .join('') + decoder.flush()
      expect(streamed).toBe(content)
    }),
    fuzzParameters(500),
  )
})
