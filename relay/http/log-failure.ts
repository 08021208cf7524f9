import { errorCode } from '../../shared/errors.ts'
import type { Logger } from '../../shared/mesh/ports.ts'
import type { ApiError } from './api-error.ts'

/** Logs an answer that failed: mistakes of ours as errors with their stack, what the mesh could not do as warnings. */
export function logFailure(logger: Logger, requestId: string, error: ApiError): void {
  const { code, status } = error.data
  if (status < 500) return
  if (code !== 'internal_error') {
    logger.warn('a request failed', { requestId, code, status, cause: errorCode(error.cause) })
    return
  }
  const { cause } = error
  logger.error('a request failed inside the relay', {
    requestId,
    error: cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause,
  })
}
