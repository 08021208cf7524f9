import { describe, expect, it } from 'vitest'
import { seededInput } from '../engine/seeded-input.ts'
import { quantiseBlocks4, quantiseBlocks8, quantiseColumns8, quantiseRows8 } from './quantise.ts'

const ROWS = 3
const COLUMNS = 64
const VALUES = seededInput(ROWS * COLUMNS)

function worstError(restored: (row: number, column: number) => number): number {
  let worst = 0
  for (let i = 0; i < VALUES.length; i++) {
    worst = Math.max(worst, Math.abs(VALUES[i]! - restored(Math.floor(i / COLUMNS), i % COLUMNS)))
  }
  return worst
}

describe('quantisation', () => {
  it('packs 4-bit blocks low nibble first, around 8', () => {
    const values = new Float32Array(32)
    values.set([-8, 7, 1, 0])
    const { weight, scales } = quantiseBlocks4('w', values, 1, 32)
    expect([...scales]).toEqual([1])
    expect([...weight.subarray(0, 3)]).toEqual([0xf0, 0x89, 0x88])
  })

  it('restores 4-bit blocks within half a step of their range', () => {
    const { weight, scales } = quantiseBlocks4('w', VALUES, ROWS, COLUMNS)
    const error = worstError((row, column) => {
      const i = row * COLUMNS + column
      return (((weight[i >> 1]! >> (4 * (i & 1))) & 15) - 8) * scales[Math.floor(i / 32)]!
    })
    // The values fill [-1, 1): steps of an eighth. One end may be clipped where that lowers the squared error.
    expect(error).toBeLessThan(0.14)
    expect(error).toBeGreaterThan(0.05)
  })

  it('restores 8-bit blocks, columns and rows within half a step', () => {
    const blocks = quantiseBlocks8('w', VALUES, ROWS, COLUMNS)
    expect(
      worstError((row, column) => {
        const i = row * COLUMNS + column
        return (blocks.weight[i]! - 128) * blocks.scales[Math.floor(i / 32)]!
      }),
    ).toBeLessThan(0.5 / 127 + 1e-6)
    const columns = quantiseColumns8('w', VALUES, ROWS, COLUMNS)
    const transposed = new Int8Array(columns.weight.buffer)
    expect(worstError((row, column) => transposed[column * ROWS + row]! * columns.scales[row]!)).toBeLessThan(
      0.5 / 127 + 1e-6,
    )
    const rows = quantiseRows8('w', VALUES, ROWS, COLUMNS)
    const kept = new Int8Array(rows.weight.buffer)
    expect(worstError((row, column) => kept[row * COLUMNS + column]! * rows.scales[row]!)).toBeLessThan(
      0.5 / 127 + 1e-6,
    )
  })

  it('keeps zeros exactly', () => {
    const zeros = new Float32Array(32)
    expect(new Set(quantiseBlocks4('w', zeros, 1, 32).weight)).toEqual(new Set([0x88]))
    expect(new Set(quantiseColumns8('w', zeros, 1, 32).weight)).toEqual(new Set([0]))
  })

  it.each([quantiseBlocks4, quantiseBlocks8, quantiseColumns8, quantiseRows8])(
    'refuses NaN and infinity: %o',
    (quantise) => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const values = new Float32Array(32)
        values[5] = bad
        expect(() => quantise('layer.weight', values, 1, 32), String(bad)).toThrow(
          /layer\.weight .* at element 5/,
        )
      }
    },
  )
})
