import { describe, expect, it } from 'vitest'
import { dequantiseModel } from './dequantise.ts'
import { encodeSafetensors } from './encode-safetensors.ts'
import { packModel } from './pack.ts'
import { parseManifest } from './parse-manifest.ts'
import { memoryFolder, memoryTarget, randomModelFiles } from './random-model.fixture.ts'
import { readSafetensorsHeader, readSafetensorsTensor } from './safetensors.ts'
import { verifyModel } from './verify-model.ts'

const text = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value))

describe.each(['q8', 'q4'] as const)('packing to %s', (encoding) => {
  it('keeps every tensor within the error of its encoding', async () => {
    const source = randomModelFiles({ tiedEmbeddings: false })
    const target = memoryTarget()
    const manifest = await packModel({ folder: memoryFolder(source), target, name: 'random', encoding })
    expect(await verifyModel(memoryFolder(target.files))).toEqual(manifest)

    const restored = dequantiseModel(manifest, target.files)
    const folder = memoryFolder(source)
    const originals = await readSafetensorsHeader(folder, 'model.safetensors')
    expect([...restored.keys()].sort()).toEqual([...originals.keys()].sort())
    for (const [name, entry] of originals) {
      const original = await readSafetensorsTensor(folder, entry)
      const { shape, values } = restored.get(name)!
      expect(shape, name).toEqual(entry.shape)
      let error = 0
      let total = 0
      original.forEach((value, i) => {
        error += (value - values[i]!) ** 2
        total += value ** 2
      })
      const isNorm = name.includes('norm')
      const isEightBit = encoding === 'q8' || name === 'lm_head.weight' || name.includes('embed')
      // Measured: 0.008 and 0.08; a tensor in the wrong place or transposed gives 1 and more.
      expect(Math.sqrt(error / total), name).toBeLessThan(isNorm ? 1e-9 : isEightBit ? 0.012 : 0.1)
    }
  })

  it('reports its progress, and packs the same model to the same id', async () => {
    const steps: number[] = []
    const pack = async (): Promise<string> => {
      const folder = memoryFolder(randomModelFiles())
      const onProgress = ({ filesDone, filesTotal }: { filesDone: number; filesTotal: number }): void => {
        steps.push(filesDone / filesTotal)
      }
      return (await packModel({ folder, target: memoryTarget(), name: 'random', encoding, onProgress })).id
    }
    const id = await pack()
    expect(steps.at(-1)).toBe(1)
    expect(await pack()).toBe(id)
  })
})

