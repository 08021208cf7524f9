import { expect, it } from 'vitest'
import { seededIntegers } from './operators.fixture.ts'
import { clamp, requantise, roundShift } from './requantise.ts'

it('rounds to nearest, halves up, for both signs', () => {
  const values = [-6, -5, -3, -2, -1, 0, 1, 2, 3, 5, 6]
  expect(values.map((value) => roundShift(value, 2))).toEqual([-1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 2])
  expect(values.map((value) => roundShift(value, 0))).toEqual(values)
})

it.each([1, 6, 11, 19])('equals floor(value / 2^%d + 1/2)', (shift) => {
  const next = seededIntegers(shift)
  for (let i = 0; i < 1_000; i++) {
    const value = next(-(2 ** 27), 2 ** 27)
    expect(roundShift(value, shift), `${value}`).toBe(Math.floor(value / 2 ** shift + 0.5))
  }
})

it('saturates at 127 on both sides', () => {
  expect([-1e9, -128, -127, 127, 128, 1e9].map(clamp)).toEqual([-127, -127, -127, 127, 127, 127])
  const edges = Int32Array.of(127 * 2048 + 1023, 127 * 2048 + 1024, -127 * 2048 - 1025, 2 ** 27, -(2 ** 27))
  expect([...requantise(edges, 11)]).toEqual([127, 127, -127, 127, -127])
})
