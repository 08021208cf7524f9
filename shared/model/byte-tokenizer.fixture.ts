/**
 * Side files of a tokenizer with three special tokens and one token per byte (id = byte + 3): every character beyond
 * ASCII takes several tokens.
 */
export function byteTokenizerFiles(
  change: { tokenizer?: object; config?: object } = {},
): Map<string, Uint8Array<ArrayBuffer>> {
  const vocab: Record<string, number> = {}
  for (const [byte, character] of byteAlphabet().entries()) vocab[character] = byte + SPECIAL.length
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: { ...Object.fromEntries(SPECIAL.map((text, id) => [text, id])), ...vocab },
      merges: [],
    },
    ...change.tokenizer,
  }
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    eos_token: '<|end|>',
    chat_template:
      "{% for message in messages %}<|turn|>{{ message['role'][0] }}:{{ message['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<|turn|>a:{% endif %}",
    ...change.config,
  }
  const encode = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value))
  return new Map([
    ['tokenizer.json', encode(tokenizer)],
    ['tokenizer_config.json', encode(config)],
  ])
}

const SPECIAL = ['<|pad|>', '<|end|>', '<|turn|>']

/** GPT-2's printable stand-ins for the 256 bytes: themselves where printable, the others from U+0100 on. */
function byteAlphabet(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255)
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++))
}
