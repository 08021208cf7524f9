/**
 * The hits of a batch in their order, or undefined if there were more than `bytes` has room for.
 * @param bytes how many nonces hit, then their places in the batch in any order; each a u32
 */
export function readHits(bytes: ArrayBuffer, nonces: Uint32Array): readonly number[] | undefined {
  const [count = 0, ...places] = new Uint32Array(bytes)
  if (count > places.length) return undefined
  return places
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((place) => nonces[place]!)
}

/** One row of a tensor that lies in panels of 16 int8: `[columns / 16][rows][16]`. */
export function readPanelRow(
  panels: Int8Array,
  { row, rows, columns }: { row: number; rows: number; columns: number },
): Int8Array<ArrayBuffer> {
  const values = new Int8Array(columns)
  for (let panel = 0; panel < columns / 16; panel++) {
    const start = (panel * rows + row) * 16
    values.set(panels.subarray(start, start + 16), panel * 16)
  }
  return values
}
