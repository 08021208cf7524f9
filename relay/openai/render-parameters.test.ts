import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { IGNORED_PARAMETERS, REFUSED_PARAMETERS, USED_PARAMETERS } from './parameters.ts'
import { renderParameters } from './render-parameters.ts'

const page = readFileSync(new URL('../../docs/openai-api.md', import.meta.url), 'utf8')

describe('docs/openai-api.md', () => {
  it('holds the parameter tables as they are (npx tsx scripts/render-api-docs.mjs)', () => {
    expect(page).toContain(renderParameters())
  })

  it.each([
    ...Object.keys(USED_PARAMETERS),
    ...IGNORED_PARAMETERS.map(({ name }) => name),
    ...REFUSED_PARAMETERS.map(({ name }) => name),
  ])('lists %s', (name) => {
    expect(page).toContain(`| \`${name}\``)
  })

  it('lists every error code', () => {
    const source = readFileSync(new URL('../http/api-error.ts', import.meta.url), 'utf8')
    const union = /export type ApiErrorCode =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code ?? '')
    expect(codes.length).toBeGreaterThan(15)
    for (const code of codes) expect(page, code).toContain(`\`${code}\``)
  })
})
