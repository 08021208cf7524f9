import type { Context } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import { ApiError, apiErrorBody, toApiError } from '../http/api-error.ts'
import { EVENT_STREAM_HEADERS, eventStreamBody, sseData } from '../http/event-stream.ts'
import { logFailure } from '../http/log-failure.ts'
import { readJson } from '../http/read-json.ts'
import type { RelayEnv } from '../http/request-context.ts'
import { clientOf } from '../http/request-context.ts'
import type { Slots } from '../http/slots.ts'
import type { AnswerFormat } from '../openai/answer-format.ts'
import { answerFormat } from '../openai/answer-format.ts'
import type { TextEvent } from '../openai/generate-text.ts'
import { generateText } from '../openai/generate-text.ts'
import { prepareGeneration } from '../openai/generation-request.ts'
import type { Endpoint } from '../openai/parameters.ts'
import { parseParameters } from '../openai/parse-parameters.ts'
import type { RelayDeps } from '../relay-deps.ts'

export interface GenerationDeps extends Pick<
  RelayDeps,
  'asker' | 'models' | 'clock' | 'logger' | 'limits' | 'metrics' | 'trustedHops'
> {
  /** Shared by the endpoints that generate. */
  readonly slots: Slots
}

/** nginx's status for a client that left before the answer; only metrics ever see it. */
const CLIENT_LEFT = 499 as StatusCode // not registered, so not in the union

/**
 * Answers one generation of either endpoint. The head of the response waits until the mesh has confirmed a route, so
 * that "nobody can serve this" is a status and not an event inside a stream.
 * @throws ApiError, SessionError
 */
export async function answerGeneration(
  endpoint: Endpoint,
  c: Context<RelayEnv>,
  deps: GenerationDeps,
): Promise<Response> {
  const values = parseParameters(endpoint, await readJson(c))
  const slot = deps.slots.acquire(clientOf(c, deps.trustedHops))
  if (slot.status !== 'acquired') throw noSlot(slot.status, deps)

  // A signal of our own: the server's has a plain string as its reason, and a cancelled body is a second cause.
  const leaving = new AbortController()
  const leave = () => leaving.abort(new DOMException('The client left.', 'AbortError'))
  const { signal } = c.get('arrived')
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()

  try {
    const prepared = prepareGeneration(endpoint, values, { ...deps, drawSeed })
    const format = answerFormat(endpoint, prepared, Math.floor(deps.clock.nowMs() / 1000))
    // From its first `next` on, the generator gives the slot back when it ends, however it ends.
    const events = thenAlways(generateText(prepared, deps, leaving.signal), slot.release)
    const first = await events.next()
    if (first.done === true) throw new Error('a generation ended before its route')
    if (!prepared.isStream) return await answerWhole(c, events, format)

    leaving.signal.addEventListener('abort', () => void events.return().catch(() => undefined), {
      once: true,
    })
    const lines = streamLines(first.value, events, format, prepared.includeUsage, (error) => {
      if (leaving.signal.aborted) return null
      const apiError = toApiError(error)
      logFailure(deps.logger, c.get('requestId'), apiError)
      return apiErrorBody(apiError)
    })
    const body = eventStreamBody(lines, { keepAliveMs: deps.limits.keepAliveMs, onCancel: leave })
    return c.newResponse(body, 200, EVENT_STREAM_HEADERS)
  } catch (error) {
    slot.release()
    if (leaving.signal.aborted) return c.newResponse(null, CLIENT_LEFT)
    throw error
  }
}

async function answerWhole(
  c: Context<RelayEnv>,
  events: AsyncIterable<TextEvent>,
  format: AnswerFormat,
): Promise<Response> {
  let text = ''
  for await (const event of events) {
    if (event.kind === 'text') text += event.text
    else if (event.kind === 'end') return c.json(format.whole(text, event), 200)
  }
  throw new Error('a generation ended without an end')
}

/** The events of a stream. After an error there is no `[DONE]`: nobody may take half an answer for a whole one. */
async function* streamLines(
  first: TextEvent,
  rest: AsyncIterable<TextEvent>,
  format: AnswerFormat,
  includeUsage: boolean,
  /** Returns the error's body, or null when nobody is left to read it. */
  describe: (error: unknown) => object | null,
): AsyncGenerator<string, void, undefined> {
  try {
    yield* eventLines(first, format, includeUsage)
    for await (const event of rest) yield* eventLines(event, format, includeUsage)
    yield sseData('[DONE]')
  } catch (error) {
    const body = describe(error)
    if (body !== null) yield sseData(JSON.stringify(body))
  }
}

function* eventLines(event: TextEvent, format: AnswerFormat, includeUsage: boolean): Generator<string> {
  switch (event.kind) {
    case 'route':
      yield sseData(JSON.stringify(format.route(event.stages)))
      break
    case 'text':
      yield sseData(JSON.stringify(format.text(event.text)))
      break
    case 'end':
      yield sseData(JSON.stringify(format.end(event)))
      if (includeUsage) yield sseData(JSON.stringify(format.usage(event)))
      break
    default:
      event satisfies never
  }
}

/** Passes a generator through and calls `after` once it is over, also when it is left or fails. */
async function* thenAlways<T>(
  source: AsyncIterable<T>,
  after: () => void,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* source
  } finally {
    after()
  }
}

function noSlot(status: 'key-full' | 'all-full', { limits }: GenerationDeps): ApiError {
  return status === 'key-full'
    ? new ApiError(
        `You already have ${limits.generationsPerClient} generations open on this relay. Wait for one to end.`,
        { code: 'too_many_generations', status: 429, param: null, retryAfterSeconds: 1 },
      )
    : new ApiError('This relay is driving as many generations as it can. Try again in a moment.', {
        code: 'busy',
        status: 503,
        param: null,
        retryAfterSeconds: 2,
      })
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
}
