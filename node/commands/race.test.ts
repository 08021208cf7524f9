import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decodeRaceProof, encodeRaceProof } from '../../shared/protocol/race-proof/race-proof.ts'
import { identityFromSecretKey } from '../../shared/race/claims/race-identity.ts'
import { signProof } from '../../shared/race/verify/signed-proof.fixture.ts'
import { raceCommand } from './race.ts'

const identity = identityFromSecretKey(new Uint8Array(32).fill(1))
const BEACON = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const ON_WASM = ['--path', 'wasm', '--threads', '1']

let folder: string
let out: string
const printed = { out: '', error: '' }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'racemesh-race-'))
  out = join(folder, 'race.proof')
  Object.assign(printed, { out: '', error: '' })
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed.out += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((printed.error += String(text)), true))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

const race = (...options: string[]): Promise<number> =>
  raceCommand(['--class', 'micro', '--out', out, ...ON_WASM, ...options])
const verify = (file: string, ...options: string[]): Promise<number> =>
  raceCommand(['verify', file, ...ON_WASM, ...options])

/** A file that says what it was told to say. */
async function lie(nonces: readonly number[], change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes) {
  const file = join(folder, 'lie.proof')
  await writeFile(file, change(encodeRaceProof(await signProof(identity, nonces))))
  return file
}

describe('racemesh race', () => {
  it('writes a proof that verify accepts, whole and by a sample', async () => {
    expect(await race('--seconds', '2', '--beacon', BEACON, '--json')).toBe(0)
    const report = JSON.parse(printed.out) as Record<string, unknown>
    expect(report).toMatchObject({ class: 'micro', path: 'wasm', outcome: 'deadline', beacon: BEACON, out })
    const bytes = await readFile(out)
    const { commitment, claimedNonces } = decodeRaceProof(bytes)
    expect(report).toMatchObject({
      nonces: commitment.nonceCount,
      hits: claimedNonces.length,
      root: commitment.root,
      publicKey: commitment.publicKey,
      proofBytes: bytes.length,
    })
    expect(commitment.nonceCount).toBeGreaterThan(500)

    printed.out = ''
    expect(await verify(out, '--json', '--beacon', BEACON, '--key', commitment.publicKey)).toBe(0)
    expect(JSON.parse(printed.out)).toMatchObject({
      status: 'accepted',
      claimCount: claimedNonces.length,
      checkedClaims: claimedNonces.length,
    })
    printed.out = ''
    expect(await verify(out, '--sample', '1')).toBe(0)
    expect(printed.out).toMatch(
      /^Accepted: .* nonces of class micro\.\n[\s\S]*test class: it carries no weight/,
    )
  })

  it('keeps what it found when it is interrupted', async () => {
    const running = race('--seconds', '600')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    process.emit('SIGINT')
    expect(await running).toBe(130)
    expect(printed.out).toMatch(/Interrupted; what was found is kept\./)
    expect(decodeRaceProof(await readFile(out)).commitment.nonceCount).toBeGreaterThan(0)
  })

  it('never replaces a file, and says so before it races', async () => {
    await writeFile(out, 'kept')
    await expect(race('--seconds', '600')).rejects.toThrow(/exists already[\s\S]*--out FILE/)
    expect(await readFile(out, 'utf8')).toBe('kept')
  })

  it('leaves no file behind when there is nowhere to write or nothing to race on', async () => {
    out = join(folder, 'missing', 'race.proof')
    await expect(race('--seconds', '600')).rejects.toThrow(/cannot be written \(ENOENT\)/)
    expect(await readdir(folder)).toEqual([])
  })

  it.each<[string[], RegExp]>([
    [[], /Say which class/],
    [['--class', 'micro'], /Say for how long/],
    [['--class', 'huge', '--seconds', '1'], /paper, tab, micro, not "huge"/],
    [['--class', 'micro', '--seconds', '0'], /from 1 to 86400/],
    [['--class', 'micro', '--seconds', '1', '--beacon', 'ab'], /64 hex digits, not 2 of them/],
    [['--class', 'micro', '--seconds', '1', '--beacon', 'g'.repeat(64)], /not other characters/],
    [['--class', 'micro', '--seconds', '1', '--path', 'cuda'], /--path takes auto/],
    [['--class', 'micro', '--seconds', '1', '--threads', '0'], /from 1 to 64/],
    [['--bogus'], /bogus/],
    [['verify'], /Name one proof/],
    [['verify', 'a', 'b'], /Name one proof/],
    [['verify', 'a', '--sample', '0'], /from 1 to 1048576/],
    [['verify', 'a', '--key', 'ab'], /64 hex digits/],
  ])('refuses the command line %j', async (args, expected) => {
    await expect(raceCommand(args)).rejects.toThrow(expected)
    await expect(raceCommand(args)).rejects.toMatchObject({ name: 'UsageError' })
  })

  it('prints its help', async () => {
    expect(await raceCommand(['--help'])).toBe(0)
    expect(await raceCommand(['verify', '--help'])).toBe(0)
    expect(printed.out).toMatch(/racemesh race --class C[\s\S]*racemesh race verify FILE/)
  })
})

describe('racemesh race verify', () => {
  it('names the nonce of a file that lies', async () => {
    expect(await verify(await lie([1, 900, 1_800]))).toBe(1)
    expect(printed.out).toMatch(/^Fraud: nonce 1 \(claim 1\) is no hit\.\nThe holder of the key signed it\./)
    printed.out = ''
    expect(await verify(await lie([1, 900, 1_800]), '--json')).toBe(1)
    expect(JSON.parse(printed.out)).toMatchObject({
      status: 'fraud',
      evidence: { kind: 'FALSE_HIT', nonce: 1, index: 0, difference: null },
    })
  })

  it.each<[string, string[], RegExp]>([
    ['another epoch', ['--beacon', 'ff'.repeat(32)], /^Refused: The proof is for another epoch\./],
    ['another key', ['--key', 'ff'.repeat(32)], /^Refused: The proof belongs to somebody else\./],
  ])('refuses %s', async (_title, options, expected) => {
    expect(await verify(await lie([1, 900]), ...options)).toBe(1)
    expect(printed.out).toMatch(expected)
  })

  it('refuses a file that was changed after it was signed', async () => {
    const file = await lie([1, 900], (bytes) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))
    expect(await verify(file)).toBe(1)
    expect(printed.out).toMatch(/^Refused: The claimed nonces are not those that were signed\./)
  })

  it.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ['cut short', (bytes) => bytes.subarray(0, 100), /is no proof of the Race: .*ends inside a field/],
    ['empty', () => new Uint8Array(0), /is no proof of the Race: version is missing/],
    ['text', () => new TextEncoder().encode('hello'), /is no proof of the Race/],
    ['far too large', () => new Uint8Array(4 << 20), /larger than 3145728 bytes/],
  ])('says what is wrong with a file that is %s', async (_title, change, expected) => {
    await expect(verify(await lie([1, 900], change))).rejects.toThrow(expected)
  })

  it('says that there is no such file', async () => {
    await expect(verify(join(folder, 'none'))).rejects.toThrow(/cannot be read \(ENOENT\)/)
  })
})
