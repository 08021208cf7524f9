// What stands between the matrix products (docs/race.md, 5.2 to 5.8). Activations are int16 with values of int8.

// @ts-ignore: decorator
@inline
function requantiseVector(sums: v128, half: v128, shift: i32): v128 {
  const shifted = i32x4.shr_s(i32x4.add(sums, half), shift)
  return i32x4.max_s(i32x4.min_s(shifted, i32x4.splat(127)), i32x4.splat(-127))
}

// @ts-ignore: decorator
@inline
function halfOf(shift: i32): i32 {
  return shift > 0 ? 1 << (shift - 1) : 0
}

/** output[rows][8 of stride] = requantise(sums[rows][8], shift). */
export function requantisePanel(sums: usize, rows: i32, shift: i32, output: usize, strideBytes: usize): void {
  const half = i32x4.splat(halfOf(shift))
  for (let row = 0; row < rows; row++) {
    const low = requantiseVector(v128.load(sums), half, shift)
    const high = requantiseVector(v128.load(sums, 16), half, shift)
    v128.store(output, i16x8.narrow_i32x4_s(low, high))
    sums += 32
    output += strideBytes
  }
}

/** hidden[rows][8 of stride] = gate(gate[rows][8], up[rows][8]). */
export function gatePanel(
  gate: usize,
  up: usize,
  rows: i32,
  projectionShift: i32,
  productShift: i32,
  hidden: usize,
  strideBytes: usize,
): void {
  const half = i32x4.splat(halfOf(projectionShift))
  const productHalf = i32x4.splat(halfOf(productShift))
  for (let row = 0; row < rows; row++) {
    const a0 = sawtooth(v128.load(gate))
    const a1 = sawtooth(v128.load(gate, 16))
    const b0 = requantiseVector(v128.load(up), half, projectionShift)
    const b1 = requantiseVector(v128.load(up, 16), half, projectionShift)
    const low = requantiseVector(i32x4.mul(a0, b0), productHalf, productShift)
    const high = requantiseVector(i32x4.mul(a1, b1), productHalf, productShift)
    v128.store(hidden, i16x8.narrow_i32x4_s(low, high))
    gate += 32
    up += 32
    hidden += strideBytes
  }
}

/** output[rows][8 of stride] = sawtooth(sums[rows][8]), -128 as 0. */
export function outputPanel(sums: usize, rows: i32, output: usize, strideBytes: usize): void {
  for (let row = 0; row < rows; row++) {
    const values = i16x8.narrow_i32x4_s(sawtooth(v128.load(sums)), sawtooth(v128.load(sums, 16)))
    v128.store(output, v128.andnot(values, i16x8.eq(values, i16x8.splat(-128))))
    sums += 32
    output += strideBytes
  }
}

/** The top 8 bits of sums times 2^32 / golden ratio; the product is meant to wrap. */
// @ts-ignore: decorator
@inline
function sawtooth(sums: v128): v128 {
  return i32x4.shr_s(i32x4.mul(sums, i32x4.splat(<i32>0x9e3779b1)), 24)
}

// @ts-ignore: decorator
@inline
function bitsOf(value: u32): i32 {
  return 32 - <i32>clz(value)
}

/** floor(sqrt(value)), digit by digit. */
function squareRoot(value: u32): u32 {
  let root: u32 = 0
  let rest = value
  let bit: u32 = 1 << 30
  while (bit > rest) bit >>= 2
  while (bit != 0) {
    if (rest >= root + bit) {
      rest -= root + bit
      root = (root >> 1) + bit
    } else {
      root >>= 1
    }
    bit >>= 2
  }
  return root
}

