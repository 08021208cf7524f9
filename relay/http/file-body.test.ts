import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileBody } from './file-body.ts'

const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => (i * 7) % 251)

function file(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'racemesh-file-')), 'file.bin')
  writeFileSync(path, bytes)
  return path
}

const read = async (body: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(body).arrayBuffer())

describe('fileBody', () => {
  it.each([
    ['whole, in several chunks', 0, 600_000],
    ['a part over a chunk border', 262_100, 262_200],
    ['nothing', 5, 5],
  ])('sends %s', async (_, start, end) => {
    expect(await read(fileBody(file(), { start, end }))).toEqual(bytes.slice(start, end))
  })

  it('fails rather than send less than promised', async () => {
    const path = file()
    const body = fileBody(path, { start: 0, end: 600_000 })
    truncateSync(path, 1000)
    await expect(read(body)).rejects.toThrow('became shorter')
  })

  it('fails when the file is gone', async () => {
    await expect(read(fileBody('/nowhere/file.bin', { start: 0, end: 1 }))).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })
})
