import type { Endpoint, IgnoredParameter, RefusedParameter, UsedParameter } from './parameters.ts'
import { IGNORED_PARAMETERS, REFUSED_PARAMETERS, USED_PARAMETERS } from './parameters.ts'

/** Renders the parameter tables of docs/openai-api.md in Markdown. */
export function renderParameters(): string {
  const used = Object.entries<UsedParameter>(USED_PARAMETERS)
  return [
    '### Used',
    '',
    '| parameter | value | default | |',
    '| --- | --- | --- | --- |',
    ...used.map(([name, parameter]) =>
      row(label(name, parameter), parameter.type, parameter.defaultText, parameter.summary),
    ),
    '',
    '### Accepted without effect',
    '',
    '| parameter | value | why |',
    '| --- | --- | --- |',
    ...IGNORED_PARAMETERS.map((parameter) =>
      row(label(parameter.name, parameter), parameter.type, parameter.summary),
    ),
    '',
    '### Refused',
    '',
    'The answer is 400 with the code `unsupported_parameter`. Values that ask for nothing are accepted, and so is `null`.',
    '',
    '| parameter | accepted | why | instead |',
    '| --- | --- | --- | --- |',
    ...REFUSED_PARAMETERS.map((parameter) =>
      row(
        label(parameter.name, parameter),
        parameter.neutral === undefined ? '' : `\`${parameter.neutral.text}\``,
        parameter.summary,
        parameter.remedy,
      ),
    ),
    '',
  ].join('\n')
}

function label(name: string, { endpoint }: UsedParameter | IgnoredParameter | RefusedParameter): string {
  return endpoint === undefined ? `\`${name}\`` : `\`${name}\` (${ENDPOINT_NAMES[endpoint]})`
}

const ENDPOINT_NAMES: Readonly<Record<Endpoint, string>> = {
  chat: 'chat only',
  completions: 'completions only',
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
