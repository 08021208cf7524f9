import { expect, it } from 'vitest'
import { merge } from './merge.ts'
import { norm } from './norm.ts'
import { seededNormals } from './operators.fixture.ts'

const CONSTANT = 47_453_133

it('adds the branch with weight two and brings the sum to root mean square 32', () => {
  const stream = norm(seededNormals(1, 512, 1_000), CONSTANT)
  const accumulators = seededNormals(2, 512, 200_000)
  const merged = merge(stream, accumulators, CONSTANT)
  const sum = [...stream].map((value, i) => value + 2 * merged.branch[i]!)
  const length = Math.sqrt(sum.reduce((total, value) => total + value * value, 0) / 512)
  for (const [i, value] of merged.stream.entries()) {
    expect(Math.abs(value - (32 * sum[i]!) / length), `value ${i}`).toBeLessThan(0.6)
  }
  expect([...merged.branch]).toEqual([...norm(accumulators, CONSTANT)])
})

it('leaves a cosine of 1 / sqrt(5) to the stream before, so that every block outweighs what came before it', () => {
  const stream = norm(seededNormals(3, 512, 1_000), CONSTANT)
  const cosines = Array.from({ length: 50 }, (_, i) =>
    cosine(stream, merge(stream, seededNormals(i, 512, 50_000), CONSTANT).stream),
  )
  const mean = cosines.reduce((a, b) => a + b) / cosines.length
  // One cosine deviates by (2 / sqrt(5)) * sqrt(1 / 512) = 0.04 at most; the mean of 50 by 0.006.
  expect(Math.abs(mean - 1 / Math.sqrt(5))).toBeLessThan(0.02)
})

it('passes the stream on, normalised, when a branch is zero', () => {
  const stream = norm(seededNormals(3, 512, 1_000), CONSTANT)
  const merged = merge(stream, new Int32Array(512), CONSTANT)
  expect(new Set(merged.branch)).toEqual(new Set([0]))
  expect([...merged.stream]).toEqual([...norm(Int32Array.from(stream), CONSTANT)])
})

function cosine(a: Int8Array, b: Int8Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, value] of a.entries()) {
    ab += value * b[i]!
    aa += value * value
    bb += b[i]! ** 2
  }
  return ab / Math.sqrt(aa * bb)
}
