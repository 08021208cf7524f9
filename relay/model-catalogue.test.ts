import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ModelManifest } from '../shared/model/manifest.ts'
import type { ModelLoaders } from './model-catalogue.ts'
import { openModelCatalogue } from './model-catalogue.ts'
import { byteTokenizer, manifest as base, MODEL_ID } from './testing/relay.fixture.ts'

const packed: ModelManifest = {
  ...base,
  files: [
    { path: 'layer-000.bin', role: { kind: 'layer', layer: 0 }, sizeBytes: 3, tensors: [], pieces: [] },
  ],
  sideFiles: [{ path: 'tokenizer.json', sizeBytes: 2, sha256: '' }],
}

function folder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'racemesh-packed-'))
  writeFileSync(join(directory, 'manifest.json'), '{"a":1}')
  writeFileSync(join(directory, 'layer-000.bin'), 'abc')
  writeFileSync(join(directory, 'tokenizer.json'), '{}')
  return directory
}

const loaders = (manifest: ModelManifest = packed): ModelLoaders => ({
  parseManifest: () => manifest,
  loadTokenizer: (sideFiles) => {
    if (sideFiles.get('tokenizer.json')?.byteLength !== 2)
      throw new Error('the tokenizer was not handed over')
    return byteTokenizer
  },
})

const open = (directory: string, manifest?: ModelManifest, name?: string) =>
  openModelCatalogue([{ name, directory }], loaders(manifest))

describe('openModelCatalogue', () => {
  it('opens a packed folder under the name of its manifest, and finds it by name and id', async () => {
    const catalogue = await open(folder())
    const model = catalogue.find('guide')
    expect(model?.manifest).toBe(packed)
    expect(catalogue.find(MODEL_ID)).toBe(model)
    expect(catalogue.find('other')).toBeUndefined()
    expect(
      [...(model?.files ?? [])].map(([path, { sizeBytes, contentType }]) => [path, sizeBytes, contentType]),
    ).toEqual([
      ['manifest.json', 7, 'application/json'],
      ['layer-000.bin', 3, 'application/octet-stream'],
      ['tokenizer.json', 2, 'application/json'],
    ])
  })

  it('prefers the name that the operator gave', async () => {
    expect((await open(folder(), packed, 'org/guide:q8')).models[0]?.name).toBe('org/guide:q8')
  })

  it.each([
    [
      'two models of one name',
      async () =>
        openModelCatalogue(
          [
            { name: 'a', directory: folder() },
            { name: 'a', directory: folder() },
          ],
          loaders(),
        ),
      'DUPLICATE_NAME',
    ],
    ['a name that no URL should carry', () => open(folder(), packed, 'a b'), 'BAD_NAME'],
    ['a folder without a manifest', () => open('/nowhere'), 'UNREADABLE_FOLDER'],
    [
      'a path out of the folder',
      () => open(folder(), { ...packed, sideFiles: [{ path: '../secret', sizeBytes: 1, sha256: '' }] }),
      'BAD_PATH',
    ],
    [
      'an absolute path',
      () => open(folder(), { ...packed, sideFiles: [{ path: '/etc/passwd', sizeBytes: 1, sha256: '' }] }),
      'BAD_PATH',
    ],
    [
      'a file that was cut short',
      () => open(folder(), { ...packed, sideFiles: [{ path: 'tokenizer.json', sizeBytes: 3, sha256: '' }] }),
      'WRONG_SIZE',
    ],
  ])('refuses %s', async (_, opening, code) => {
    await expect(opening()).rejects.toMatchObject({ name: 'ModelCatalogueError', data: { code } })
  })

  it('refuses a folder with a missing file, and says what to do', async () => {
    const directory = folder()
    rmSync(join(directory, 'layer-000.bin'))
    await expect(open(directory)).rejects.toThrow('The folder is incomplete')
  })
})
