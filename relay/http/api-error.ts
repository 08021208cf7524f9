import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import { MeshError, errorCode } from '../../shared/errors.ts'
import type { SessionError } from '../../shared/mesh/session-error.ts'
import { formatRange } from '../../shared/protocol/layer-range.ts'

/** Codes that callers may match; the table in docs/openai-api.md lists each. */
export type ApiErrorCode =
  | 'invalid_json'
  | 'invalid_value'
  | 'missing_parameter'
  | 'unknown_parameter'
  | 'unsupported_parameter'
  | 'unsupported_endpoint'
  | 'unknown_url'
  | 'body_too_large'
  | 'context_length_exceeded'
  | 'model_not_found'
  | 'rate_limit_exceeded'
  | 'too_many_generations'
  | 'too_many_streams'
  | 'no_route'
  | 'busy'
  | 'peer_lost'
  | 'stage_failed'
  | 'deadline_exceeded'
  | 'internal_error'

/** The `type` words that OpenAI clients know. */
export type ApiErrorType = 'invalid_request_error' | 'rate_limit_error' | 'server_error'

interface ApiErrorData {
  readonly code: ApiErrorCode
  readonly status: ContentfulStatusCode
  /** The request field that is to blame, in the form `messages[0].content`. */
  readonly param: string | null
  readonly retryAfterSeconds?: number | undefined
  /** `NO_ROUTE`: the layers that nobody serves. */
  readonly missing?: readonly LayerRange[] | undefined
}

/** An answer other than success on /v1 and /api. */
export class ApiError extends MeshError<ApiErrorData> {
  override readonly name = 'ApiError'

  constructor(message: string, data: ApiErrorData & { readonly cause?: unknown }) {
    const { cause, ...rest } = data
    super(message, { data: rest, cause })
  }
}

/** The OpenAI error object; `racemesh.missing` is ours. */
export interface ApiErrorBody {
  readonly error: {
    readonly message: string
    readonly type: ApiErrorType
    readonly param: string | null
    readonly code: ApiErrorCode
  }
  readonly racemesh?: { readonly missing: readonly (readonly [number, number])[] }
}

export function apiErrorBody(error: ApiError): ApiErrorBody {
  const { code, param, status, missing } = error.data
  return {
    error: { message: error.shortMessage, type: errorType(status), param, code },
    ...(missing === undefined
      ? {}
      : { racemesh: { missing: missing.map((range) => [range.start, range.end] as const) } }),
  }
}

function errorType(status: number): ApiErrorType {
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** Maps anything thrown while answering to what the caller may read. Unknown mistakes of ours tell nothing. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  // By name, not instanceof: the asker may live in another bundle.
  if ((thrown as { name?: unknown } | null)?.name === 'SessionError') {
    return fromSessionError(thrown as SessionError) // the name says so; the switch below survives unknown codes
  }
  return new ApiError(
    'Something failed inside the relay. Quote the x-request-id header when you report it.',
    {
      code: 'internal_error',
      status: 500,
      param: null,
      cause: thrown,
    },
  )
}

function fromSessionError(error: SessionError): ApiError {
  const common = { param: null, cause: error }
  switch (error.data.code) {
    case 'NO_ROUTE': {
      const { missing } = error.data
      const layers = missing.length === 0 ? 'Some layers' : `Layers ${missing.map(formatRange).join(', ')}`
      return new ApiError(
        `${layers} of this model have no awake peer. Try again when somebody contributes: open the app and press Contribute.`,
        { ...common, code: 'no_route', status: 503, retryAfterSeconds: 5, missing },
      )
    }
    case 'BUSY':
      return busy(common)
    case 'DEADLINE_PASSED':
      return new ApiError(
        `The answer was not finished within ${error.data.deadlineMs} ms. Ask for fewer tokens or set a later deadline_ms.`,
        { ...common, code: 'deadline_exceeded', status: 504 },
      )
    case 'PEER_LOST':
      return new ApiError(
        `Peer ${error.data.peerId}, which served a stage of this answer, left and nobody could take over. Send the request again.`,
        { ...common, code: 'peer_lost', status: 502 },
      )
    case 'STAGE_FAILED':
      return error.data.reason === 'refused-busy' || error.data.reason === 'refused-capacity'
        ? busy(common)
        : new ApiError(
            `Peer ${error.data.peerId} ended its stage of this answer (${error.data.reason}). Send the request again.`,
            { ...common, code: 'stage_failed', status: 502 },
          )
    default:
      error.data satisfies never
      return new ApiError(`The session failed (${errorCode(error) ?? 'no code'}). Send the request again.`, {
        ...common,
        code: 'stage_failed',
        status: 502,
      })
  }
}

function busy(common: { readonly param: null; readonly cause: unknown }): ApiError {
  return new ApiError('Every peer that could answer is busy. Try again in a moment.', {
    ...common,
    code: 'busy',
    status: 503,
    retryAfterSeconds: 2,
  })
}
