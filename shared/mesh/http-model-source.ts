import { fetchStageFiles, type PieceSource, type PieceStore } from '../model/fetch-stage.ts'
import { httpPieceSource } from '../model/http-piece-source.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { ModelError } from '../model/model-error.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '../model/parse-manifest.ts'
import type { ModelId } from '../protocol/ids.ts'
import type { ModelSource } from './stage-host.ts'

/**
 * Fetches models from relays over HTTP, keeping verified pieces in `store`. The next relay is tried when one is out of
 * reach, lacks the model, or sends something else than the model's id promises.
 */
export function httpModelSource(options: {
  readonly origins: readonly string[]
  readonly store: PieceStore
  /** Told when the store refuses a piece: the load goes on, and the next start downloads again. */
  readonly onStoreFailed?: ((error: unknown) => void) | undefined
}): ModelSource {
  const baseUrls = (modelId: ModelId): string[] =>
    options.origins.map((origin) => `${origin}/models/${modelId}`)
  return {
    manifest: (modelId, signal) =>
      firstThatWorks(baseUrls(modelId), signal, async (baseUrl) => {
        const manifest = await parseManifest(await fetchManifest(`${baseUrl}/manifest.json`, signal))
        // INVARIANT: a model is what its id says, whoever serves it.
        if (manifest.id !== modelId) throw failed('The relay sent the manifest of another model.')
        return manifest
      }),
    stageFiles: (manifest: ModelManifest, layers, onProgress, signal) => {
      const sources = baseUrls(manifest.id).map((baseUrl) => httpPieceSource(baseUrl))
      // A relay whose pieces are wrong is found out after it was read: what follows does without it and those before.
      const attempts = sources.map((_source, index) => sources.slice(index))
      return firstThatWorks(attempts, signal, (left) => {
        const source: PieceSource = {
          read: (path, offset, sizeBytes, readSignal) =>
            firstThatWorks(left, readSignal, (each) => each.read(path, offset, sizeBytes, readSignal)),
        }
        const { store, onStoreFailed } = options
        return fetchStageFiles({ manifest, layers, source, store, onProgress, onStoreFailed, signal })
      })
    },
  }
}

async function firstThatWorks<S, T>(
  sources: readonly S[],
  signal: AbortSignal,
  use: (source: S) => Promise<T>,
): Promise<T> {
  let failure: unknown
  for (const source of sources) {
    try {
      return await use(source)
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

/** Reads a manifest of at most `MAX_MANIFEST_BYTES`, whatever length the server claims. */
async function fetchManifest(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw failed('The relay could not be reached for the manifest.', cause)
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw failed(`The relay does not have this model (it answered ${response.status}).`)
  }
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  let text = ''
  let sizeBytes = 0
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    sizeBytes += part.value.byteLength
    if (sizeBytes > MAX_MANIFEST_BYTES) {
      await reader?.cancel()
      throw failed(`The manifest is larger than ${MAX_MANIFEST_BYTES} bytes.`)
    }
    text += decoder.decode(part.value, { stream: true })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw failed('The manifest is not JSON.', error)
  }
}

function failed(message: string, cause?: unknown): ModelError {
  return new ModelError(message, {
    data: { code: 'SOURCE_FAILED', path: 'manifest.json' },
    metaMessages: [
      'The relay is down, was started without this model, or has replaced it by another version.',
      'It is asked again when it next offers layers.',
    ],
    cause,
  })
}
