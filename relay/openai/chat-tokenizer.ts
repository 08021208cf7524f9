/** One turn of a conversation as the model's chat template takes it. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What the gateway needs of a model's tokenizer. */
export interface ChatTokenizer {
  /** Prompt ids by the model's chat template, up to where the assistant begins to speak. */
  encodeChat(turns: readonly ChatTurn[]): readonly number[]
  /** Prompt ids of plain text. */
  encodeText(text: string): readonly number[]
  /** Turns token ids into text one by one; one per answer. */
  createStreamDecoder(): TokenTextDecoder
}

/** Never yields half a character: bytes of one wait for the rest. */
export interface TokenTextDecoder {
  push(tokenId: number): string
  /** What is still held at the end of the answer. */
  flush(): string
}
