import { describe, expect, it } from 'vitest'
import {
  chiSquareTail,
  chiSquareTwoSided,
  kolmogorovTail,
  normalTail,
  normalTwoSided,
  poissonTwoSided,
  sphereCosineCdf,
} from './distributions.ts'

// Values of scipy.stats 1.17.1: norm.sf, chi2.sf, kstwo.sf, poisson, t.sf.
describe('tail probabilities', () => {
  it.each([
    [0, 0.5],
    [1, 0.15865525393145707],
    [3.0612, 0.0011022589291580919],
    [-2, 0.9772498680518208],
    [6, 9.865876450376946e-10],
  ])('normal above %d is %d', (z, expected) => {
    expect(normalTail(z) / expected).toBeCloseTo(1, 6)
  })

  it.each([
    [3.841458820694124, 1, 0.05],
    [63, 63, 0.47630238],
    [2016, 2016, 0.49581148],
    [130_816, 130_816, 0.49948004],
    [103.442, 63, 0.00100008],
  ])('chi-square above %d with %d degrees is %d', (x, degrees, expected) => {
    expect(chiSquareTail(x, degrees)).toBeCloseTo(expected, 6)
  })

  it('two-sided tests suspect both sides alike', () => {
    expect(normalTwoSided(1.959963984540054)).toBeCloseTo(0.05, 6)
    expect(normalTwoSided(-1.959963984540054)).toBeCloseTo(0.05, 6)
    expect(chiSquareTwoSided(100, 200)).toBeLessThan(1e-9)
    expect(chiSquareTwoSided(320, 200)).toBeLessThan(1e-6)
  })

  it.each([
    [0, 3, 0.09957414],
    [10, 3, 0.002205],
    [100, 100, 1],
    [120, 100, 0.05646],
  ])('a Poisson count of %d with mean %d has p = %d', (count, mean, expected) => {
    expect(poissonTwoSided(count, mean)).toBeCloseTo(expected, 5)
  })

  it.each([
    [0.0136, 10_000, 0.0493],
    [0.01, 10_000, 0.268],
    [0.001, 100, 1],
  ])('a Kolmogorov distance of %d among %d has p = %d', (distance, samples, expected) => {
    expect(kolmogorovTail(distance, samples)).toBeCloseTo(expected, 2)
  })

  it('cosines on the sphere follow Student', () => {
    // t.sf(3.0743746, 511) = 1 / 900 at this cosine; t.sf(3.1893885, 63) = 1 / 900 at the other.
    expect((1 - sphereCosineCdf(0.13476171761099853, 512)) * 900).toBeCloseTo(1, 6)
    expect((1 - sphereCosineCdf(0.37285019068993763, 64)) * 900).toBeCloseTo(1, 6)
    expect(sphereCosineCdf(-0.13476171761099853, 512) * 900).toBeCloseTo(1, 6)
    expect(sphereCosineCdf(0, 64)).toBeCloseTo(0.5, 12)
    expect([sphereCosineCdf(-1, 64), sphereCosineCdf(1, 64)]).toEqual([0, 1])
  })
})