/** output[n] int16 = norm(values[n] int32); n is a multiple of 8. */
export function normRow(values: usize, n: i32, normConstant: u32, output: usize): void {
  const end = values + (<usize>n << 2)
  let largest = i32x4.splat(0)
  for (let at = values; at < end; at += 16) largest = i32x4.max_s(largest, i32x4.abs(v128.load(at)))
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1))
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2))
  // B of the specification; ceil(log2(n)) is the number of bits of n - 1.
  const keepBits = (31 - bitsOf(n - 1)) >> 1
  const shift = max(0, bitsOf(i32x4.extract_lane(largest, 0)) - keepBits)
  const half = i32x4.splat(halfOf(shift))

  let squares = i32x4.splat(0)
  for (let at = values; at < end; at += 16) {
    const t = i32x4.shr_s(i32x4.add(v128.load(at), half), shift)
    squares = i32x4.add(squares, i32x4.mul(t, t))
  }
  squares = i32x4.add(squares, v128.shuffle<i32>(squares, squares, 2, 3, 0, 1))
  squares = i32x4.add(squares, v128.shuffle<i32>(squares, squares, 1, 0, 3, 2))
  const sigma = squareRoot(i32x4.extract_lane(squares, 0))
  const multiplier = i32x4.splat(sigma == 0 ? 0 : normConstant / sigma)
  const rounding = i32x4.splat(1 << 15)
  for (let at = values; at < end; at += 32) {
    const t0 = i32x4.shr_s(i32x4.add(v128.load(at), half), shift)
    const t1 = i32x4.shr_s(i32x4.add(v128.load(at, 16), half), shift)
    const low = requantiseVector(i32x4.mul(t0, multiplier), rounding, 16)
    const high = requantiseVector(i32x4.mul(t1, multiplier), rounding, 16)
    v128.store(output, i16x8.narrow_i32x4_s(low, high))
    output += 16
  }
}

/** branch = norm(sums), output = norm(stream + 2 branch); `sums` is overwritten. */
export function mergeRow(
  stream: usize,
  sums: usize,
  n: i32,
  normConstant: u32,
  branch: usize,
  output: usize,
): void {
  normRow(sums, n, normConstant, branch)
  for (let i = 0; i < n; i += 8) {
    const bytes = <usize>i << 1
    const b = v128.load(branch + bytes)
    const sum = i16x8.add(v128.load(stream + bytes), i16x8.add(b, b))
    v128.store(sums + (bytes << 1), i32x4.extend_low_i16x8_s(sum))
    v128.store(sums + (bytes << 1), i32x4.extend_high_i16x8_s(sum), 16)
  }
  normRow(sums, n, normConstant, output)
}

/** The four softmax weights 2^16 2^-(d / 2^shift), of differences `d` to the largest score. */
// @ts-ignore: decorator
@inline
function softmaxWeights(d: v128, shift: i32): v128 {
  const one = i32x4.splat(65_536)
  let halvings = i32x4.min_u(i32x4.shr_u(d, shift), i32x4.splat(31))
  const fraction = i32x4.shl(v128.and(d, i32x4.splat((1 << shift) - 1)), 16 - shift)
  let t = i32x4.sub(i32x4.splat(15_148), i32x4.shr_u(i32x4.mul(fraction, i32x4.splat(2_588)), 16))
  t = i32x4.sub(i32x4.splat(45_328), i32x4.shr_u(i32x4.mul(t, fraction), 16))
  let power = i32x4.sub(one, i32x4.shr_u(i32x4.mul(t, fraction), 16))
  // A shift of each lane by its own amount, which WebAssembly lacks: one bit of the amount after the other.
  power = v128.bitselect(i32x4.shr_u(power, 16), power, maskOfBit(halvings, 4))
  power = v128.bitselect(i32x4.shr_u(power, 8), power, maskOfBit(halvings, 3))
  power = v128.bitselect(i32x4.shr_u(power, 4), power, maskOfBit(halvings, 2))
  power = v128.bitselect(i32x4.shr_u(power, 2), power, maskOfBit(halvings, 1))
  return v128.bitselect(i32x4.shr_u(power, 1), power, maskOfBit(halvings, 0))
}

