import { Template } from '@huggingface/jinja'
import { Tokenizer } from '@huggingface/tokenizers'
import { ModelError } from './model-error.ts'

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** Turns conversations into token ids and token ids into text, as the model was trained to. */
export interface ModelTokenizer {
  /**
   * Ids of a conversation by the model's chat template, up to where the assistant begins to speak. Special tokens
   * spelt out inside a message are broken up, so that no message can end its turn and start another.
   * @throws ModelError `BAD_TOKENIZER` if the template refuses the conversation
   */
  encodeChat(messages: readonly ChatMessage[]): readonly number[]
  /** Ids of plain text, with what the model puts around a text. */
  encodeText(text: string): readonly number[]
  /** Text of token ids; special tokens are left out. */
  decode(tokenIds: readonly number[]): string
  /** A decoder for one answer that arrives token by token. */
  createStreamDecoder(): StreamDecoder
}

/** Yields text as soon as it is certain; never half a character. */
export interface StreamDecoder {
  push(tokenId: number): string
  /** What was held back; the decoder starts afresh. */
  flush(): string
}

// Real templates have up to 10 KB.
const MAX_TEMPLATE_LENGTH = 65_536
// A character has at most 4 bytes of UTF-8, so one that is incomplete after 4 tokens never becomes complete.
const MAX_HELD_TOKENS = 4
const REPLACEMENT = '\uFFFD'

/**
 * Loads the tokenizer of a model from its verified side files by path (tokenizer.json, tokenizer_config.json).
 * @throws ModelError `BAD_TOKENIZER`, `MISSING_FILE`
 */
export function loadTokenizer(sideFiles: ReadonlyMap<string, Uint8Array>): ModelTokenizer {
  const tokenizerJson = readJson(sideFiles, 'tokenizer.json')
  const config = readJson(sideFiles, 'tokenizer_config.json')
  const template = parseTemplate(config['chat_template'])
  let tokenizer: Tokenizer
  let specialTexts: readonly string[]
  try {
    tokenizer = new Tokenizer(tokenizerJson, config)
    // Longest first: a token that contains another must be broken as a whole.
    specialTexts = [...tokenizer.get_added_tokens_decoder().values()]
      .filter(({ special }) => special)
      .map(({ content }) => content)
      .filter((content) => content.length > 1)
      .sort((a, b) => b.length - a.length)
  } catch (cause) {
    throw bad('tokenizer.json is not understood', cause)
  }
  const variables = {
    add_generation_prompt: true,
    bos_token: tokenText(config['bos_token']),
    eos_token: tokenText(config['eos_token']),
    pad_token: tokenText(config['pad_token']),
    unk_token: tokenText(config['unk_token']),
  }
  const decode = (tokenIds: readonly number[]): string =>
    tokenIds.length === 0 ? '' : tokenizer.decode([...tokenIds], { skip_special_tokens: true })

  return {
    encodeChat(messages) {
      if (template === null) throw bad('the model has no chat template')
      const safeMessages = messages.map(({ role, content }) => ({
        role,
        content: specialTexts.reduce(breakUp, content),
      }))
      let prompt: string
      try {
        prompt = template.render({ ...variables, messages: safeMessages })
      } catch (cause) {
        throw bad('its chat template refuses this conversation', cause)
      }
      return tokenizer.encode(prompt, { add_special_tokens: false }).ids
    },
    encodeText: (text) => tokenizer.encode(text).ids,
    decode,
    createStreamDecoder: () => new WindowDecoder(decode),
  }
}

/**
 * Decodes a short window of ids again with each token. The window starts where text was last given out, and some
 * tokens before, because decoders may treat the first token of a text in their own way (a leading space).
 */
class WindowDecoder implements StreamDecoder {
  readonly #decode: (tokenIds: readonly number[]) => string
  #context: number[] = []
  #held: number[] = []

  constructor(decode: (tokenIds: readonly number[]) => string) {
    this.#decode = decode
  }

  push(tokenId: number): string {
    this.#held.push(tokenId)
    const text = this.#heldText()
    if (text.endsWith(REPLACEMENT) && this.#held.length < MAX_HELD_TOKENS) return ''
    this.#context = this.#held
    this.#held = []
    return text
  }

  flush(): string {
    const text = this.#heldText()
    this.#context = []
    this.#held = []
    return text
  }

  #heldText(): string {
    if (this.#held.length === 0) return ''
    const known = this.#decode(this.#context)
    return this.#decode([...this.#context, ...this.#held]).slice(known.length)
  }
}

/** Parts a special token after its first character, wherever it is spelt out. */
function breakUp(text: string, special: string): string {
  return text.replaceAll(special, `${special[0]} ${special.slice(1)}`)
}

function parseTemplate(template: unknown): Template | null {
  if (template == null) return null
  if (typeof template !== 'string' || template.length > MAX_TEMPLATE_LENGTH) {
    throw bad(`chat_template is no text of up to ${MAX_TEMPLATE_LENGTH} characters`)
  }
  try {
    return new Template(template)
  } catch (cause) {
    throw bad('its chat template is not understood', cause)
  }
}

/** Token settings are plain text, or objects with `content`. */
function tokenText(value: unknown): string | null {
  const content =
    typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
  return typeof content === 'string' ? content : null
}

function readJson(sideFiles: ReadonlyMap<string, Uint8Array>, path: string): Record<string, unknown> {
  const bytes = sideFiles.get(path)
  if (bytes === undefined) {
    throw new ModelError(`The model has no file ${path}.`, { data: { code: 'MISSING_FILE', path } })
  }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw bad(`${path} is no JSON`, cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${path} is no JSON object`)
  return value as Record<string, unknown> // an object, checked above
}

function bad(what: string, cause?: unknown): ModelError {
  return new ModelError(`The model's tokenizer cannot be used: ${what}.`, {
    data: { code: 'BAD_TOKENIZER' },
    cause,
  })
}
