import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeSafetensors } from './encode-safetensors.ts'
import { fuzzParameters } from './fuzz-runs.fixture.ts'
import { memoryFolder } from './random-model.fixture.ts'
import { readSafetensorsHeader, readSafetensorsTensor } from './safetensors.ts'

const PATH = 'model.safetensors'
const SOUND = encodeSafetensors(
  new Map([
    ['a', { shape: [2, 4], values: new Float32Array(8) }],
    ['b.weight', { shape: [3], values: new Float32Array(3) }],
  ]),
)

/** Reads everything in a file; the outcome must be tensors within the file, or a ModelError. */
async function readAll(file: Uint8Array<ArrayBuffer>): Promise<void> {
  const folder = memoryFolder(new Map([[PATH, file]]))
  try {
    for (const entry of (await readSafetensorsHeader(folder, PATH)).values()) {
      expect(entry.offset + entry.sizeBytes).toBeLessThanOrEqual(file.byteLength)
      const values = await readSafetensorsTensor(folder, entry)
      expect(values.length).toBe(entry.shape.reduce((product, size) => product * size, 1))
    }
  } catch (error) {
    expect(error).toMatchObject({ name: 'ModelError' })
  }
}

it('reads one changed byte, a truncation or random bytes as a sound file or refuses them', async () => {
  const mutated = fc.record({ at: fc.nat(SOUND.length - 1), to: fc.nat(255) }).map(({ at, to }) => {
    const file = SOUND.slice()
    file[at] = to
    return file
  })
  const truncated = fc.nat(SOUND.length - 1).map((length) => SOUND.slice(0, length))
  const random = fc.uint8Array({ maxLength: 256 }).map((bytes) => Uint8Array.from(bytes))
  const header = fc.json().map((text) => {
    const bytes = new TextEncoder().encode(text)
    const file = new Uint8Array(8 + bytes.length + 32)
    file[0] = bytes.length & 255
    file[1] = bytes.length >> 8
    file.set(bytes, 8)
    return file
  })
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, truncated, random, header), readAll),
    fuzzParameters(3000),
  )
})
