import * as v from 'valibot'
import { DEFAULT_LIMITS, MAX_DEADLINE_MS } from '../limits.ts'
import { messagesSchema } from './messages-schema.ts'

/** The endpoints that share the table. */
export type Endpoint = 'chat' | 'completions'

interface ParameterBase {
  /** Where it is known; both when absent. */
  readonly endpoint?: Endpoint | undefined
  /** What it does, or why it cannot: sentences for docs/openai-api.md and for error messages. */
  readonly summary: string
}

/** Has an effect. */
export interface UsedParameter extends ParameterBase {
  /** "number from 0 to 2": completes "expected ...". */
  readonly type: string
  readonly defaultText: string
  readonly schema: v.GenericSchema
  readonly isRequired?: boolean
}

/** Accepted without effect, because ignoring it cannot change the answer. */
export interface IgnoredParameter extends ParameterBase {
  readonly name: string
  readonly type: string
  readonly schema: v.GenericSchema
}

/** Refused, save for the values that ask for nothing. */
export interface RefusedParameter extends ParameterBase {
  readonly name: string
  /** Values that are accepted because they mean "off"; `null` always is. */
  readonly neutral?: { readonly text: string; readonly schema: v.GenericSchema } | undefined
  readonly remedy: string
}

/** Defaults of sampling. 0.7 and not 1: models small enough for tabs lose the thread at 1. */
export const DEFAULT_TEMPERATURE = 0.7

const between = (min: number, max: number) => v.pipe(v.number(), v.minValue(min), v.maxValue(max))
const integerBetween = (min: number, max: number) => v.pipe(between(min, max), v.integer())
const shortText = v.pipe(v.string(), v.maxLength(512))

const stopString = v.pipe(v.string(), v.minLength(1), v.maxLength(256))

/** A model's largest answer is bounded by its context; this only keeps the number sane. */
const MAX_TOKENS = 1_000_000

/** Everything that has an effect. The keys are the names on the wire. */
export const USED_PARAMETERS = {
  model: {
    summary: 'A name or an id from `GET /v1/models`.',
    type: 'string',
    defaultText: 'required',
    schema: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
    isRequired: true,
  },
  messages: {
    endpoint: 'chat',
    summary:
      'The conversation. Roles `system`, `developer` (treated as `system`), `user` and `assistant`; content is a string or parts of type `text`, which are joined by line breaks. The role `tool`, tool calls, images, audio and files are refused. `name` is ignored.',
    type: 'array of messages',
    defaultText: 'required',
    schema: messagesSchema,
    isRequired: true,
  },
  prompt: {
    endpoint: 'completions',
    summary: 'The text to continue, without a chat template. One prompt per request; token ids are refused.',
    type: 'string, or an array of one string',
    defaultText: 'required',
    schema: v.pipe(
      v.union([
        v.string(),
        v.pipe(
          v.strictTuple([v.string()]),
          v.transform(([text]) => text),
        ),
      ]),
      v.string(),
    ),
    isRequired: true,
  },
  max_completion_tokens: {
    endpoint: 'chat',
    summary:
      'Most tokens to generate. What does not fit into the context beside the prompt is cut, and `finish_reason` is then `length`.',
    type: 'integer from 1',
    defaultText: `${DEFAULT_LIMITS.defaultMaxTokens}, or what is left of the context`,
    schema: integerBetween(1, MAX_TOKENS),
  },
  max_tokens: {
    summary: 'The older name of `max_completion_tokens`. If both are given they must agree.',
    type: 'integer from 1',
    defaultText: 'as above',
    schema: integerBetween(1, MAX_TOKENS),
  },
  temperature: {
    summary: 'Spread of sampling; 0 always takes the likeliest token.',
    type: 'number from 0 to 2',
    defaultText: String(DEFAULT_TEMPERATURE),
    schema: between(0, 2),
  },
  top_p: {
    summary:
      'Samples from the likeliest tokens that together have this probability; 0 acts as temperature 0.',
    type: 'number from 0 to 1',
    defaultText: '1 (off)',
    schema: between(0, 1),
  },
  top_k: {
    summary: 'Samples from so many of the likeliest tokens; 0 and -1 are off. Not in the OpenAI API.',
    type: 'integer from -1 to 1000000',
    defaultText: '0 (off)',
    schema: integerBetween(-1, 1_000_000),
  },
  min_p: {
    summary: 'Drops tokens less likely than this fraction of the likeliest one. Not in the OpenAI API.',
    type: 'number from 0 to 1',
    defaultText: '0 (off)',
    schema: between(0, 1),
  },
  repetition_penalty: {
    summary:
      'Divides the score of tokens that were already in the prompt or the answer. Not in the OpenAI API.',
    type: 'number from 0.1 to 2',
    defaultText: '1 (off)',
    schema: between(0.1, 2),
  },
  seed: {
    summary:
      'Fixes the random draws, taken modulo 2^32. The same request, seed, model and peers with the same engine give the same answer. The seed that was used is reported in `racemesh.seed`.',
    type: 'integer',
    defaultText: 'drawn at random',
    schema: v.pipe(v.number(), v.safeInteger()),
  },
  stop: {
    summary: 'The answer ends before the first of these strings. They may span tokens.',
    type: 'string of 1 to 256 characters, or an array of up to 4',
    defaultText: 'none',
    schema: v.pipe(
      v.union([
        v.pipe(
          stopString,
          v.transform((text) => [text]),
        ),
        v.pipe(v.array(stopString), v.maxLength(4)),
      ]),
      v.readonly(),
    ),
  },
  stream: {
    summary: 'Sends the answer as server-sent events while it is made.',
    type: 'boolean',
    defaultText: 'false',
    schema: v.boolean(),
  },
  stream_options: {
    summary:
      'Only with `stream`. `include_usage` adds a last chunk with the token counts; `include_obfuscation` is accepted, nothing is padded.',
    type: 'object with the booleans include_usage and include_obfuscation',
    defaultText: 'none',
    schema: v.strictObject({
      include_usage: v.nullish(v.boolean()),
      include_obfuscation: v.nullish(v.boolean()),
    }),
  },
  deadline_ms: {
    summary: 'Time that the whole answer may take; afterwards it ends with 504. Not in the OpenAI API.',
    type: `integer from 1 to ${MAX_DEADLINE_MS}`,
    defaultText: String(DEFAULT_LIMITS.defaultDeadlineMs),
    schema: integerBetween(1, MAX_DEADLINE_MS),
  },
  max_fee: {
    summary:
      'The most that you would pay for the answer. Answers are free today, so every value is met. Not in the OpenAI API.',
    type: 'number from 0, or the same as a decimal string',
    defaultText: 'none',
    schema: v.union([
      v.pipe(v.number(), v.minValue(0), v.finite()),
      v.pipe(v.string(), v.regex(/^\d{1,30}(\.\d{1,18})?$/)),
    ]),
  },
} as const satisfies Record<string, UsedParameter>

