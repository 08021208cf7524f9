// `npm run vectors:money`: writes shared/money/vectors/*.json. Vitest checks that the files are what this program gives and
// that the model agrees with them; forge reads the same files.
import { mkdirSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { moneyVectors } from '../shared/money/vectors.fixture.ts'

const folder = new URL('../shared/money/vectors/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(moneyVectors())) {
  const file = new URL(name, folder)
  const options = await resolveConfig(file.pathname)
  writeFileSync(file, await format(JSON.stringify(content), { ...options, filepath: file.pathname }))
  console.log(`shared/money/vectors/${name}`)
}
