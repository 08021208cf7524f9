import * as v from 'valibot'
import { MeshError, toErrorObject, type MeshErrorObject } from '../../shared/errors.ts'
import {
  completionRequest,
  parseConversation,
  parseSettings,
  type Answer,
  type ChatMessage,
  type ChatSettings,
} from '../lib/chat-store.ts'
import { parseCompletionChunk, readApiError, type CompletionUpdate } from '../lib/completion-chunk.ts'
import { readServerSentEvents } from '../lib/sse-parser.ts'
import { readStored, writeStored } from './stored.ts'

const CONVERSATION_KEY = 'racemesh.conversation'
const SETTINGS_KEY = 'racemesh.chat-settings'
// Tokens can come faster than anyone reads: the page takes them in batches.
const FLUSH_MS = 60

const ModelList = v.object({ data: v.array(v.object({ id: v.string() })) })

/** The conversation, and the answer on its way if there is one. */
export class Chat {
  #messages = $state.raw<readonly ChatMessage[]>(
    parseConversation(readStored(() => sessionStorage, CONVERSATION_KEY)),
  )
  #settings = $state.raw<ChatSettings>(parseSettings(readStored(() => localStorage, SETTINGS_KEY)))
  #models = $state.raw<readonly string[]>([])
  #model = $state.raw('')
  #modelsError = $state.raw<MeshErrorObject | null>(null)
  #abort = $state.raw<AbortController | null>(null)
  #lastId = Math.max(0, ...this.#messages.map((message) => message.id))

  get messages(): readonly ChatMessage[] {
    return this.#messages
  }

  get settings(): ChatSettings {
    return this.#settings
  }

  get models(): readonly string[] {
    return this.#models
  }

  get model(): string {
    return this.#model
  }

  get modelsError(): MeshErrorObject | null {
    return this.#modelsError
  }

  get isAnswering(): boolean {
    return this.#abort !== null
  }

  /** Asks the relay which models it answers with. */
  async loadModels(): Promise<void> {
    try {
      const response = await fetch('/v1/models')
      if (!response.ok) throw await gatewayError(response)
      this.#models = v.parse(ModelList, await response.json()).data.map((model) => model.id)
      if (!this.#models.includes(this.#model)) this.#model = this.#models[0] ?? ''
      this.#modelsError = null
    } catch (error) {
      this.#modelsError = requestError(error)
    }
  }

  chooseModel(model: string): void {
    this.#model = model
  }

  changeSettings(settings: ChatSettings): void {
    this.#settings = parseSettings(settings)
    writeStored(() => localStorage, SETTINGS_KEY, this.#settings)
  }

  /** Asks a question; resolves when the answer has ended, however it ended. */
  async ask(text: string): Promise<void> {
    const question = text.trim()
    if (question === '' || this.isAnswering) return
    this.#messages = [...this.#messages, { id: this.#nextId(), role: 'user', text: question }]
    await this.#answer()
  }

  /** Answers the last question again, in place of the answer it got. */
  async retry(): Promise<void> {
    if (this.isAnswering) return
    this.#messages = this.#messages.slice(0, 1 + this.#messages.findLastIndex(({ role }) => role === 'user'))
    if (this.#messages.length > 0) await this.#answer()
  }

  /** Ends the answer on its way; what has come stays. */
  stop(): void {
    this.#abort?.abort()
  }

  startOver(): void {
    this.stop()
    this.#messages = []
    this.#save()
  }

  async #answer(): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    const request = completionRequest(this.#model, this.#messages, this.#settings)
    let answer: Answer = { ...EMPTY_ANSWER, id: this.#nextId(), model: this.#model }
    this.#messages = [...this.#messages, answer]
    const show = (): void => {
      if (this.#messages.includes(answer)) return
      this.#messages = this.#messages.map((message) => (message.id === answer.id ? answer : message))
    }
    const flush = setInterval(show, FLUSH_MS)
    const startedMs = performance.now()
    try {
      for await (const update of complete(request, abort.signal)) {
        answer = withUpdate(answer, update, performance.now() - startedMs)
      }
      answer = { ...answer, state: answer.error === null ? 'done' : 'failed' }
    } catch (error) {
      if (abort.signal.aborted) answer = { ...answer, state: 'stopped' }
      else answer = { ...answer, state: 'failed', error: requestError(error) }
    } finally {
      clearInterval(flush)
      if (this.#abort === abort) this.#abort = null
    }
    show()
    this.#save()
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  #save(): void {
    writeStored(() => sessionStorage, CONVERSATION_KEY, this.#messages)
  }
}

const EMPTY_ANSWER: Answer = {
  id: 0,
  role: 'assistant',
  model: '',
  state: 'waiting',
  text: '',
  pieces: 0,
  stages: null,
  firstTokenMs: null,
  tokensPerSecond: null,
  seed: null,
  finishReason: null,
  error: null,
}

async function* complete(
  request: Record<string, unknown>,
  signal: AbortSignal,
): AsyncGenerator<CompletionUpdate, void, undefined> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  })
  if (!response.ok || response.body === null) throw await gatewayError(response)
  for await (const event of readServerSentEvents(response.body)) {
    if (event.data === '[DONE]') return
    const update = parseCompletionChunk(event.data)
    yield update
    // After an error in mid-stream there is no `[DONE]`.
    if (update.error !== undefined) return
  }
  throw new MeshError('The answer broke off.', {
    data: { code: 'STREAM_ENDED' },
    metaMessages: ['The relay closed the connection before the end, perhaps because it was restarted.'],
  })
}

function withUpdate(answer: Answer, update: CompletionUpdate, elapsedMs: number): Answer {
  const pieces = answer.pieces + (update.text === '' ? 0 : 1)
  const firstTokenMs = update.firstTokenMs ?? answer.firstTokenMs ?? (pieces > 0 ? elapsedMs : null)
  const decodeMs = firstTokenMs === null ? 0 : elapsedMs - firstTokenMs
  // Until the relay reports its own figure; the first token belongs to the prefill.
  const seenRate = pieces > 4 && decodeMs > 0 ? ((pieces - 1) * 1000) / decodeMs : null
  return {
    ...answer,
    state: pieces > 0 ? 'streaming' : 'waiting',
    text: answer.text + update.text,
    pieces,
    stages: update.stages ?? answer.stages,
    firstTokenMs,
    tokensPerSecond: update.tokensPerSecond ?? (update.text === '' ? answer.tokensPerSecond : seenRate),
    seed: update.seed ?? answer.seed,
    finishReason: update.finishReason ?? answer.finishReason,
    error: update.error ?? answer.error,
  }
}

async function gatewayError(response: Response): Promise<MeshError> {
  const body: unknown = await response.json().catch(() => null)
  const error = readApiError(body)
  if (error !== null) {
    const requestId = response.headers.get('x-request-id')
    const isOurs = error.data.code === 'INTERNAL_ERROR' && requestId !== null
    return MeshError.fromObject(isOurs ? { ...error, metaMessages: [`Request ${requestId}.`] } : error)
  }
  return new MeshError(`The relay answered with status ${response.status}.`, {
    data: { code: 'BAD_STATUS' },
    metaMessages: ['Something between this page and the relay may have answered in its place.'],
  })
}

function requestError(error: unknown): MeshErrorObject {
  // What `fetch` throws when nobody answers, in every browser.
  if (error instanceof TypeError) {
    return {
      name: 'NetworkError',
      shortMessage: 'The relay does not answer.',
      metaMessages: ['It may have stopped, or this device is offline.'],
      data: { code: 'RELAY_UNREACHABLE' },
    }
  }
  return toErrorObject(error)
}
