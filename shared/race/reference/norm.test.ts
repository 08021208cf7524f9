import { describe, expect, it } from 'vitest'
import { ceilLog2, integerSquareRoot, norm } from './norm.ts'
import { seededIntegers, seededNormals } from './operators.fixture.ts'

const constantOf = (length: number): number => Math.round(32 * Math.sqrt(length) * 2 ** 16)

/** 32 * value / (root mean square), in doubles. */
function exactNorm(row: Int32Array): number[] {
  const meanSquare = row.reduce((sum, value) => sum + value * value, 0) / row.length
  return [...row].map((value) => (32 * value) / Math.sqrt(meanSquare))
}

describe('the integer square root', () => {
  it('is the floor of the root at every square, beside it, and at the ends', () => {
    for (let root = 1; root < 2 ** 16; root++) {
      const square = root * root
      if (integerSquareRoot(square) !== root) expect.fail(`${square}`)
      if (integerSquareRoot(square - 1) !== root - 1) expect.fail(`${square} - 1`)
    }
    expect(integerSquareRoot(0)).toBe(0)
    expect(integerSquareRoot(2 ** 32 - 1)).toBe(65_535)
  })

  it('holds r^2 <= v < (r + 1)^2 for any u32', () => {
    const next = seededIntegers(1)
    for (let i = 0; i < 5_000; i++) {
      const value = next(0, 2 ** 32 - 1)
      const root = integerSquareRoot(value)
      expect(root * root <= value && value < (root + 1) ** 2, `${value}`).toBe(true)
    }
  })
})

describe('the norm', () => {
  // Half a unit is the last rounding. The rest: t is rounded to B bits, sigma and the multiplier are rounded down.
  it.each([
    { length: 64, deviation: 70 },
    { length: 64, deviation: 40_000 },
    { length: 512, deviation: 71 },
    { length: 512, deviation: 20_000 },
    { length: 512, deviation: 200_000 },
    { length: 512, deviation: 100_000_000 },
    { length: 509, deviation: 3_000 },
    { length: 8_192, deviation: 50_000 },
  ])('is within 0.6 of the real one for $length values of deviation $deviation', ({ length, deviation }) => {
    const row = seededNormals(length + deviation, length, deviation)
    const exact = exactNorm(row)
    const actual = norm(row, constantOf(length))
    // 8,192 values keep 9 bits, so that t itself is coarser: 32 * 0.5 / (2^9 / 3.9).
    const bound = length === 8_192 ? 0.7 : 0.6
    for (const [i, value] of actual.entries()) {
      expect(Math.abs(value - Math.max(-127, Math.min(127, exact[i]!))), `value ${i}`).toBeLessThan(bound)
    }
    const meanSquare = actual.reduce((sum, value) => sum + value * value, 0) / length
    expect(Math.sqrt(meanSquare)).toBeGreaterThan(31.5)
    expect(Math.sqrt(meanSquare)).toBeLessThan(32.5)
  })

  it('does not depend on the scale by more than roundings', () => {
    const row = seededNormals(3, 512, 5_000)
    const once = norm(row, constantOf(512))
    const scaled = norm(
      row.map((value) => value * 4_096),
      constantOf(512),
    )
    expect([...scaled]).toEqual([...once])
  })

  it.each([
    { name: 'zeros', row: new Int32Array(512), expected: 0 },
    { name: 'thousands', row: new Int32Array(512).fill(1_000), expected: 32 },
    { name: 'the largest magnitude', row: new Int32Array(512).fill(2 ** 30 - 1), expected: 32 },
    { name: 'the smallest value', row: new Int32Array(512).fill(-(2 ** 30 - 1)), expected: -32 },
  ])('maps a row of $name to $expected', ({ row, expected }) => {
    expect(new Set(norm(row, constantOf(512)))).toEqual(new Set([expected]))
  })

  it('saturates a row whose energy is in one place', () => {
    const row = new Int32Array(512)
    row[7] = -90_000_000
    expect(norm(row, constantOf(512))[7]).toBe(-127)
    expect(norm(row, constantOf(512)).filter((value) => value !== 0)).toHaveLength(1)
  })

  it('keeps every intermediate within 32 bits for rows of any shape', () => {
    const next = seededIntegers(9)
    for (let i = 0; i < 200; i++) {
      const length = 2 ** next(0, 12) + next(0, 3)
      const magnitude = 2 ** next(0, 30) - 1
      const row = Int32Array.from({ length }, () => (next(0, 1) === 0 ? magnitude : -magnitude))
      // All values have the largest magnitude, so each must come out as plus or minus 32; sigma is rounded down,
      // which small values feel.
      const bound = 1 + 32 / Math.max(1, Math.floor(Math.sqrt(length) * Math.min(magnitude, 2 ** 8)))
      const loose = norm(row, constantOf(length)).filter((value) => Math.abs(Math.abs(value) - 32) > bound)
      expect(magnitude === 0 ? [] : [...loose], `${length} times ${magnitude}`).toEqual([])
    }
  })
})

it('counts the bits above a power of two', () => {
  expect([1, 2, 3, 4, 5, 512, 513].map(ceilLog2)).toEqual([0, 1, 2, 2, 3, 9, 10])
})
