// Writes the parameter tables into docs/openai-api.md: npx tsx scripts/render-api-docs.mjs
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderParameters } from '../relay/openai/render-parameters.ts'

const path = fileURLToPath(new URL('../docs/openai-api.md', import.meta.url))
const text = await readFile(path, 'utf8')
const section = /(<!-- prettier-ignore-start -->\n)[\s\S]*(<!-- prettier-ignore-end -->)/
if (!section.test(text)) throw new Error('docs/openai-api.md has lost its markers')
await writeFile(
  path,
  text.replace(section, (_, start, end) => `${start}\n${renderParameters()}\n${end}`),
)
