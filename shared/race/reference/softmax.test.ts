import { describe, expect, it } from 'vitest'
import { seededIntegers } from './operators.fixture.ts'
import { powerOfHalf, softmaxWeights } from './softmax.ts'

it('approximates a power of one half within 6 of 65,536 at every fraction', () => {
  let worst = 0
  for (let fraction = 0; fraction < 2 ** 16; fraction++) {
    worst = Math.max(worst, Math.abs(powerOfHalf(fraction) - 65_536 * 2 ** (-fraction / 65_536)))
  }
  expect(worst).toBeLessThan(6)
  expect(worst).toBeGreaterThan(5) // measured: 5.90
  expect(powerOfHalf(0)).toBe(65_536)
})

describe('softmax weights', () => {
  it.each([1, 2, 4, 255, 256, 257, 4_096, 65_536])('of %d scores sum to at most 2^24', (length) => {
    const weights = softmaxWeights(new Int32Array(length).fill(-5), 9)
    const bits = length <= 256 ? 16 : 24 - Math.ceil(Math.log2(length))
    expect(new Set(weights)).toEqual(new Set([2 ** bits]))
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(2 ** 24)
  })

  it.each([1, 8, 9, 16])('follow 2^(-difference / 2^%d)', (scoreShift) => {
    const next = seededIntegers(scoreShift)
    const scores = Int32Array.from({ length: 200 }, () => next(-64_516, 64_516))
    const largest = Math.max(...scores)
    for (const [j, weight] of softmaxWeights(scores, scoreShift).entries()) {
      const exact = 65_536 * 2 ** ((scores[j]! - largest) / 2 ** scoreShift)
      expect(Math.abs(weight - exact), `score ${j}`).toBeLessThan(7)
    }
  })

  it('do not change when all scores move together', () => {
    const scores = Int32Array.of(5, -700, 12_000, 11_999)
    const moved = scores.map((score) => score - 50_000)
    expect([...softmaxWeights(moved, 9)]).toEqual([...softmaxWeights(scores, 9)])
  })

  it('vanish far below the largest, at differences that shift by 31 and more', () => {
    expect([...softmaxWeights(Int32Array.of(0, -17 * 2, -64_000, -129_032), 1)]).toEqual([65_536, 0, 0, 0])
  })
})
