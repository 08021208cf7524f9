import { ModelError } from './model-error.ts'

/** Elements along K that share one scale in the block encodings. */
export const BLOCK_SIZE = 32

/** A quantised matrix: packed integers and their float32 scales. */
export interface Quantised {
  readonly weight: Uint8Array<ArrayBuffer>
  readonly scales: Float32Array<ArrayBuffer>
}

/**
 * Quantises `[N, K]` to 4 bits in the layout of ONNX Runtime's `MatMulNBits`: weight `[N, K/32, 16]`, low nibble first,
 * scales `[N, K/32]`, value = (nibble - 8) x scale. The scale of a block is the one of 17 candidates near max|w|/8 that
 * leaves the smallest squared error.
 * @throws ModelError `NOT_FINITE`
 */
export function quantiseBlocks4(
  name: string,
  values: Float32Array,
  rows: number,
  columns: number,
): Quantised {
  checkFinite(name, values)
  const blocks = (rows * columns) / BLOCK_SIZE
  const weight = new Uint8Array(blocks * (BLOCK_SIZE / 2))
  const scales = new Float32Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE
    const scale = bestScale4(values, start)
    scales[block] = scale
    for (let i = 0; i < BLOCK_SIZE; i += 2) {
      const low = nibble(values[start + i]!, scale)
      const high = nibble(values[start + i + 1]!, scale)
      weight[block * (BLOCK_SIZE / 2) + i / 2] = low | (high << 4)
    }
  }
  return { weight, scales }
}

/** As {@link quantiseBlocks4} with 8 bits: weight `[N, K/32, 32]`, value = (byte - 128) x scale. */
export function quantiseBlocks8(
  name: string,
  values: Float32Array,
  rows: number,
  columns: number,
): Quantised {
  checkFinite(name, values)
  const blocks = (rows * columns) / BLOCK_SIZE
  const weight = new Uint8Array(rows * columns)
  const scales = new Float32Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const start = block * BLOCK_SIZE
    const scale = Math.fround(maxAbs(values, start, BLOCK_SIZE) / 127)
    scales[block] = scale
    for (let i = start; i < start + BLOCK_SIZE; i++) weight[i] = int8(values[i]!, scale) + 128
  }
  return { weight, scales }
}

/**
 * Quantises `[N, K]` to int8 with one scale per output column, transposed to the `[K, N]` that integer matrix
 * products take. value = int8 x scale[n].
 * @throws ModelError `NOT_FINITE`
 */
export function quantiseColumns8(
  name: string,
  values: Float32Array,
  rows: number,
  columns: number,
): Quantised {
  checkFinite(name, values)
  const weight = new Int8Array(rows * columns)
  const scales = new Float32Array(rows)
  for (let n = 0; n < rows; n++) {
    const scale = Math.fround(maxAbs(values, n * columns, columns) / 127)
    scales[n] = scale
    for (let k = 0; k < columns; k++) weight[k * rows + n] = int8(values[n * columns + k]!, scale)
  }
  return { weight: new Uint8Array(weight.buffer), scales }
}

/** Quantises `[rows, columns]` to int8 with one scale per row, layout kept. For the embedding table. */
export function quantiseRows8(name: string, values: Float32Array, rows: number, columns: number): Quantised {
  checkFinite(name, values)
  const weight = new Int8Array(rows * columns)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const scale = Math.fround(maxAbs(values, row * columns, columns) / 127)
    scales[row] = scale
    for (let i = row * columns; i < (row + 1) * columns; i++) weight[i] = int8(values[i]!, scale)
  }
  return { weight: new Uint8Array(weight.buffer), scales }
}

/** @throws ModelError `NOT_FINITE` naming the tensor */
export function checkFinite(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new ModelError(`Tensor ${name} holds ${values[i]} at element ${i}.`, {
        data: { code: 'NOT_FINITE', tensor: name },
        metaMessages: [
          'Training that diverged or a broken conversion is the usual cause: export the model again.',
        ],
      })
    }
  }
}

function maxAbs(values: Float32Array, start: number, count: number): number {
  let max = 0
  for (let i = start; i < start + count; i++) max = Math.max(max, Math.abs(values[i]!))
  return max
}

function int8(value: number, scale: number): number {
  return scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(value / scale)))
}

function nibble(value: number, scale: number): number {
  return scale === 0 ? 8 : Math.max(0, Math.min(15, Math.round(value / scale) + 8))
}

// The grid -8..7 is lopsided, so the sign of the scale decides which tail gets the extra step: both are tried.
function bestScale4(values: Float32Array, start: number): number {
  const max = maxAbs(values, start, BLOCK_SIZE)
  let best = 0
  let bestError = Infinity
  for (let step = -8; step <= 8; step++) {
    for (const sign of [1, -1]) {
      const scale = Math.fround((sign * max) / (8 + step / 8))
      let error = 0
      for (let i = start; i < start + BLOCK_SIZE; i++) {
        const value = values[i]!
        error += (value - (nibble(value, scale) - 8) * scale) ** 2
      }
      if (error < bestError) {
        bestError = error
        best = scale
      }
    }
  }
  return best
}
