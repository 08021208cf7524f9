import { expect, it } from 'vitest'
import { seededIntegers } from './operators.fixture.ts'
import { outputVector } from './output.ts'

it('equals its definition in big integers', () => {
  const next = seededIntegers(6)
  const accumulators = Int32Array.from({ length: 4_096 }, () => next(-132_128_768, 132_128_768))
  const expected = [...accumulators].map((accumulator) => {
    const product = BigInt.asUintN(32, BigInt(accumulator) * 0x9e37_79b1n)
    const top = Number(BigInt.asIntN(8, product >> 24n))
    return top === -128 ? 0 : top
  })
  expect([...outputVector(accumulators)]).toEqual(expected)
  expect(new Set(expected).size).toBe(255)
})

it('spreads neighbouring accumulators evenly over its range, with mean zero', () => {
  const values = outputVector(Int32Array.from({ length: 65_536 }, (_, i) => 200_000 + i))
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  // Multiples of the golden ratio are spread so evenly that 256 are expected in each place, give or take a few.
  for (const [value, count] of counts) {
    expect(Math.abs(count - (value === 0 ? 512 : 256)), `value ${value}`).toBeLessThan(8)
  }
  expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length)).toBeLessThan(0.1)
})
