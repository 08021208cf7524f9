import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The command line itself is wrong: exit code 2, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `parseArgs` with plain errors. @throws UsageError */
export function parseOptions<T extends ParseArgsConfig>(
  config: T,
  help: string,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
  }
}

/** Parses a whole number within bounds. @throws UsageError */
export function parseInteger(option: string, value: string, min: number, max: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < min || number > max)
    throw new UsageError(`--${option} takes a whole number from ${min} to ${max}, not "${value}".`)
  return number
}

/** Parses `4-8` (end exclusive). @throws UsageError */
export function parseLayers(option: string, value: string): { start: number; end: number } {
  const match = /^(\d{1,4})-(\d{1,4})$/.exec(value)
  const start = Number(match?.[1])
  const end = Number(match?.[2])
  if (match === null || start >= end)
    throw new UsageError(`--${option} takes a range such as 0-4 (the end is not included), not "${value}".`)
  return { start, end }
}