export const IGNORED_PARAMETERS: readonly IgnoredParameter[] = [
  {
    name: 'user',
    summary: 'Nothing is tracked per user.',
    type: 'string',
    schema: shortText,
  },
  {
    name: 'safety_identifier',
    summary: 'Nothing is tracked per user.',
    type: 'string',
    schema: shortText,
    endpoint: 'chat',
  },
  {
    name: 'store',
    summary: 'Nothing is ever stored, whatever it says.',
    type: 'boolean',
    schema: v.boolean(),
    endpoint: 'chat',
  },
  {
    name: 'metadata',
    summary: 'It would label stored answers, and nothing is stored.',
    type: 'object of up to 16 strings',
    schema: v.pipe(v.record(v.pipe(v.string(), v.maxLength(64)), shortText), v.maxEntries(16)),
    endpoint: 'chat',
  },
  {
    name: 'prompt_cache_key',
    summary: 'There is no prompt cache yet.',
    type: 'string',
    schema: shortText,
    endpoint: 'chat',
  },
  {
    name: 'prompt_cache_retention',
    summary: 'There is no prompt cache yet.',
    type: 'string',
    schema: shortText,
    endpoint: 'chat',
  },
  {
    name: 'parallel_tool_calls',
    summary: 'Without tools it says nothing.',
    type: 'boolean',
    schema: v.boolean(),
    endpoint: 'chat',
  },
]

const isZero = { text: '0', schema: v.literal(0) }
const isEmptyArray = { text: '[]', schema: v.pipe(v.array(v.unknown()), v.maxLength(0)) }
const toolsRemedy = 'Describe the tools in the system message and parse the answer yourself.'

