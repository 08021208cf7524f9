import type { Context } from 'hono'
import { ApiError } from './api-error.ts'

/**
 * Reads a JSON body whatever its content type: many small clients send none, and nothing else is ever meant.
 * @throws ApiError `invalid_json`
 */
export async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text()
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ApiError('The request body is not valid JSON.', {
      code: 'invalid_json',
      status: 400,
      param: null,
      cause,
    })
  }
}
