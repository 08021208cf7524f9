import { expect, it } from 'vitest'
import { applyGate } from './gate.ts'
import { seededIntegers } from './operators.fixture.ts'

const shifts = { projectionShift: 11, productShift: 6 }

/** The definition in big integers. */
function exactGate(gate: number, up: number): number {
  const product = BigInt.asUintN(32, BigInt(gate) * 0x9e37_79b1n)
  const sawtooth = Number(BigInt.asIntN(8, product >> 24n))
  const limit = (value: number): number => Math.max(-127, Math.min(127, value))
  return limit(Math.floor((sawtooth * limit(Math.floor(up / 2_048 + 0.5))) / 64 + 0.5))
}

it('equals its definition in big integers', () => {
  const next = seededIntegers(4)
  const gate = Int32Array.from({ length: 4_000 }, () => next(-8_258_048, 8_258_048))
  const up = Int32Array.from({ length: 4_000 }, () => next(-300_000, 300_000))
  const expected = [...gate].map((value, i) => exactGate(value, up[i]!))
  expect([...applyGate(gate, up, shifts)]).toEqual(expected)
  expect(new Set(expected).size).toBe(255)
})

it('forgets its value when an accumulator is wrong by one', () => {
  const next = seededIntegers(5)
  const gate = Int32Array.from({ length: 8_192 }, () => next(-100_000, 100_000))
  const up = new Int32Array(8_192).fill(64 * 2_048)
  const right = applyGate(gate, up, shifts)
  const wrong = applyGate(
    gate.map((value) => value + 1),
    up,
    shifts,
  )
  const near = right.filter((value, i) => Math.abs(value - wrong[i]!) <= 8)
  expect(near).toHaveLength(0)
})

it('has no mean: positive and negative accumulators balance', () => {
  const gate = Int32Array.from({ length: 65_536 }, (_, i) => i - 32_768)
  const values = applyGate(gate, new Int32Array(65_536).fill(64 * 2_048), shifts)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  // The sawtooth runs from -128 to 127, so its mean is -1/2; its deviation is 73.9.
  expect(Math.abs(mean + 0.5)).toBeLessThan(0.1)
})
