import { describe, expect, it } from 'vitest'
import { packPanels } from '../kernels/panels.fixture.ts'
import { readHits, readPanelRow } from './read-results.ts'

const words = (...values: number[]): ArrayBuffer => Uint32Array.from(values).buffer
const nonces = Uint32Array.of(70, 50, 90, 20)

describe('readHits', () => {
  it('gives the nonces in the order of the batch, whatever the order in which the device found them', () => {
    expect(readHits(words(3, 3, 0, 2), nonces)).toEqual([70, 90, 20])
  })

  it('leaves out what an earlier batch wrote behind the count', () => {
    expect(readHits(words(1, 2, 0, 3), nonces)).toEqual([90])
    expect(readHits(words(0, 2, 0, 3), nonces)).toEqual([])
  })

  it('tells a buffer that is exactly full from one that more hits did not fit into', () => {
    expect(readHits(words(2, 1, 0), nonces)).toEqual([70, 50])
    expect(readHits(words(3, 1, 0), nonces)).toBeUndefined()
  })
})

describe('readPanelRow', () => {
  it.each([16, 48])('finds every row of a tensor with %i columns', (columns) => {
    const rows = 5
    const values = Int8Array.from({ length: rows * columns }, (_, i) => i - 100)
    const panels = new Int8Array(Int32Array.from(packPanels(values, columns)).buffer)
    for (let row = 0; row < rows; row++) {
      expect(readPanelRow(panels, { row, rows, columns }), `row ${row}`).toEqual(
        values.slice(row * columns, (row + 1) * columns),
      )
    }
  })
})
