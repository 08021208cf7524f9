import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { randomModelFiles } from '../../shared/model/random-model.fixture.ts'
import { packCommand } from './pack.ts'
import { verifyCommand } from './verify.ts'

describe('racemesh pack and verify', () => {
  let folder: string
  let out: string
  const printed = { out: '', error: '' }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'racemesh-pack-'))
    out = join(folder, 'packed')
    const source = join(folder, 'tiny')
    await mkdir(source)
    for (const [path, bytes] of randomModelFiles()) await writeFile(join(source, path), bytes)
    Object.assign(printed, { out: '', error: '' })
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed.out += String(text)), true))
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((printed.error += String(text)), true))
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    await rm(folder, { recursive: true })
  })

  const pack = (...options: string[]): Promise<number> =>
    packCommand([join(folder, 'tiny'), '--out', out, '--json', ...options])

  it('says which folder is not there', async () => {
    const missing = join(folder, 'missing')
    const error = { shortMessage: `There is no folder ${missing}.`, data: { code: 'NO_FOLDER' } }
    await expect(packCommand([missing, '--out', out])).rejects.toMatchObject(error)
    await expect(verifyCommand([missing])).rejects.toMatchObject(error)
  })

  it('packs a folder under its name and finds it sound', async () => {
    expect(await pack()).toBe(0)
    const packed = JSON.parse(printed.out) as { id: string; name: string; encoding: string }
    expect(packed).toMatchObject({ name: 'tiny', encoding: 'q8' })
    printed.out = ''
    expect(await verifyCommand([out, '--json', '--id', packed.id])).toBe(0)
    expect(JSON.parse(printed.out)).toMatchObject({ id: packed.id, isDemanded: true })
    expect((await readdir(folder)).sort()).toEqual(['packed', 'tiny'])
  })

  it('replaces a packed model, but nothing else', async () => {
    await pack()
    expect(await pack('--encoding', 'q4')).toBe(0)
    expect(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'))).toMatchObject({ encoding: 'q4' })
    await rm(join(out, 'manifest.json'))
    await expect(pack()).rejects.toMatchObject({ data: { code: 'NOT_A_MODEL' } })
    expect(await readdir(out)).toContain('head.bin')
  })

  it('leaves an earlier model whole when the new one cannot be packed', async () => {
    await pack()
    const before = await readFile(join(out, 'manifest.json'), 'utf8')
    const weights = join(folder, 'tiny', 'model.safetensors')
    await writeFile(weights, (await readFile(weights)).subarray(0, 5000))
    await expect(pack()).rejects.toMatchObject({ data: { code: 'BAD_SAFETENSORS' } })
    expect(await readFile(join(out, 'manifest.json'), 'utf8')).toBe(before)
    expect((await readdir(folder)).sort()).toEqual(['packed', 'tiny'])
  })

  it('finds a changed byte, and another model than the demanded one', async () => {
    await pack()
    expect(await verifyCommand([out, '--id', '0'.repeat(64)])).toBe(1)
    expect(printed.error).toMatch(/another model/)
    const path = join(out, 'layer-001.bin')
    const bytes = await readFile(path)
    bytes[1000]! ^= 1
    await writeFile(path, bytes)
    await expect(verifyCommand([out])).rejects.toMatchObject({
      data: { code: 'HASH_MISMATCH', path: 'layer-001.bin', piece: 0 },
    })
  })

  it.each([
    ['no folder', () => packCommand(['--out', out]), /Name one folder/],
    ['no place to go', () => packCommand(['x']), /--out DIR/],
    ['an unknown encoding', () => packCommand(['x', '--out', out, '--encoding', 'q2']), /q4 or q8, not "q2"/],
    ['an unknown option', () => verifyCommand(['x', '--deep']), /--deep/],
  ])('explains a command line with %s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message)
    await expect(run()).rejects.toMatchObject({ name: 'UsageError' })
  })

  it('prints help', async () => {
    expect(await packCommand(['--help'])).toBe(0)
    expect(await verifyCommand(['--help'])).toBe(0)
    expect(printed.out).toMatch(/racemesh pack FOLDER[\s\S]*racemesh verify DIR/)
  })
})
