/**
 * acc[m][n] = sum over k of x[m][k] * w[n][k], exact for `columns` up to 133,144.
 *
 * @param x [rows][columns], within [-127, 127]
 * @param w [outputs][columns], within [-127, 127]
 * @returns [rows][outputs]
 * @see docs/race.md, section 5.1
 */
export function matrixProduct(
  x: Int8Array,
  w: Int8Array,
  shape: { readonly rows: number; readonly outputs: number; readonly columns: number },
): Int32Array<ArrayBuffer> {
  const { rows, outputs, columns } = shape
  const accumulators = new Int32Array(rows * outputs)
  // Outputs outside, rows inside: a row of weights is read from memory once and serves all positions.
  for (let n = 0; n < outputs; n++) {
    for (let m = 0; m < rows; m++) {
      let sum = 0
      for (let k = 0; k < columns; k++) sum = (sum + x[m * columns + k]! * w[n * columns + k]!) | 0
      accumulators[m * outputs + n] = sum
    }
  }
  return accumulators
}
