import { fromHex } from '../../shared/protocol/ids.ts'
import { parseInteger, UsageError } from '../usage-error.ts'
import { MAX_THREADS, PATH_CHOICES, type PathChoice } from './open-race-path.ts'

/** Options that `race` and `race verify` share. */
export const RUN_OPTIONS = {
  path: { type: 'string', default: 'auto' },
  threads: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** @throws UsageError */
export function parsePath(value: string): PathChoice {
  const choice = PATH_CHOICES.find((name) => name === value)
  if (choice === undefined) throw new UsageError(`--path takes ${PATH_CHOICES.join(', ')}, not "${value}".`)
  return choice
}

/** @throws UsageError */
export function parseThreads(value: string | undefined): number | undefined {
  return value === undefined ? undefined : parseInteger('threads', value, 1, MAX_THREADS)
}

/** 32 bytes in hex. @throws UsageError */
export function parseSeed(option: string, value: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9a-fA-F]{64}$/.test(value)) {
    const found = /^[0-9a-fA-F]*$/.test(value) ? `${value.length} of them` : 'other characters'
    throw new UsageError(`--${option} takes 32 bytes as 64 hex digits, not ${found}.`)
  }
  return fromHex(value.toLowerCase())
}
