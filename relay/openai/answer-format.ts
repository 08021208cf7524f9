import type { RouteStage, ServedStage } from '../../shared/mesh/asker.ts'
import type { Endpoint } from './parameters.ts'
import type { TextEnd } from './generate-text.ts'
import type { PreparedGeneration } from './generation-request.ts'

/** Builds the JSON of one answer: whole, or chunk by chunk. */
export interface AnswerFormat {
  /** The first chunk: who answers. */
  route(stages: readonly RouteStage[]): object
  text(text: string): object
  /** The chunk with `finish_reason`. */
  end(end: TextEnd): object
  /** The chunk that `stream_options.include_usage` asks for. */
  usage(end: TextEnd): object
  /** The body without streaming. */
  whole(text: string, end: TextEnd): object
}

/** Makes the format of one endpoint. `createdAtSeconds` is since the Unix epoch. */
export function answerFormat(
  endpoint: Endpoint,
  { model, request, includeUsage }: PreparedGeneration,
  createdAtSeconds: number,
): AnswerFormat {
  const isChat = endpoint === 'chat'
  const base = (object: string) => ({
    id: `${isChat ? 'chatcmpl' : 'cmpl'}-${request.sessionId}`,
    object,
    created: createdAtSeconds,
    model: model.name,
    // Names weights and encoding: the same seed under another fingerprint may answer otherwise.
    system_fingerprint: `rm_${model.manifest.id.slice(0, 16)}`,
  })
  const chunk = (choices: readonly object[]) => ({
    ...base(isChat ? 'chat.completion.chunk' : 'text_completion'),
    choices,
    // OpenAI's promise: with include_usage every chunk has the field, and it is null until the last.
    ...(includeUsage ? { usage: null } : {}),
  })
  const choice = (delta: object, finishReason: string | null) =>
    isChat
      ? { index: 0, delta, logprobs: null, finish_reason: finishReason }
      : { index: 0, text: '', ...delta, logprobs: null, finish_reason: finishReason }

  return {
    route: (stages) => ({
      ...chunk([choice(isChat ? { role: 'assistant', content: '' } : {}, null)]),
      racemesh: { session_id: request.sessionId, route: stages.map(routeObject) },
    }),
    text: (text) => chunk([choice(isChat ? { content: text } : { text }, null)]),
    end: (end) => ({ ...chunk([choice({}, end.finishReason)]), racemesh: details(end) }),
    usage: (end) => ({ ...chunk([]), usage: usage(end) }),
    whole: (text, end) => ({
      ...base(isChat ? 'chat.completion' : 'text_completion'),
      choices: [
        isChat
          ? {
              index: 0,
              message: { role: 'assistant', content: text, refusal: null },
              logprobs: null,
              finish_reason: end.finishReason,
            }
          : { index: 0, text, logprobs: null, finish_reason: end.finishReason },
      ],
      usage: usage(end),
      racemesh: details(end),
    }),
  }

  function usage({ completionTokens }: TextEnd) {
    const promptTokens = request.promptTokenIds.length
    return {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    }
  }

  function details(end: TextEnd) {
    return {
      session_id: request.sessionId,
      seed: request.sampling.seed,
      stages: end.stages.map(stageObject),
      ttft_ms: rounded(end.firstTokenMs),
      tokens_per_second: rounded(end.tokensPerSecond),
    }
  }
}

function routeObject({ peerId, kind, layers, link }: RouteStage) {
  return {
    peerId,
    kind,
    layers: [layers.start, layers.end],
    link: link === null ? null : { path: link.path, rtt_ms: rounded(link.roundTripMs) },
  }
}

/** What a stage did not report is null, never 0. */
function stageObject(stage: RouteStage | ServedStage) {
  const report = 'prefillMs' in stage ? stage : undefined
  return {
    ...routeObject(stage),
    prefill_ms: rounded(report?.prefillMs),
    decode_step_ms: rounded(report?.decodeStepMs),
    tensor_bytes_sent: report?.tensorBytesSent ?? null,
    tensor_bytes_relayed: report?.tensorBytesRelayed ?? null,
  }
}

/** Microseconds are enough; the rest is noise that makes logs long. */
function rounded(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Math.round(value * 1000) / 1000
}
