import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { RACE_CLASSES } from './race-class.ts'
import {
  deriveInputKey,
  deriveNodeSeed,
  deriveRaceSeed,
  parseNodeSeed,
  parseNonce,
  parseRaceSeed,
} from './seeds.ts'

const beacon = new Uint8Array(32).fill(0xab)
const publicKey = new Uint8Array(33).fill(0xcd)
const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('seeds', () => {
  it('are hashes of a label and the parts, as written in docs/race.md', async () => {
    const raceSeed = await deriveRaceSeed(beacon, RACE_CLASSES.tab)
    const nodeSeed = await deriveNodeSeed(publicKey)
    expect(hex(raceSeed)).toBe(sha256('racemesh/race-seed/1', Uint8Array.of(2), beacon))
    expect(hex(nodeSeed)).toBe(sha256('racemesh/node-seed/1', Uint8Array.of(33), publicKey))
    expect(hex(await deriveInputKey(raceSeed, nodeSeed))).toBe(
      sha256('racemesh/input-key/1', raceSeed, nodeSeed),
    )
  })

  it('differ between classes, so that no class is a part of another', async () => {
    const seeds = await Promise.all(Object.values(RACE_CLASSES).map((one) => deriveRaceSeed(beacon, one)))
    expect(new Set(seeds.map(hex)).size).toBe(3)
  })

  it('are copied when they come from outside', () => {
    const bytes = new Uint8Array(32)
    const parsed = [parseRaceSeed(bytes), parseNodeSeed(bytes)]
    bytes.fill(1)
    for (const seed of parsed) expect(seed[0]).toBe(0)
  })

  it('refuse wrong lengths with the length in the message', async () => {
    await expect(deriveRaceSeed(new Uint8Array(31), RACE_CLASSES.micro)).rejects
      .toThrowErrorMatchingInlineSnapshot(`
      [RaceError: The beacon has 31 bytes instead of 32.
      Text was probably passed where its bytes belong, or a proof is cut off.
      Pass the decoded bytes.
      See docs/race.md]
    `)
    await expect(deriveNodeSeed(new Uint8Array(31))).rejects.toMatchObject({
      data: { expectedBytes: '32 to 65' },
    })
    await expect(deriveNodeSeed(new Uint8Array(66))).rejects.toMatchObject({ data: { actualBytes: 66 } })
    expect(() => parseRaceSeed(new Uint8Array(33))).toThrow(/race seed has 33 bytes/)
    expect(() => parseNodeSeed(new Uint8Array(0))).toThrow(/node seed has 0 bytes/)
  })
})

describe('nonces', () => {
  it.each([0, 1, 2 ** 32 - 1])('accepts %d', (nonce) => expect(parseNonce(nonce)).toBe(nonce))

  it.each([-1, 2 ** 32, 0.5, Number.NaN, Infinity, '7', null, undefined, 7n])('refuses %s', (value) => {
    expect(() => parseNonce(value)).toThrow(/not a nonce/)
  })
})
