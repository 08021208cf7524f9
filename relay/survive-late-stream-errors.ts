import type { Logger } from '../shared/mesh/ports.ts'

/**
 * js-libp2p 3 can throw from a timer or a drain event of a stream that is already closing (its issues 3415 and 3512),
 * where no caller of ours can catch. One lost stream must not end a relay for everybody, so those errors, and those
 * only, are logged and survived; anything else ends the process as it would without this.
 */
export function surviveLateStreamErrors(logger: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    if (isLateStreamError(error)) {
      logger.warn('a stream failed after it was closed', { error: (error as Error).name })
      return
    }
    logger.error('the relay has a defect and must stop', {
      error: error instanceof Error ? (error.stack ?? error.message) : typeof error,
    })
    process.exit(1)
  })
}

const LATE_STREAM_ERRORS: ReadonlySet<string> = new Set([
  'StreamStateError',
  'StreamResetError',
  'StreamAbortedError',
  'StreamBufferError',
  'ConnectionClosedError',
  'ConnectionClosingError',
  'MuxerClosedError',
])

/** By name: the classes are bundled, and several versions of them may be. */
export function isLateStreamError(error: unknown): boolean {
  return error instanceof Error && LATE_STREAM_ERRORS.has(error.name)
}