// @ts-ignore: decorator
@inline
function maskOfBit(values: v128, bit: i32): v128 {
  return i32x4.shr_s(i32x4.shl(values, 31 - bit), 31)
}

/**
 * Attention of one nonce: heads of dimension 4 over four positions, whose rows lie `keyStride` bytes apart; so do the
 * `queries` rows of `q` and `context`, which are the last positions. Everything about a head fits vector registers.
 */
export function attendNonce(
  q: usize,
  k: usize,
  v: usize,
  context: usize,
  queries: i32,
  width: i32,
  keyStride: usize,
  scoreShift: i32,
): void {
  const rowBytes = <usize>width << 1
  for (let head: usize = 0; head < rowBytes; head += 8) {
    // Four keys of four int16 each, regrouped: dimensions 0 and 1 of all keys, then 2 and 3.
    const k01 = v128.load64_lane(k + head + keyStride, v128.load64_zero(k + head), 1)
    const k23 = v128.load64_lane(
      k + head + 3 * keyStride,
      v128.load64_zero(k + head + 2 * keyStride),
      1,
    )
    const keysLow = v128.shuffle<i32>(k01, k23, 0, 2, 4, 6)
    const keysHigh = v128.shuffle<i32>(k01, k23, 1, 3, 5, 7)
    const v0 = v128.load_ext<i16>(v + head)
    const v1 = v128.load_ext<i16>(v + head + keyStride)
    const v2 = v128.load_ext<i16>(v + head + 2 * keyStride)
    const v3 = v128.load_ext<i16>(v + head + 3 * keyStride)
    for (let query = 0; query < queries; query++) {
      const at = <usize>query * keyStride + head
      const scores = i32x4.add(
        i32x4.dot_i16x8_s(v128.load_splat<i32>(q + at), keysLow),
        i32x4.dot_i16x8_s(v128.load_splat<i32>(q + at, 4), keysHigh),
      )
      let top = i32x4.max_s(scores, v128.shuffle<i32>(scores, scores, 2, 3, 0, 1))
      top = i32x4.max_s(top, v128.shuffle<i32>(top, top, 1, 0, 3, 2))
      const weights = softmaxWeights(i32x4.sub(top, scores), scoreShift)
      let total = i32x4.add(weights, v128.shuffle<i32>(weights, weights, 2, 3, 0, 1))
      total = i32x4.add(total, v128.shuffle<i32>(total, total, 1, 0, 3, 2))
      let sum = i32x4.mul(v128.shuffle<i32>(weights, weights, 0, 0, 0, 0), v0)
      sum = i32x4.add(sum, i32x4.mul(v128.shuffle<i32>(weights, weights, 1, 1, 1, 1), v1))
      sum = i32x4.add(sum, i32x4.mul(v128.shuffle<i32>(weights, weights, 2, 2, 2, 2), v2))
      sum = i32x4.add(sum, i32x4.mul(v128.shuffle<i32>(weights, weights, 3, 3, 3, 3), v3))
      const dividend = i32x4.add(i32x4.abs(sum), i32x4.shr_u(total, 1))
      // Exact: quotients of 31 by 24 bits differ from a whole number by 2^-24 or not at all, far above the
      // rounding of a float64 of this size.
      const divisor = f64x2.convert_low_i32x4_u(total)
      const high = v128.shuffle<i32>(dividend, dividend, 2, 3, 2, 3)
      const size = v128.shuffle<i32>(
        i32x4.trunc_sat_f64x2_u_zero(f64x2.div(f64x2.convert_low_i32x4_u(dividend), divisor)),
        i32x4.trunc_sat_f64x2_u_zero(f64x2.div(f64x2.convert_low_i32x4_u(high), divisor)),
        0,
        1,
        4,
        5,
      )
      const sign = i32x4.shr_s(sum, 31)
      const signed = i32x4.sub(v128.xor(size, sign), sign)
      v128.store64_lane(context + at, i16x8.narrow_i32x4_s(signed, signed), 0)
    }
  }
}
