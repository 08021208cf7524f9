import { fetchStageFiles, type PieceSource, type PieceStore } from '../model/fetch-stage.ts'
import { httpPieceSource } from '../model/http-piece-source.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { ModelError } from '../model/model-error.ts'
import { MAX_MANIFEST_BYTES, parseManifest } from '../model/parse-manifest.ts'
import type { ModelId } from '../protocol/ids.ts'
import type { ModelSource } from './stage-host.ts'

/** Fetches models from relays over HTTP, keeping verified pieces in `store`; the next relay is tried when one fails. */
export function httpModelSource(options: {
  readonly origins: readonly string[]
  readonly store: PieceStore
}): ModelSource {
  const baseUrls = (modelId: ModelId): string[] => options.origins.map((origin) => `${origin}/models/${modelId}`)
  return {
    manifest: (modelId, signal) =>
      firstThatWorks(baseUrls(modelId), signal, async (baseUrl) => {
        const manifest = await parseManifest(await fetchBytes(`${baseUrl}/manifest.json`, signal))
        // INVARIANT: a model is what its id says, whoever serves it.
        if (manifest.id !== modelId)
          throw new ModelError(`The relay sent the manifest of another model.`, {
            data: { code: 'SOURCE_FAILED', path: 'manifest.json' },
          })
        return manifest
      }),
    stageFiles: (manifest: ModelManifest, layers, onProgress, signal) => {
      const sources = baseUrls(manifest.id).map((baseUrl) => httpPieceSource(baseUrl))
      const source: PieceSource = {
        read: (path, offset, sizeBytes, readSignal) =>
          firstThatWorks(sources, readSignal, (each) => each.read(path, offset, sizeBytes, readSignal)),
      }
      return fetchStageFiles({ manifest, layers, source, store: options.store, onProgress, signal })
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

async function fetchBytes(url: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { signal })
  const sizeBytes = Number(response.headers.get('content-length') ?? 0)
  if (!response.ok || sizeBytes > MAX_MANIFEST_BYTES)
    throw new ModelError(`The relay does not have this model (it answered ${response.status}).`, {
      data: { code: 'SOURCE_FAILED', path: 'manifest.json' },
      metaMessages: ['It was started without it, or has replaced it by another version.'],
    })
  return new Uint8Array(await response.arrayBuffer())
}
