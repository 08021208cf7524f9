import { createSessionId } from '../../shared/protocol/ids.ts'
import { errorCode } from '../../shared/errors.ts'
import type { GenerationRequest } from '../../shared/mesh/asker.ts'
import { maxSessionTokens } from '../../shared/model/stage-memory.ts'
import { ApiError } from '../http/api-error.ts'
import type { RelayLimits } from '../limits.ts'
import type { CatalogueModel, ModelCatalogue } from '../model-catalogue.ts'
import type { Endpoint, ParameterValues } from './parameters.ts'
import { DEFAULT_TEMPERATURE } from './parameters.ts'

/** One request of /v1, checked and tokenised. */
export interface PreparedGeneration {
  readonly model: CatalogueModel
  readonly request: GenerationRequest
  readonly stopStrings: readonly string[]
  readonly isStream: boolean
  readonly includeUsage: boolean
}

/**
 * No text averages more characters per token (English has 4, deeply indented code some 8). Tokenising blocks the event
 * loop, 2 s for a megabyte, and peers whose beats are not answered for one second count as lost: what cannot fit
 * anyway is refused before.
 */
const MAX_CHARACTERS_PER_TOKEN = 16

/**
 * Turns checked parameters into what the mesh is asked.
 * @throws ApiError `model_not_found`, `context_length_exceeded`, `invalid_value`
 */
export function prepareGeneration(
  endpoint: Endpoint,
  values: ParameterValues,
  deps: {
    readonly models: ModelCatalogue
    readonly limits: RelayLimits
    /** Draws an unsigned 32-bit seed. */
    readonly drawSeed: () => number
  },
): PreparedGeneration {
  const model = findModel(deps.models, values.model ?? '')
  const isStream = values.stream ?? false
  if (!isStream && values.stream_options !== undefined) {
    throw invalidValue('stream_options', "'stream_options' is only allowed with 'stream': true.")
  }
  const { eosTokenIds } = model.manifest.config
  const contextLength = maxSessionTokens(model.manifest.config)
  const param = endpoint === 'chat' ? 'messages' : 'prompt'
  const characters = promptCharacters(values)
  if (characters > contextLength * MAX_CHARACTERS_PER_TOKEN) {
    throw new ApiError(
      `The context of ${model.name} is ${contextLength} tokens; a prompt of ${characters} characters cannot fit. Shorten it.`,
      { code: 'context_length_exceeded', status: 400, param },
    )
  }
  const promptTokenIds = encodePrompt(endpoint, model, values)
  if (promptTokenIds.length === 0) throw invalidValue('prompt', "'prompt' must not be empty.")
  const room = contextLength - promptTokenIds.length
  if (room < 1) {
    throw new ApiError(
      `The context of ${model.name} is ${contextLength} tokens, the prompt alone has ${promptTokenIds.length}. Shorten it so that at least one token is left for the answer.`,
      { code: 'context_length_exceeded', status: 400, param },
    )
  }

  const wanted = wantedTokens(values) ?? deps.limits.defaultMaxTokens
  return {
    model,
    isStream,
    includeUsage: values.stream_options?.include_usage ?? false,
    stopStrings: values.stop ?? [],
    request: {
      sessionId: createSessionId(),
      modelId: model.manifest.id,
      promptTokenIds,
      maxNewTokens: Math.min(wanted, room),
      endTokenIds: eosTokenIds,
      deadlineMs: values.deadline_ms ?? deps.limits.defaultDeadlineMs,
      sampling: {
        // A nucleus of no probability holds the likeliest token alone.
        temperature: values.top_p === 0 ? 0 : (values.temperature ?? DEFAULT_TEMPERATURE),
        topP: values.top_p === 0 ? 1 : (values.top_p ?? 1),
        topK: Math.max(0, values.top_k ?? 0),
        minP: values.min_p ?? 0,
        repetitionPenalty: values.repetition_penalty ?? 1,
        seed: values.seed === undefined ? deps.drawSeed() : unsigned32(values.seed),
      },
    },
  }
}

/** Exact for every safe integer, unlike `>>> 0`, which is the same but reads as a trick. */
function unsigned32(seed: number): number {
  const remainder = seed % 2 ** 32
  return remainder < 0 ? remainder + 2 ** 32 : Math.abs(remainder) // abs: -0 is no unsigned integer
}

function promptCharacters({ messages = [], prompt = '' }: ParameterValues): number {
  return messages.reduce((sum, { content }) => sum + content.length, prompt.length)
}

function encodePrompt(endpoint: Endpoint, model: CatalogueModel, values: ParameterValues): readonly number[] {
  if (endpoint === 'completions') return model.tokenizer.encodeText((values.prompt ?? '').toWellFormed())
  try {
    return model.tokenizer.encodeChat(values.messages ?? [])
  } catch (error) {
    if (errorCode(error) !== 'BAD_TOKENIZER') throw error
    // Templates refuse on purpose: two user turns in a row, a system turn in the middle.
    throw new ApiError(
      `The chat template of ${model.name} does not allow this conversation. Usually system comes first, and user and assistant take turns.`,
      { code: 'invalid_value', status: 400, param: 'messages', cause: error },
    )
  }
}

function wantedTokens(values: ParameterValues): number | undefined {
  const { max_tokens: older, max_completion_tokens: newer } = values
  if (older !== undefined && newer !== undefined && older !== newer) {
    throw invalidValue('max_tokens', "'max_tokens' and 'max_completion_tokens' differ. Send one of them.")
  }
  return newer ?? older
}

function findModel(models: ModelCatalogue, name: string): CatalogueModel {
  const model = models.find(name)
  if (model === undefined) throw modelNotFound(models)
  return model
}

/** 404 that names what there is; the asked name is not repeated. */
export function modelNotFound(models: ModelCatalogue): ApiError {
  const names = models.models.map(({ name }) => name)
  const list = names.length === 0 ? 'This relay serves no model.' : `This relay serves: ${names.join(', ')}.`
  return new ApiError(`There is no such model here. ${list}`, {
    code: 'model_not_found',
    status: 404,
    param: 'model',
  })
}

function invalidValue(param: string, message: string): ApiError {
  return new ApiError(message, { code: 'invalid_value', status: 400, param })
}
