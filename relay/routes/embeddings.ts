import { Hono } from 'hono'
import { ApiError } from '../http/api-error.ts'
import type { RelayEnv } from '../http/request-context.ts'

/** `POST /v1/embeddings` says why not, instead of a 404 that looks like a wrong address. */
export function embeddingsRoutes() {
  return new Hono<RelayEnv>().post('/', () => {
    throw new ApiError(
      'Embeddings are not offered: the models of this mesh are chat models, and their hidden states make poor embeddings. Use an embedding model elsewhere.',
      { code: 'unsupported_endpoint', status: 501, param: null },
    )
  })
}
