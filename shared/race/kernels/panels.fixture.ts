/** The kernels' layouts, written plainly for tests: rows and columns to words and back. */

/** `[rows][columns]` int8 to panels of 16: `[columns / 16][rows]` of four words. */
export function packPanels(values: Int8Array, columns: number): number[] {
  const rows = values.length / columns
  const bytes = new Int8Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const panel = Math.floor(column / 16)
      bytes[(panel * rows + row) * 16 + (column % 16)] = values[row * columns + column]!
    }
  }
  return [...new Int32Array(bytes.buffer)]
}

/** Panels of 16 back to `[rows][columns]` int8. */
export function unpackPanels(words: readonly number[], columns: number): Int8Array<ArrayBuffer> {
  const bytes = new Int8Array(Int32Array.from(words).buffer)
  const rows = bytes.length / columns
  return Int8Array.from({ length: bytes.length }, (_, i) => {
    const column = i % columns
    return bytes[(Math.floor(column / 16) * rows + Math.floor(i / columns)) * 16 + (column % 16)]!
  })
}

/** `[rows][columns]` int32 to quads: `[columns / 4][rows]` of four words. */
export function packQuads(values: Int32Array, columns: number): number[] {
  const rows = values.length / columns
  const words = new Array<number>(values.length)
  for (let i = 0; i < values.length; i++) words[quadIndex(i, rows, columns)] = values[i]!
  return words
}

/** Quads back to `[rows][columns]` int32. */
export function unpackQuads(words: readonly number[], columns: number): Int32Array<ArrayBuffer> {
  const rows = words.length / columns
  return Int32Array.from(words, (_, i) => words[quadIndex(i, rows, columns)]!)
}

function quadIndex(index: number, rows: number, columns: number): number {
  const row = Math.floor(index / columns)
  const column = index % columns
  return (Math.floor(column / 4) * rows + row) * 4 + (column % 4)
}
