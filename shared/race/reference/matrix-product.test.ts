import { expect, it } from 'vitest'
import { matrixProduct } from './matrix-product.ts'
import { seededBytes } from './operators.fixture.ts'

it.each([
  { rows: 1, outputs: 1, columns: 1 },
  { rows: 4, outputs: 7, columns: 64 },
  { rows: 3, outputs: 5, columns: 509 },
])('equals sums of big integers for $rows x $columns times $outputs', (shape) => {
  const { rows, outputs, columns } = shape
  const x = seededBytes(1, rows * columns)
  const w = seededBytes(2, outputs * columns)
  const expected: bigint[] = []
  for (let m = 0; m < rows; m++) {
    for (let n = 0; n < outputs; n++) {
      let sum = 0n
      for (let k = 0; k < columns; k++) sum += BigInt(x[m * columns + k]!) * BigInt(w[n * columns + k]!)
      expected.push(sum)
    }
  }
  expect([...matrixProduct(x, w, shape)].map(BigInt)).toEqual(expected)
})

it('holds the largest sum that docs/race.md allows, of either sign', () => {
  const columns = 133_144
  const x = new Int8Array(columns).fill(127)
  const w = new Int8Array(2 * columns).fill(127, 0, columns).fill(-127, columns)
  const largest = columns * 127 ** 2
  expect(largest).toBeLessThan(2 ** 31)
  expect([...matrixProduct(x, w, { rows: 1, outputs: 2, columns })]).toEqual([largest, -largest])
})
