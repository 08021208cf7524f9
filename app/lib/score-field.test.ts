import { describe, expect, it } from 'vitest'
import { distanceOf, FIELD_COLUMNS, FIELD_ROWS, heightOf, ScoreField } from './score-field.ts'

const scores = (cosines: number[], fromMs: number, toMs: number, hits: number[] = []) => ({
  cosines: Float32Array.from(cosines),
  hits: Uint8Array.from(cosines, (_, i) => (hits.includes(i) ? 1 : 0)),
  fromMs,
  toMs,
})

describe('the picture of a race', () => {
  it('counts every nonce once, wherever it falls', () => {
    const field = new ScoreField(1_000, 0.1)
    field.add(scores([-1, -0.2, 0, 0.05, 0.12, 1], 0, 600, [4, 5]))
    field.add(scores([0.01], 900, 5_000))
    expect(field.counts.reduce((sum, count) => sum + count, 0)).toBe(7)
    expect(field.nonces).toBe(7)
    expect(field.best).toBe(1)
  })

  it('spreads the nonces of a batch over its time and keeps the last inside of the window', () => {
    const field = new ScoreField(1_000, 0.1)
    field.add(scores([0, 0], 500, 1_000))
    field.add(scores([0], 1_000, 1_200))
    const columns = [...field.counts.entries()].flatMap(([i, count]) =>
      count > 0 ? [i % FIELD_COLUMNS] : [],
    )
    expect(columns).toEqual([0.625 * FIELD_COLUMNS, 0.875 * FIELD_COLUMNS, FIELD_COLUMNS - 1])
  })

  it('puts nearer nonces higher, and no relation at the same height in every class', () => {
    const rows = [-1, -0.05, 0, 0.05, 0.1].map((cosine) => {
      const field = new ScoreField(1_000, 0.1)
      field.add(scores([cosine], 0, 10))
      return Math.floor(field.counts.indexOf(1) / FIELD_COLUMNS)
    })
    expect(rows).toEqual([...rows].sort((a, b) => a - b))
    expect(new Set(rows).size).toBe(5)
    expect(rows[0]).toBe(0)
    expect(heightOf(9)).toBe(1)
    expect(rows.every((row) => row < FIELD_ROWS)).toBe(true)
  })

  it('marks hits with their time and nearness', () => {
    const field = new ScoreField(1_000, 0.125)
    field.add(scores([0, 0.25], 0, 100, [1]))
    expect(field.marks).toEqual([{ time: 0.075, cosine: 0.25 }])
  })

  it('knows no best of nothing', () => {
    expect(new ScoreField(1_000, 0.1).best).toBeNull()
  })
})

it('measures distance as the paper does', () => {
  expect(distanceOf(1)).toBe(0)
  expect(distanceOf(0)).toBeCloseTo(Math.SQRT2)
  expect(distanceOf(-1)).toBe(2)
})
