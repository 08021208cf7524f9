import { describe, expect, it } from 'vitest'
import { seededIntegers } from '../reference/operators.fixture.ts'
import { OutputMoments } from './output-moments.ts'

const WIDTH = 32
const COUNT = 20_000

/** Independent coordinates with the law of outputs, passed through `change` as [width]. */
function momentsOf(change: (row: Int8Array, i: number) => void = () => undefined): OutputMoments {
  const next = seededIntegers(1)
  const moments = new OutputMoments(WIDTH)
  for (let i = 0; i < COUNT; i++) {
    const row = Int8Array.from({ length: WIDTH }, () => {
      const value = next(-128, 127)
      return value === -128 ? 0 : value
    })
    change(row, i)
    moments.add(row)
  }
  return moments
}

const pValueOf = (moments: OutputMoments, name: string): number =>
  moments.tests().find((test) => test.name.startsWith(name))!.pValue

describe('moments of outputs', () => {
  it('let independent uniform coordinates pass', () => {
    const moments = momentsOf()
    for (const { name, pValue } of moments.tests()) expect(pValue, name).toBeGreaterThan(0.001)
    expect(moments.fewestValues()).toBe(255)
    expect(moments.valueUnevenness()).toBeLessThan(0.01)
    expect(Math.abs(moments.commonPart())).toBeLessThan(2e-5)
    const { largest, smallest, effectiveDimensions } = moments.spectrum()
    // Marchenko and Pastur: (1 +- sqrt(32 / 20000))^2 is 0.92 to 1.08.
    expect(largest).toBeLessThan(1.09)
    expect(smallest).toBeGreaterThan(0.91)
    expect(effectiveDimensions).toBeGreaterThan(31.9)
  })

  it('see a constant coordinate', () => {
    const moments = momentsOf((row) => (row[5] = 70))
    expect(moments.fewestValues()).toBe(1)
    expect(pValueOf(moments, 'means')).toBeLessThan(1e-6)
    expect(pValueOf(moments, 'variances')).toBeLessThan(1e-6)
    expect(moments.commonPart()).toBeGreaterThan(0.02)
  })

  it('see coordinates that go together, in the tests and in the spectrum', () => {
    const moments = momentsOf((row) => (row[3] = row[9]!))
    expect(pValueOf(moments, 'squared cosines')).toBeLessThan(1e-6)
    const { largest, smallest, effectiveDimensions } = moments.spectrum()
    expect(largest).toBeCloseTo(2, 1)
    expect(smallest).toBeCloseTo(0, 1)
    expect(effectiveDimensions).toBeCloseTo(32 / (1 + 2 / 32), 0)
  })

  it('see values that are missing', () => {
    const moments = momentsOf((row) => row.forEach((value, i) => (row[i] = value & ~1)))
    // Even values come twice as often as they should, odd ones never.
    expect(moments.valueUnevenness()).toBeGreaterThan(0.95)
  })
})