export const REFUSED_PARAMETERS: readonly RefusedParameter[] = [
  {
    name: 'n',
    summary: 'One answer per request: each one needs KV memory of its own on every stage.',
    neutral: { text: '1', schema: v.literal(1) },
    remedy: 'Send several requests; they run at the same time.',
  },
  {
    name: 'best_of',
    endpoint: 'completions',
    summary: 'One answer per request: each one needs KV memory of its own on every stage.',
    neutral: { text: '1', schema: v.literal(1) },
    remedy: 'Send several requests and choose.',
  },
  {
    name: 'frequency_penalty',
    summary: 'The sampler has a repetition penalty only.',
    neutral: isZero,
    remedy: 'Use repetition_penalty, for example 1.1.',
  },
  {
    name: 'presence_penalty',
    summary: 'The sampler has a repetition penalty only.',
    neutral: isZero,
    remedy: 'Use repetition_penalty, for example 1.1.',
  },
  {
    name: 'logit_bias',
    summary: 'The last stage samples by itself and takes no bias per token.',
    neutral: { text: '{}', schema: v.strictObject({}) },
    remedy: 'Leave it out.',
  },
  {
    name: 'logprobs',
    endpoint: 'chat',
    summary: 'Stages return tokens, not probabilities.',
    neutral: { text: 'false', schema: v.literal(false) },
    remedy: 'Leave it out.',
  },
  {
    name: 'logprobs',
    endpoint: 'completions',
    summary: 'Stages return tokens, not probabilities.',
    neutral: isZero,
    remedy: 'Leave it out.',
  },
  {
    name: 'top_logprobs',
    endpoint: 'chat',
    summary: 'Stages return tokens, not probabilities.',
    neutral: isZero,
    remedy: 'Leave it out.',
  },
  {
    name: 'response_format',
    endpoint: 'chat',
    summary: 'Sampling is not constrained by a grammar, so JSON could not be promised.',
    neutral: { text: '{"type": "text"}', schema: v.looseObject({ type: v.literal('text') }) },
    remedy: 'Ask for JSON in the prompt and check what comes back.',
  },
  {
    name: 'tools',
    endpoint: 'chat',
    summary: 'Tool calls are not supported.',
    neutral: isEmptyArray,
    remedy: toolsRemedy,
  },
  {
    name: 'tool_choice',
    endpoint: 'chat',
    summary: 'Tool calls are not supported.',
    neutral: { text: '"none" or "auto"', schema: v.picklist(['none', 'auto']) },
    remedy: toolsRemedy,
  },
  {
    name: 'functions',
    endpoint: 'chat',
    summary: 'Tool calls are not supported.',
    neutral: isEmptyArray,
    remedy: toolsRemedy,
  },
  {
    name: 'function_call',
    endpoint: 'chat',
    summary: 'Tool calls are not supported.',
    neutral: { text: '"none" or "auto"', schema: v.picklist(['none', 'auto']) },
    remedy: toolsRemedy,
  },
  {
    name: 'modalities',
    endpoint: 'chat',
    summary: 'Models on this mesh write text.',
    neutral: { text: '["text"]', schema: v.strictTuple([v.literal('text')]) },
    remedy: 'Leave it out.',
  },
  {
    name: 'audio',
    endpoint: 'chat',
    summary: 'Models on this mesh write text.',
    remedy: 'Leave it out.',
  },
  {
    name: 'prediction',
    endpoint: 'chat',
    summary: 'Predicted output is not supported.',
    remedy: 'Leave it out; the answer is the same.',
  },
  {
    name: 'reasoning_effort',
    endpoint: 'chat',
    summary: 'Models here have no reasoning mode to steer.',
    neutral: { text: '"none"', schema: v.literal('none') },
    remedy: 'Leave it out, or ask for steps in the prompt.',
  },
  {
    name: 'verbosity',
    endpoint: 'chat',
    summary: 'Models here were not trained for it.',
    neutral: { text: '"medium"', schema: v.literal('medium') },
    remedy: 'Ask for a short or a long answer in the prompt.',
  },
  {
    name: 'service_tier',
    endpoint: 'chat',
    summary: 'There is one tier.',
    neutral: { text: '"auto" or "default"', schema: v.picklist(['auto', 'default']) },
    remedy: 'Leave it out.',
  },
  {
    name: 'web_search_options',
    endpoint: 'chat',
    summary: 'The mesh does not browse.',
    remedy: 'Put what should be known into the messages.',
  },
  {
    name: 'moderation',
    endpoint: 'chat',
    summary: 'Relays do not moderate.',
    remedy: 'Check the texts with a service of your choice.',
  },
  {
    name: 'prompt_cache_options',
    endpoint: 'chat',
    summary: 'There is no prompt cache yet.',
    remedy: 'Leave it out.',
  },
  {
    name: 'echo',
    endpoint: 'completions',
    summary: 'The prompt is not repeated.',
    neutral: { text: 'false', schema: v.literal(false) },
    remedy: 'Put the prompt before the answer yourself.',
  },
  {
    name: 'suffix',
    endpoint: 'completions',
    summary: 'Models here continue a text, they do not fill gaps.',
    neutral: { text: '""', schema: v.literal('') },
    remedy: 'Leave it out.',
  },
]

type Used = typeof USED_PARAMETERS

/** The checked values of what has an effect; absent and null are the same. */
export type ParameterValues = {
  readonly [Name in keyof Used]?: v.InferOutput<Used[Name]['schema']> | undefined
}
