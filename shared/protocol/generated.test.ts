import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('has generated code that is what the .proto files give', async () => {
  // Fails with the list of the files that are out of date; `npm run proto` writes them.
  const run = promisify(execFile)(process.execPath, ['scripts/generate-protobuf.mjs', '--check'])
  await expect(run).resolves.toMatchObject({ stderr: '' })
})
