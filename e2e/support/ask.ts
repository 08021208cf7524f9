import OpenAI from 'openai'

/** A finished answer with what the relay says of how it was made. */
export interface Answer {
  readonly text: string
  readonly tokens: number
  readonly promptTokens: number
  readonly finishReason: string | null
  readonly stages: readonly AnswerStage[]
  readonly ttftMs: number
  readonly tokensPerSecond: number
}

export interface AnswerStage {
  readonly peerId: string
  readonly kind: string
  readonly layers: readonly [number, number]
  readonly link: { readonly path: string; readonly rtt_ms: number } | null
  readonly tensor_bytes_sent: number
  readonly tensor_bytes_relayed: number
}

interface Extras {
  readonly stages?: readonly AnswerStage[]
  readonly ttft_ms?: number
  readonly tokens_per_second?: number
}

/** Asks a relay with the official client, streaming, greedily unless told otherwise. */
export async function ask(
  origin: string,
  messages: OpenAI.ChatCompletionMessageParam[],
  options: {
    maxTokens?: number
    temperature?: number
    seed?: number
    signal?: AbortSignal
    onText?: (text: string) => void
  } = {},
): Promise<Answer> {
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'any', maxRetries: 0 })
  const stream = await client.chat.completions.create(
    {
      model: 'guide',
      messages,
      temperature: options.temperature ?? 0,
      max_tokens: options.maxTokens ?? 48,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      stream: true,
      stream_options: { include_usage: true },
    },
    options.signal === undefined ? {} : { signal: options.signal },
  )
  let text = ''
  let tokens = 0
  let promptTokens = 0
  let finishReason: string | null = null
  let extras: Extras = {}
  for await (const chunk of stream) {
    const choice = chunk.choices[0]
    text += choice?.delta.content ?? ''
    options.onText?.(text)
    finishReason = choice?.finish_reason ?? finishReason
    tokens = chunk.usage?.completion_tokens ?? tokens
    promptTokens = chunk.usage?.prompt_tokens ?? promptTokens
    extras = { ...extras, ...(chunk as { racemesh?: Extras }).racemesh } // the relay's own field
  }
  return {
    text,
    tokens,
    promptTokens,
    finishReason,
    stages: extras.stages ?? [],
    ttftMs: extras.ttft_ms ?? Number.NaN,
    tokensPerSecond: extras.tokens_per_second ?? Number.NaN,
  }
}

/** A conversation whose prompt is well beyond 48 tokens. */
export const LONG_CONVERSATION: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'system', content: 'You are the guide of Racemesh. Answer in short plain sentences.' },
  {
    role: 'user',
    content: 'Hello. I have just opened the page and I do not know yet what any of this is about.',
  },
  {
    role: 'assistant',
    content: 'Welcome. Racemesh is a mesh of browser tabs that answer AI requests together.',
  },
  {
    role: 'user',
    content: 'That sounds interesting. What does a relay do, and can it read my hidden states?',
  },
]
