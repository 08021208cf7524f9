import * as v from 'valibot'
import type { MeshErrorObject } from '../../shared/errors.ts'
import type { AnswerStage } from './completion-chunk.ts'

/** What the person asked. */
export interface Question {
  readonly id: number
  readonly role: 'user'
  readonly text: string
}

/** What the mesh answered, or is answering. */
export interface Answer {
  readonly id: number
  readonly role: 'assistant'
  readonly model: string
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'
  readonly text: string
  /** Streamed pieces so far; one a token unless characters span tokens. */
  readonly pieces: number
  readonly stages: readonly AnswerStage[] | null
  readonly firstTokenMs: number | null
  readonly tokensPerSecond: number | null
  readonly seed: number | null
  readonly finishReason: string | null
  readonly error: MeshErrorObject | null
}

export type ChatMessage = Question | Answer

export interface ChatSettings {
  readonly temperature: number
  readonly topP: number
  readonly maxTokens: number
  /** Null lets the relay draw one; the answer says which. */
  readonly seed: number | null
  readonly systemPrompt: string
}

export const DEFAULT_SETTINGS: ChatSettings = {
  temperature: 0.7,
  topP: 0.95,
  maxTokens: 256,
  seed: null,
  systemPrompt: '',
}

const Settings = v.object({
  temperature: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  topP: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
  maxTokens: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096)),
  seed: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff))),
  systemPrompt: v.pipe(v.string(), v.maxLength(4_000)),
})

const Stage = v.object({
  peerId: v.string(),
  kind: v.picklist(['tab', 'native']),
  layers: v.object({ start: v.number(), end: v.number() }),
  link: v.nullable(
    v.object({
      path: v.picklist(['worker-channel', 'main-channel', 'stream', 'relayed-stream']),
      roundTripMs: v.number(),
    }),
  ),
  work: v.nullable(
    v.object({
      prefillMs: v.number(),
      decodeStepMs: v.number(),
      tensorBytesSent: v.number(),
      tensorBytesRelayed: v.number(),
    }),
  ),
})
const MessageSchema = v.variant('role', [
  v.object({ id: v.number(), role: v.literal('user'), text: v.string() }),
  v.object({
    id: v.number(),
    role: v.literal('assistant'),
    model: v.string(),
    state: v.picklist(['waiting', 'streaming', 'done', 'stopped', 'failed']),
    text: v.string(),
    pieces: v.number(),
    stages: v.nullable(v.array(Stage)),
    firstTokenMs: v.nullable(v.number()),
    tokensPerSecond: v.nullable(v.number()),
    seed: v.nullable(v.number()),
    finishReason: v.nullable(v.string()),
    error: v.nullable(
      v.object({
        name: v.string(),
        shortMessage: v.string(),
        metaMessages: v.array(v.string()),
        data: v.object({ code: v.string() }),
      }),
    ),
  }),
])

/** The conversation that this tab kept, empty if it was another version's. An answer cut off by a reload is `stopped`. */
export function parseConversation(value: unknown): readonly ChatMessage[] {
  const parsed = v.safeParse(v.array(MessageSchema), value)
  if (!parsed.success) return []
  return parsed.output.map((message) =>
    message.role === 'assistant' && (message.state === 'waiting' || message.state === 'streaming')
      ? { ...message, state: 'stopped' }
      : message,
  )
}

/** The settings that this browser kept; each that is out of range falls back to its default. */
export function parseSettings(value: unknown): ChatSettings {
  const found =
    typeof value === 'object' && value !== null ? { ...DEFAULT_SETTINGS, ...value } : DEFAULT_SETTINGS
  const parsed = v.safeParse(Settings, found)
  return parsed.success ? parsed.output : DEFAULT_SETTINGS
}

/** The body of `POST /v1/chat/completions`: the conversation up to its last question. */
export function completionRequest(
  model: string,
  messages: readonly ChatMessage[],
  settings: ChatSettings,
): Record<string, unknown> {
  const system = settings.systemPrompt.trim()
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system }]),
      // An empty answer (stopped early, failed) would only confuse the model.
      ...messages
        .filter((message) => message.text !== '')
        .map((message) => ({ role: message.role, content: message.text })),
    ],
    temperature: settings.temperature,
    top_p: settings.topP,
    max_tokens: settings.maxTokens,
    ...(settings.seed === null ? {} : { seed: settings.seed }),
  }
}
