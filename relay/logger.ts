import type { LogFields, Logger } from '../shared/mesh/ports.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * Creates a logger that hands finished lines (without a line break) to `write`: JSON objects, or `time level event
 * key=value` for people.
 */
export function createLogger(options: {
  readonly format: 'text' | 'json'
  readonly minLevel: LogLevel
  readonly nowMs: () => number
  readonly write: (line: string) => void
}): Logger {
  const log = (level: LogLevel, event: string, fields: LogFields = {}) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(options.minLevel)) return
    const time = new Date(options.nowMs()).toISOString()
    options.write(
      options.format === 'json'
        ? JSON.stringify({ time, level, event, ...fields })
        : [time, level.padEnd(5), event, ...formatFields(fields)].join(' '),
    )
  }
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
  }
}

function formatFields(fields: LogFields): string[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? quote(value) : String(value)}`)
}

/** Quotes what would break a line of `key=value` pairs; control characters leave as escapes, so no line can be forged. */
function quote(value: string): string {
  return /^[\w.:/+@-]+$/.test(value) ? value : JSON.stringify(value)
}
