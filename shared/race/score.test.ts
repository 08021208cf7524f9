import { describe, expect, it } from 'vitest'
import { generatePermutationWords, generateTarget } from './generator.ts'
import { RACE_CLASSES } from './race-class.ts'
import { derivePermutation, isHit, scoreOutput, sumOfSquares } from './score.ts'
import type { InputKey, RaceSeed } from './seeds.ts'

const { micro, tab } = RACE_CLASSES
const inputKey = new Uint8Array(32).fill(5) as InputKey // 32 bytes
const raceSeed = new Uint8Array(32).fill(6) as RaceSeed // 32 bytes

describe('the permutation', () => {
  it.each([micro, tab])('of $name puts each coordinate where its word ranks', (raceClass) => {
    const { width } = raceClass
    for (const nonce of [0, 1, 0xffff_ffff]) {
      const words = generatePermutationWords(raceClass, inputKey, nonce)
      // Ranked by counting in exact integers: high bits first, index second.
      const keys = [...words].map((word, i) => Math.floor(word / width) * width + i)
      const ranks = keys.map((key) => keys.filter((other) => other < key).length)
      expect([...derivePermutation(raceClass, inputKey, nonce)], `nonce ${nonce}`).toEqual(ranks)
      expect(new Set(ranks).size).toBe(width)
    }
  })

  it('sends a coordinate to every place equally often', () => {
    const counts = new Array<number>(64).fill(0)
    for (let nonce = 0; nonce < 6_400; nonce++) counts[derivePermutation(micro, inputKey, nonce)[17]!]!++
    // 100 expected at each place; the 0.1 % point of chi-square with 63 degrees of freedom is 103.4.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)
    expect(chiSquare).toBeLessThan(103.4)
  })
})

describe('the hit test', () => {
  it('turns at the squared cosine of hitNumerator / 65536, exactly', () => {
    // |o|^2 = |t|^2 = 2^19 and dot = 2^19 * c: the largest miss and the smallest hit are neighbours.
    const length = 2 ** 19
    const smallest = Math.ceil(length * Math.sqrt(tab.hitNumerator / 65_536))
    expect(isHit(tab, smallest, length, length)).toBe(true)
    expect(isHit(tab, smallest - 1, length, length)).toBe(false)
    expect(isHit(tab, -smallest, length, length)).toBe(false)
  })

  it('counts equality as a hit and a zero dot as none', () => {
    // dot^2 * 65536 = 1192 * |o|^2 * |t|^2 with dot = 1192, |o|^2 = 1192, |t|^2 = 65536.
    expect(isHit(tab, 1_192, 1_192, 65_536)).toBe(true)
    expect(isHit(tab, 1_192, 1_192, 65_537)).toBe(false)
    expect(isHit(tab, 0, 0, 65_536)).toBe(false)
  })

  it('decides neighbours near 2^62, where doubles are 512 apart', () => {
    const dot = 8_000_000
    const bound = Number((BigInt(dot) ** 2n * 65_536n) / 1_192n)
    expect(isHit(tab, dot, 1, bound)).toBe(true)
    expect(isHit(tab, dot, 1, bound + 1)).toBe(false)
    expect(isHit(tab, dot, bound, 1)).toBe(true)
  })

  it('hits when the output is the target, permuted back', () => {
    const target = generateTarget(tab, raceSeed)
    const permutation = derivePermutation(tab, inputKey, 3)
    const output = Int8Array.from(permutation, (place) => target[place]!)
    const squared = sumOfSquares(target)
    expect(scoreOutput(tab, output, permutation, target)).toEqual({
      dot: squared,
      squaredLength: squared,
      isHit: true,
    })
    const other = derivePermutation(tab, inputKey, 4)
    expect(scoreOutput(tab, output, other, target).isHit).toBe(false)
  })
})
