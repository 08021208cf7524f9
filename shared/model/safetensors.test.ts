import { describe, expect, it } from 'vitest'
import { encodeSafetensors } from './encode-safetensors.ts'
import { memoryFolder } from './random-model.fixture.ts'
import { readSafetensorsHeader, readSafetensorsTensor, type ModelFolder } from './safetensors.ts'

const PATH = 'model.safetensors'

function folderOf(file: Uint8Array<ArrayBuffer>): ModelFolder {
  return memoryFolder(new Map([[PATH, file]]))
}

/** A file with this header text and `dataBytes` of zeros. */
function fileOf(header: string, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + text.byteLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true)
  file.set(text, 8)
  return file
}

const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
  JSON.stringify({ w: { dtype, shape, data_offsets: offsets } })

describe('safetensors', () => {
  it('reads back what was written', async () => {
    const values = Float32Array.of(1.5, -2, 3e-8, 0, 65504, -1e30)
    const folder = folderOf(encodeSafetensors(new Map([['w', { shape: [2, 3], values }]])))
    const w = (await readSafetensorsHeader(folder, PATH)).get('w')!
    expect(w).toMatchObject({ type: 'F32', shape: [2, 3], sizeBytes: 24 })
    expect(await readSafetensorsTensor(folder, w)).toEqual(values)
  })

  it.each([
    // 1, -2, the smallest subnormal, the largest half, infinity, NaN: bit patterns of IEEE 754 binary16.
    ['F16', [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x7e00], [1, -2, 2 ** -24, 65504, Infinity, NaN]],
    // The upper halves of float32 patterns.
    ['BF16', [0x3f80, 0xc000, 0x4049, 0x7f80], [1, -2, 3.140625, Infinity]],
  ])('widens %s exactly', async (dtype, halves, expected) => {
    const file = fileOf(entry(dtype, [halves.length], [0, 2 * halves.length]), 2 * halves.length)
    const view = new DataView(file.buffer)
    halves.forEach((half, i) => view.setUint16(file.byteLength - 2 * halves.length + 2 * i, half, true))
    const w = (await readSafetensorsHeader(folderOf(file), PATH)).get('w')!
    expect([...(await readSafetensorsTensor(folderOf(file), w))]).toEqual(expected)
  })

  it('ignores the metadata entry', async () => {
    const file = fileOf(JSON.stringify({ __metadata__: { format: 'pt' } }))
    expect((await readSafetensorsHeader(folderOf(file), PATH)).size).toBe(0)
  })

  it.each([
    ['nothing', new Uint8Array(0), /0 bytes/],
    ['a header length beyond the limit', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80), /more than 16777216/],
    ['a header length beyond the file', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1), /ends before that/],
    ['a header that is no JSON', fileOf('{"w":'), /no JSON/],
    ['a header that is a list', fileOf('[]'), /no JSON object/],
    ['an entry that is null', fileOf('{"w":null}'), /has type undefined/],
    ['an unknown type', fileOf(entry('I64', [1], [0, 8]), 8), /has type "I64"/],
    ['a negative size', fileOf(entry('F32', [-1], [0, 4]), 4), /malformed shape/],
    ['too many dimensions', fileOf(entry('F32', [1, 1, 1, 1, 1], [0, 4]), 4), /malformed shape/],
    ['one offset', fileOf(entry('F32', [1], [0]), 4), /malformed offsets/],
    ['a size that overflows', fileOf(entry('F32', [2 ** 40, 2 ** 40], [0, 4]), 4), /does not take 4 bytes/],
    ['a size that is not its shape', fileOf(entry('F32', [2], [0, 4]), 8), /does not take 4 bytes/],
    ['a truncated file', fileOf(entry('F32', [2], [0, 8]), 7), /ends at byte/],
    [
      'overlapping tensors',
      fileOf(
        JSON.stringify({
          a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          b: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
        }),
        12,
      ),
      /a and b overlap/,
    ],
  ])('refuses %s', async (_, file, message) => {
    const reading = readSafetensorsHeader(folderOf(file), PATH)
    await expect(reading).rejects.toMatchObject({ data: { code: 'BAD_SAFETENSORS', path: PATH } })
    await expect(reading).rejects.toThrow(message)
  })

  it('names a missing file', async () => {
    await expect(readSafetensorsHeader(memoryFolder(new Map()), PATH)).rejects.toMatchObject({
      data: { code: 'MISSING_FILE', path: PATH },
    })
  })
})
