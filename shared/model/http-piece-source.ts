import type { PieceSource } from './fetch-stage.ts'
import { ModelError } from './model-error.ts'

/**
 * Reads a model's files over HTTP by range requests. A server that ignores ranges works too, at the price of the whole
 * file per request.
 * @param baseUrl where `manifest.json` lies, without a slash at the end
 */
export function httpPieceSource(baseUrl: string): PieceSource {
  return {
    async read(path, offset, sizeBytes, signal) {
      // The parser lets no path through that needs encoding; this costs nothing if that ever changes.
      const url = `${baseUrl}/${path.split('/').map(encodeURIComponent).join('/')}`
      let response: Awaited<ReturnType<typeof fetch>>
      try {
        response = await fetch(url, {
          headers: { range: `bytes=${offset}-${offset + sizeBytes - 1}` },
          signal,
        })
      } catch (cause) {
        signal.throwIfAborted()
        throw failed(path, 'the connection failed', cause)
      }
      if (response.status === 206) return readBody(path, response, 0, sizeBytes, signal)
      if (response.status === 200) return readBody(path, response, offset, sizeBytes, signal)
      await response.body?.cancel()
      throw failed(path, `the server answered ${response.status}`)
    },
  }
}

/** Reads `sizeBytes` after skipping `skipBytes`, and not a byte more than that, whatever the server sends. */
async function readBody(
  path: string,
  response: Awaited<ReturnType<typeof fetch>>,
  skipBytes: number,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes)
  const reader = response.body?.getReader()
  let position = -skipBytes
  try {
    while (reader !== undefined && position < sizeBytes) {
      const { done, value } = await reader.read()
      if (done) break
      const from = Math.max(0, -position)
      const part = value.subarray(from, Math.max(from, sizeBytes - position))
      if (part.byteLength > 0) bytes.set(part, position + from)
      position += value.byteLength
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw failed(path, 'the connection broke off', cause)
  } finally {
    await reader?.cancel().catch(() => undefined) // already failed or done: nothing to stop
  }
  if (position < sizeBytes)
    throw failed(path, `the server sent ${Math.max(0, position)} of ${sizeBytes} bytes`)
  return bytes
}

function failed(path: string, what: string, cause?: unknown): ModelError {
  return new ModelError(`${path} could not be fetched: ${what}.`, {
    data: { code: 'SOURCE_FAILED', path },
    metaMessages: ['What has arrived is kept; the next attempt goes on from there.'],
    cause,
  })
}