describe('the packer', () => {
  it('reads weights that are split over several files', async () => {
    const whole = randomModelFiles()
    const folder = memoryFolder(whole)
    const entries = [...(await readSafetensorsHeader(folder, 'model.safetensors')).values()]
    const split = new Map(whole)
    split.delete('model.safetensors')
    const weightMap: Record<string, string> = {}
    for (const [index, part] of [entries.slice(0, 7), entries.slice(7)].entries()) {
      const path = `model-0000${index + 1}-of-00002.safetensors`
      const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>()
      for (const entry of part) {
        weightMap[entry.name] = path
        tensors.set(entry.name, { shape: entry.shape, values: await readSafetensorsTensor(folder, entry) })
      }
      split.set(path, encodeSafetensors(tensors))
    }
    split.set('model.safetensors.index.json', text({ weight_map: weightMap }))
    const pack = async (files: typeof whole): Promise<string> =>
      (await packModel({ folder: memoryFolder(files), target: memoryTarget(), name: 'm', encoding: 'q8' })).id
    expect(await pack(split)).toBe(await pack(whole))
  })

  it.each<[string, (files: Map<string, Uint8Array<ArrayBuffer>>) => void, object]>([
    ['no config.json', (files) => files.delete('config.json'), { code: 'MISSING_FILE', path: 'config.json' }],
    ['no weights', (files) => files.delete('model.safetensors'), { code: 'MISSING_FILE' }],
    [
      'no tokenizer',
      (files) => files.delete('tokenizer.json'),
      { code: 'MISSING_FILE', path: 'tokenizer.json' },
    ],
    [
      'a config.json that is no JSON',
      (files) => files.set('config.json', Uint8Array.of(123)),
      { code: 'BAD_CONFIG' },
    ],
    [
      'truncated weights',
      (files) => files.set('model.safetensors', files.get('model.safetensors')!.slice(0, -4)),
      { code: 'BAD_SAFETENSORS' },
    ],
    [
      'NaN in the weights',
      (files) => {
        const bytes = files.get('model.safetensors')!
        new DataView(bytes.buffer).setFloat32(bytes.byteLength - 4, NaN, true)
      },
      { code: 'NOT_FINITE', tensor: 'model.norm.weight' },
    ],
    [
      'an index that reaches out of the folder',
      (files) => {
        files.delete('model.safetensors')
        files.set('model.safetensors.index.json', text({ weight_map: { w: '../secret.safetensors' } }))
      },
      { code: 'BAD_CONFIG' },
    ],
  ])('refuses %s and leaves nothing behind', async (_, change, data) => {
    const files = randomModelFiles()
    change(files)
    const target = memoryTarget()
    const packing = packModel({ folder: memoryFolder(files), target, name: 'm', encoding: 'q8' })
    await expect(packing).rejects.toMatchObject({ name: 'ModelError', data })
    await target.commit()
    expect(target.files.size).toBe(0)
  })

  it('refuses a tensor whose shape is not that of config.json, naming both', async () => {
    const files = randomModelFiles()
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json'))) as object
    files.set('config.json', text({ ...config, intermediate_size: 64 }))
    const packing = packModel({
      folder: memoryFolder(files),
      target: memoryTarget(),
      name: 'm',
      encoding: 'q8',
    })
    await expect(packing).rejects.toThrow(
      /gate_proj\.weight has shape \[96, 64\]; config\.json asks for \[64, 64\]/,
    )
  })

  it('refuses names that a manifest must not carry', async () => {
    const folder = memoryFolder(randomModelFiles())
    const packing = packModel({ folder, target: memoryTarget(), name: '../x', encoding: 'q8' })
    await expect(packing).rejects.toMatchObject({ data: { code: 'BAD_CONFIG' } })
  })
})

describe('verifying', () => {
  it.each<[string, (files: Map<string, Uint8Array<ArrayBuffer>>) => void, object]>([
    [
      'one flipped bit',
      (files) => (files.get('layer-002.bin')![99]! ^= 4),
      { code: 'HASH_MISMATCH', path: 'layer-002.bin', piece: 0 },
    ],
    [
      'a changed tokenizer',
      (files) => (files.get('tokenizer.json')![3]! ^= 4),
      { code: 'HASH_MISMATCH', path: 'tokenizer.json' },
    ],
    [
      'a longer file',
      (files) => files.set('head.bin', new Uint8Array(1e6)),
      { code: 'HASH_MISMATCH', path: 'head.bin' },
    ],
    ['a missing file', (files) => files.delete('head.bin'), { code: 'MISSING_FILE', path: 'head.bin' }],
    [
      'a missing manifest',
      (files) => files.delete('manifest.json'),
      { code: 'MISSING_FILE', path: 'manifest.json' },
    ],
    [
      'a manifest that is no JSON',
      (files) => files.set('manifest.json', Uint8Array.of(123)),
      { code: 'BAD_MANIFEST' },
    ],
  ])('finds %s', async (_, change, data) => {
    const target = memoryTarget()
    const manifest = await packModel({
      folder: memoryFolder(randomModelFiles()),
      target,
      name: 'm',
      encoding: 'q8',
    })
    expect(await parseManifest(manifest)).toEqual(manifest)
    change(target.files)
    await expect(verifyModel(memoryFolder(target.files))).rejects.toMatchObject({ name: 'ModelError', data })
  })
})
