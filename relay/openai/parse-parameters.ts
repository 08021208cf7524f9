import * as v from 'valibot'
import { ApiError } from '../http/api-error.ts'
import type { Endpoint, ParameterValues, RefusedParameter, UsedParameter } from './parameters.ts'
import { IGNORED_PARAMETERS, REFUSED_PARAMETERS, USED_PARAMETERS } from './parameters.ts'

type Entry =
  | {
      readonly kind: 'checked'
      readonly isUsed: boolean
      readonly type: string
      readonly schema: v.GenericSchema
    }
  | { readonly kind: 'refused'; readonly parameter: RefusedParameter }

const TABLES: Readonly<Record<Endpoint, ReadonlyMap<string, Entry>>> = {
  chat: tableOf('chat'),
  completions: tableOf('completions'),
}

const REQUIRED: Readonly<Record<Endpoint, readonly string[]>> = {
  chat: ['model', 'messages'],
  completions: ['model', 'prompt'],
}

/**
 * Checks a request body against the parameter table. Values are never repeated in messages: they may be prompts.
 * @throws ApiError `invalid_value`, `missing_parameter`, `unknown_parameter`, `unsupported_parameter`
 */
export function parseParameters(endpoint: Endpoint, body: unknown): ParameterValues {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('invalid_value', null, 'The request body must be a JSON object.')
  }
  const table = TABLES[endpoint]
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    // Clients write null for "not set".
    if (value === null) continue
    const entry = table.get(name)
    if (entry === undefined) throw unknownParameter(endpoint, name)
    switch (entry.kind) {
      case 'checked': {
        const result = v.safeParse(entry.schema, value, { abortEarly: true })
        if (!result.success) throw invalidValue(name, entry.type, result.issues[0])
        if (entry.isUsed) values[name] = result.output
        break
      }
      case 'refused': {
        const { neutral } = entry.parameter
        if (neutral === undefined || !v.is(neutral.schema, value)) throw refused(entry.parameter)
        break
      }
      default:
        entry satisfies never
    }
  }
  for (const name of REQUIRED[endpoint]) {
    if (!Object.hasOwn(values, name)) {
      throw invalid('missing_parameter', name, `The parameter '${name}' is required.`)
    }
  }
  return values // each value came out of the schema of its name
}

function tableOf(endpoint: Endpoint): ReadonlyMap<string, Entry> {
  const isHere = (parameter: { readonly endpoint?: Endpoint | undefined }) =>
    parameter.endpoint === undefined || parameter.endpoint === endpoint
  const table = new Map<string, Entry>()
  for (const [name, parameter] of Object.entries<UsedParameter>(USED_PARAMETERS)) {
    if (isHere(parameter)) {
      table.set(name, { kind: 'checked', isUsed: true, type: parameter.type, schema: parameter.schema })
    }
  }
  for (const parameter of IGNORED_PARAMETERS.filter(isHere)) {
    table.set(parameter.name, {
      kind: 'checked',
      isUsed: false,
      type: parameter.type,
      schema: parameter.schema,
    })
  }
  for (const parameter of REFUSED_PARAMETERS.filter(isHere)) {
    table.set(parameter.name, { kind: 'refused', parameter })
  }
  return table
}

function invalidValue(name: string, type: string, issue: v.BaseIssue<unknown>): ApiError {
  const path = pathText(name, issue)
  // Only the messages schema words its issues for people; the others are described by their type.
  const problem = name === 'messages' ? issue.message : `expected ${type}`
  return invalid('invalid_value', path, `Invalid value for '${path}': ${problem}.`)
}

/** `messages`, `messages[3].content[0].type`; keys come from our schemas, so nothing of the caller's is repeated. */
function pathText(name: string, issue: v.BaseIssue<unknown>): string {
  let text = name
  for (const item of issue.path ?? []) {
    if (typeof item.key === 'number') text += `[${item.key}]`
    else if (name === 'messages') text += `.${String(item.key)}`
  }
  return text
}

function refused({ name, summary, neutral, remedy }: RefusedParameter): ApiError {
  const allowed = neutral === undefined ? '' : ` Only ${neutral.text} is accepted.`
  return invalid(
    'unsupported_parameter',
    name,
    `The parameter '${name}' is not supported. ${summary} ${remedy}${allowed}`,
  )
}

function unknownParameter(endpoint: Endpoint, name: string): ApiError {
  // The name is the caller's text: shortened, and plain characters only.
  const shown = name.replace(/[^\w.-]/g, '?').slice(0, 64)
  const near = nearestName(name, [...TABLES[endpoint].keys()])
  const hint = near === undefined ? 'Leave it out, or see docs/openai-api.md.' : `Did you mean '${near}'?`
  return invalid('unknown_parameter', shown, `The parameter '${shown}' is unknown here. ${hint}`)
}

function invalid(
  code: 'invalid_value' | 'missing_parameter' | 'unknown_parameter' | 'unsupported_parameter',
  param: string | null,
  message: string,
): ApiError {
  return new ApiError(message, { code, status: 400, param })
}

/** The known name within two edits, if there is one. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 40) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
