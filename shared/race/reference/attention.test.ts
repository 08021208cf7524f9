import { describe, expect, it } from 'vitest'
import { attention, type AttentionShape } from './attention.ts'
import { seededBytes } from './operators.fixture.ts'

/** Softmax attention in doubles, base 2, from the equation. */
function exactAttention(q: Int8Array, k: Int8Array, v: Int8Array, shape: AttentionShape): number[] {
  const { heads, keyHeads, headDimension: size } = shape
  const context: number[] = []
  for (let i = 0; i < q.length / (heads * size); i++) {
    const visible =
      shape.firstPosition === undefined ? k.length / (keyHeads * size) : shape.firstPosition + i + 1
    for (let head = 0; head < heads; head++) {
      const group = Math.floor(head / (heads / keyHeads))
      const at = (rows: Int8Array, j: number, e: number): number => rows[(j * keyHeads + group) * size + e]!
      const logits = Array.from({ length: visible }, (_, j) => {
        let dot = 0
        for (let e = 0; e < size; e++) dot += q[(i * heads + head) * size + e]! * at(k, j, e)
        return dot / 2 ** shape.scoreShift
      })
      const largest = Math.max(...logits)
      const weights = logits.map((logit) => 2 ** (logit - largest))
      const total = weights.reduce((a, b) => a + b)
      for (let e = 0; e < size; e++) {
        context.push(weights.reduce((sum, weight, j) => sum + weight * at(v, j, e), 0) / total)
      }
    }
  }
  return context
}

describe('attention', () => {
  it.each([
    { title: 'the Race', queries: 4, length: 4, heads: 16, keyHeads: 16, headDimension: 4, scoreShift: 9 },
    { title: 'one key', queries: 1, length: 1, heads: 2, keyHeads: 2, headDimension: 4, scoreShift: 9 },
    {
      title: 'a long cache',
      queries: 1,
      length: 1_021,
      heads: 2,
      keyHeads: 1,
      headDimension: 64,
      scoreShift: 14,
    },
    {
      title: 'grouped heads',
      queries: 3,
      length: 33,
      heads: 8,
      keyHeads: 2,
      headDimension: 16,
      scoreShift: 13,
    },
    {
      title: 'causal',
      queries: 5,
      length: 12,
      heads: 4,
      keyHeads: 2,
      headDimension: 8,
      scoreShift: 12,
      firstPosition: 7,
    },
  ])('is near the real one: $title', ({ queries, length, ...shape }) => {
    const q = seededBytes(1, queries * shape.heads * shape.headDimension)
    const k = seededBytes(2, length * shape.keyHeads * shape.headDimension)
    const v = seededBytes(3, length * shape.keyHeads * shape.headDimension)
    const exact = exactAttention(q, k, v, shape)
    for (const [i, value] of attention(q, k, v, shape).entries()) {
      // Half a unit of rounding and weights within 7 of 65,536; caches beyond 256 cut weights to fewer bits.
      expect(Math.abs(value - exact[i]!), `value ${i}`).toBeLessThan(length > 256 ? 0.56 : 0.52)
    }
  })

  it('rounds halves away from zero', () => {
    const shape = { heads: 1, keyHeads: 1, headDimension: 1, scoreShift: 9 }
    const q = Int8Array.of(0)
    expect([...attention(q, Int8Array.of(0, 0), Int8Array.of(3, 4), shape)]).toEqual([4])
    expect([...attention(q, Int8Array.of(0, 0), Int8Array.of(-3, -4), shape)]).toEqual([-4])
  })

  it('does not overflow on the longest cache with the largest values', () => {
    const length = 65_536
    const shape = { heads: 1, keyHeads: 1, headDimension: 1, scoreShift: 9 }
    const values = new Int8Array(length).fill(-127)
    expect([...attention(Int8Array.of(127), new Int8Array(length).fill(127), values, shape)]).toEqual([-127])
  })

  it('lets a causal query see nothing later', () => {
    const shape = { heads: 1, keyHeads: 1, headDimension: 4, scoreShift: 9, firstPosition: 1 }
    const [q, k, v] = [seededBytes(1, 8), seededBytes(2, 12), seededBytes(3, 12)]
    const before = attention(q, k, v, shape)
    v.fill(0, 8)
    k.fill(99, 8)
    const after = attention(q, k, v, shape)
    expect([...after.subarray(0, 4)]).toEqual([...before.subarray(0, 4)])
    expect([...after.subarray(4)]).not.toEqual([...before.subarray(4)])
  })
})
