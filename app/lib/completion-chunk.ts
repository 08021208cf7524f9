import * as v from 'valibot'
import { LINK_PATHS } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { LinkPath } from '../../shared/protocol/stage-advert/stage-advert.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import { formatRange } from '../../shared/protocol/layer-range.ts'
import type { MeshErrorObject } from '../../shared/errors.ts'

/** A stage of the pipeline that made an answer; `work` is known when the answer has ended. */
export interface AnswerStage {
  readonly peerId: string
  readonly kind: 'tab' | 'native'
  readonly layers: LayerRange
  /** How the stage reaches the next one (the last: the head); null on the same peer. */
  readonly link: { readonly path: LinkPath; readonly roundTripMs: number } | null
  readonly work: {
    readonly prefillMs: number
    readonly decodeStepMs: number
    readonly tensorBytesSent: number
    readonly tensorBytesRelayed: number
  } | null
}

/** What one chunk of a streamed completion adds. Absent fields say nothing new. */
export interface CompletionUpdate {
  readonly text: string
  readonly finishReason?: string | undefined
  readonly stages?: readonly AnswerStage[] | undefined
  readonly seed?: number | undefined
  readonly firstTokenMs?: number | undefined
  readonly tokensPerSecond?: number | undefined
  readonly completionTokens?: number | undefined
  readonly error?: MeshErrorObject | undefined
}

const quantity = v.pipe(v.number(), v.minValue(0))
const path = v.picklist(LINK_PATHS)
// The API writes `[start, end]`, our own types `{start, end}`: both are read.
const layers = v.union([
  v.object({ start: quantity, end: quantity }),
  v.pipe(
    v.tuple([quantity, quantity]),
    v.transform(([start, end]) => ({ start, end })),
  ),
])
const link = v.nullish(
  v.pipe(
    v.object({ path, roundTripMs: v.optional(quantity), rtt_ms: v.optional(quantity) }),
    v.transform((found) => ({ path: found.path, roundTripMs: found.roundTripMs ?? found.rtt_ms ?? 0 })),
  ),
  null,
)
const RouteStage = v.object({ peerId: v.string(), kind: v.picklist(['tab', 'native']), layers, link })
const ServedStage = v.object({
  ...RouteStage.entries,
  // Null where a stage did not report.
  prefill_ms: v.nullish(quantity),
  decode_step_ms: v.nullish(quantity),
  tensor_bytes_sent: v.nullish(quantity, 0),
  tensor_bytes_relayed: v.nullish(quantity, 0),
})
const Chunk = v.object({
  choices: v.fallback(
    v.array(
      v.object({
        delta: v.fallback(v.object({ content: v.nullish(v.string(), '') }), { content: '' }),
        finish_reason: v.nullish(v.string()),
      }),
    ),
    [],
  ),
  usage: v.fallback(v.nullish(v.object({ completion_tokens: quantity })), null),
  // What the strip shows is a bonus: an unknown shape must not cost the answer.
  racemesh: v.fallback(
    v.nullish(
      v.object({
        route: v.fallback(v.nullish(v.array(RouteStage)), null),
        stages: v.fallback(v.nullish(v.array(ServedStage)), null),
        seed: v.fallback(v.nullish(v.number()), null),
        ttft_ms: v.fallback(v.nullish(quantity), null),
        tokens_per_second: v.fallback(v.nullish(quantity), null),
      }),
    ),
    null,
  ),
})

/** Reads the `data` of one streamed event. @throws SyntaxError or ValiError on what is no completion chunk */
export function parseCompletionChunk(data: string): CompletionUpdate {
  const value: unknown = JSON.parse(data)
  const error = readApiError(value)
  if (error !== null) return { text: '', error }
  const { choices, usage, racemesh } = v.parse(Chunk, value)
  const [choice] = choices
  const stages = racemesh?.stages?.map(
    ({ prefill_ms, decode_step_ms, tensor_bytes_sent, tensor_bytes_relayed, ...stage }) => ({
      ...stage,
      work:
        prefill_ms == null || decode_step_ms == null
          ? null
          : {
              prefillMs: prefill_ms,
              decodeStepMs: decode_step_ms,
              tensorBytesSent: tensor_bytes_sent,
              tensorBytesRelayed: tensor_bytes_relayed,
            },
    }),
  )
  return {
    text: choice?.delta.content ?? '',
    finishReason: choice?.finish_reason ?? undefined,
    stages: stages ?? racemesh?.route?.map((stage) => ({ ...stage, work: null })),
    seed: racemesh?.seed ?? undefined,
    firstTokenMs: racemesh?.ttft_ms ?? undefined,
    tokensPerSecond: racemesh?.tokens_per_second ?? undefined,
    completionTokens: usage?.completion_tokens ?? undefined,
  }
}

const ApiError = v.object({
  error: v.object({
    message: v.string(),
    type: v.nullish(v.string()),
    code: v.nullish(v.union([v.string(), v.number()])),
  }),
  racemesh: v.fallback(v.optional(v.object({ missing: v.array(layers) })), undefined),
})

/** The error of an OpenAI-style body, in a status other than 200 or in the middle of a stream; null if it is none. */
export function readApiError(value: unknown): MeshErrorObject | null {
  const parsed = v.safeParse(ApiError, value)
  if (!parsed.success) return null
  const { message, type, code } = parsed.output.error
  const missing = parsed.output.racemesh?.missing ?? []
  const data = { code: String(code ?? type ?? 'unknown').toUpperCase() }
  if (missing.length > 0) {
    return {
      name: 'GatewayError',
      shortMessage: `Nobody holds layers ${missing.map(formatRange).join(', ')} of this model.`,
      metaMessages: ['The peers that held them have left, or nobody has joined yet.'],
      data,
    }
  }
  // The gateway's first sentence says what happened, the others the usual cause and the next step.
  const [, first = message, rest] = /^(.+?[.!?])\s+(.+)$/s.exec(message) ?? []
  return { name: 'GatewayError', shortMessage: first, metaMessages: rest === undefined ? [] : [rest], data }
}
