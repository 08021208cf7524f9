import { beforeAll, describe, expect, it } from 'vitest'
import { packRandomModel } from '../engine/packed-model.fixture.ts'
import { computeModelId } from './manifest-id.ts'
import type { ModelManifest } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'

type Mutable<T> = T extends string ? string : { -readonly [Key in keyof T]: Mutable<T[Key]> }

describe('manifest.json', () => {
  let sound: ModelManifest
  beforeAll(async () => {
    sound = (await packRandomModel('q8')).manifest
  })

  const changed = (change: (manifest: Mutable<ModelManifest>) => void): unknown => {
    const copy = structuredClone(sound) as unknown as Mutable<ModelManifest> // a clone is ours to change
    change(copy)
    return copy
  }

  it('comes back as it was packed, in any order of keys', async () => {
    expect(await parseManifest(JSON.parse(JSON.stringify(sound)))).toEqual(sound)
    expect(await parseManifest(Object.fromEntries(Object.entries(sound).reverse()))).toEqual(sound)
  })

  it.each<[string, (manifest: Mutable<ModelManifest>) => void, string]>([
    ['another format', (m) => Object.assign(m, { format: 'racemesh-model/2' }), 'BAD_MANIFEST'],
    ['an unknown field', (m) => Object.assign(m, { extra: 1 }), 'BAD_MANIFEST'],
    ['a name with a path in it', (m) => (m.name = '../guide'), 'BAD_MANIFEST'],
    ['another piece size', (m) => Object.assign(m, { pieceSizeBytes: 1 }), 'BAD_MANIFEST'],
    ['absurd sizes', (m) => (m.config.hiddenSize = 2 ** 40), 'BAD_CONFIG'],
    ['a layer count beyond the limit', (m) => (m.config.layerCount = 10_000), 'BAD_CONFIG'],
    ['a missing file', (m) => m.files.pop(), 'BAD_MANIFEST'],
    ['a path out of the folder', (m) => (m.files[1]!.path = '../../etc/passwd'), 'BAD_MANIFEST'],
    ['a layer twice', (m) => (m.files[2] = structuredClone(m.files[1]!)), 'BAD_MANIFEST'],
    [
      'a tensor that reaches out of its file',
      (m) => (m.files[1]!.tensors[0]!.sizeBytes = 1e9),
      'BAD_MANIFEST',
    ],
    ['overlapping tensors', (m) => (m.files[1]!.tensors[1]!.offset = 0), 'BAD_MANIFEST'],
    ['another shape', (m) => m.files[1]!.tensors[1]!.shape.reverse(), 'BAD_MANIFEST'],
    ['a file of another size', (m) => (m.files[1]!.sizeBytes += 64), 'BAD_MANIFEST'],
    ['a piece too many', (m) => m.files[1]!.pieces.push('0'.repeat(64)), 'BAD_MANIFEST'],
    ['a hash in upper case', (m) => (m.files[0]!.pieces[0] = 'A'.repeat(64)), 'BAD_MANIFEST'],
    ['a side file out of the folder', (m) => (m.sideFiles[0]!.path = '../tokenizer.json'), 'BAD_MANIFEST'],
    ['an unknown side file', (m) => (m.sideFiles[0]!.path = 'run.js'), 'BAD_MANIFEST'],
    ['a side file twice', (m) => (m.sideFiles[1] = structuredClone(m.sideFiles[0]!)), 'BAD_MANIFEST'],
    ['a side file of a gigabyte', (m) => (m.sideFiles[0]!.sizeBytes = 2 ** 30), 'BAD_MANIFEST'],
  ])('is refused with %s, even under a matching id', async (_, change, code) => {
    const manifest = changed(change) as ModelManifest // hostile, and typed only to compute its id
    const withId = { ...manifest, id: await computeModelId(manifest) }
    await expect(parseManifest(withId)).rejects.toMatchObject({ name: 'ModelError', data: { code } })
  })

  it.each<[string, (manifest: Mutable<ModelManifest>) => void]>([
    ['a changed piece hash', (m) => (m.files[3]!.pieces[0] = '0'.repeat(64))],
    ['a changed tokenizer', (m) => (m.sideFiles[0]!.sha256 = '0'.repeat(64))],
    ['another name', (m) => (m.name = 'other')],
    ['another theta', (m) => (m.config.ropeTheta = 20_000)],
    ['another end token', (m) => (m.config.eosTokenIds = [2])],
  ])('is refused with %s under the old id', async (_, change) => {
    await expect(parseManifest(changed(change))).rejects.toThrow(/says its id is/)
  })

  it.each([null, [], 'x', 7, {}])('refuses %j', async (json) => {
    await expect(parseManifest(json)).rejects.toMatchObject({ data: { code: 'BAD_MANIFEST' } })
  })

  it('gives q4 and q8 of one model different ids', async () => {
    expect((await packRandomModel('q4')).manifest.id).not.toBe(sound.id)
  })
})
