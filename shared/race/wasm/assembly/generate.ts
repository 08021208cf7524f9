// Weights, target, inputs and permutation keys from their streams (docs/race.md, section 4).
import {
  chacha20,
  DOMAIN_INPUT,
  DOMAIN_PERMUTATION,
  DOMAIN_TARGET,
  DOMAIN_WEIGHTS,
  row0,
  row1,
  row2,
  row3,
  symmetric,
} from './chacha20'

/**
 * Rows [firstRow, firstRow + rowCount) of a tensor [.., columns], both multiples of 8, in the layout of gemm.ts: panels
 * of 8 rows, in a panel pairs of columns: byte (row / 8) * 8 * columns + (column / 2) * 16 + (row % 8) * 2 + column % 2.
 */
export function generateWeights(
  key: usize,
  index: i32,
  columns: i32,
  firstRow: i32,
  rowCount: i32,
  tensor: usize,
): void {
  const blocks = columns >> 6
  for (let row = firstRow, end = firstRow + rowCount; row < end; row++) {
    let at = tensor + <usize>(row >> 3) * (<usize>columns << 3) + (<usize>(row & 7) << 1)
    for (let block = 0; block < blocks; block++) {
      chacha20(key, DOMAIN_WEIGHTS, index, row * blocks + block)
      storePairs(at, symmetric(row0))
      storePairs(at + 128, symmetric(row1))
      storePairs(at + 256, symmetric(row2))
      storePairs(at + 384, symmetric(row3))
      at += 512
    }
  }
}

// @ts-ignore: decorator
@inline
function storePairs(at: usize, bytes: v128): void {
  v128.store_lane<i16>(at, bytes, 0)
  v128.store_lane<i16>(at, bytes, 1, 16)
  v128.store_lane<i16>(at, bytes, 2, 32)
  v128.store_lane<i16>(at, bytes, 3, 48)
  v128.store_lane<i16>(at, bytes, 4, 64)
  v128.store_lane<i16>(at, bytes, 5, 80)
  v128.store_lane<i16>(at, bytes, 6, 96)
  v128.store_lane<i16>(at, bytes, 7, 112)
}

/** The target: `width` int8. */
export function generateTarget(key: usize, width: i32, target: usize): void {
  for (let block = 0; block < width >> 6; block++) {
    chacha20(key, DOMAIN_TARGET, 0, block)
    v128.store(target, symmetric(row0))
    v128.store(target, symmetric(row1), 16)
    v128.store(target, symmetric(row2), 32)
    v128.store(target, symmetric(row3), 48)
    target += 64
  }
}

/** One position of a nonce's raw input, as `width` int32. */
export function generateInput(key: usize, nonce: i32, position: i32, width: i32, row: usize): void {
  const blocks = width >> 6
  for (let block = 0; block < blocks; block++) {
    chacha20(key, DOMAIN_INPUT, nonce, position * blocks + block)
    widen(row, symmetric(row0))
    widen(row + 64, symmetric(row1))
    widen(row + 128, symmetric(row2))
    widen(row + 192, symmetric(row3))
    row += 256
  }
}

// @ts-ignore: decorator
@inline
function widen(at: usize, bytes: v128): void {
  const low = i16x8.extend_low_i8x16_s(bytes)
  const high = i16x8.extend_high_i8x16_s(bytes)
  v128.store(at, i32x4.extend_low_i16x8_s(low))
  v128.store(at, i32x4.extend_high_i16x8_s(low), 16)
  v128.store(at, i32x4.extend_low_i16x8_s(high), 32)
  v128.store(at, i32x4.extend_high_i16x8_s(high), 48)
}

/** The words whose order is a nonce's permutation: `width` u32. */
export function generatePermutation(key: usize, nonce: i32, width: i32, words: usize): void {
  for (let block = 0; block < width >> 4; block++) {
    chacha20(key, DOMAIN_PERMUTATION, nonce, block)
    v128.store(words, row0)
    v128.store(words, row1, 16)
    v128.store(words, row2, 32)
    v128.store(words, row3, 48)
    words += 64
  }
}
