// int8 x int8 -> int32 matrix products (docs/race.md, 5.1).
//
// Activations are int16 (values of int8), row-major. Weights are int8 in panels of 8 rows, and in a panel in pairs of
// columns, so that one i32x4.dot_i16x8_s adds two products to the sums of four outputs and nothing is added across lanes.

/**
 * sums[rows][8] = activations[rows][k] . panel[8][k]; `rows` is rounded up to a multiple of 4 and k is one of 4.
 * Four rows by eight outputs are eight accumulators: with weights and a broadcast they fit 16 vector registers.
 */
export function gemmPanel(activations: usize, panel: usize, rows: i32, k: i32, sums: usize): void {
  const stride = <usize>k << 1
  const end = panel + (<usize>k << 3)
  for (let row = 0; row < rows; row += 4) {
    let a0 = activations
    let a1 = a0 + stride
    let a2 = a1 + stride
    let a3 = a2 + stride
    activations = a3 + stride
    let s00 = i32x4.splat(0)
    let s01 = i32x4.splat(0)
    let s10 = i32x4.splat(0)
    let s11 = i32x4.splat(0)
    let s20 = i32x4.splat(0)
    let s21 = i32x4.splat(0)
    let s30 = i32x4.splat(0)
    let s31 = i32x4.splat(0)
    for (let w = panel; w < end; w += 32) {
      let w0 = v128.load_ext<i8>(w)
      let w1 = v128.load_ext<i8>(w, 8)
      let a = v128.load_splat<i32>(a0)
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(a, w0))
      s01 = i32x4.add(s01, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a1)
      s10 = i32x4.add(s10, i32x4.dot_i16x8_s(a, w0))
      s11 = i32x4.add(s11, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a2)
      s20 = i32x4.add(s20, i32x4.dot_i16x8_s(a, w0))
      s21 = i32x4.add(s21, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a3)
      s30 = i32x4.add(s30, i32x4.dot_i16x8_s(a, w0))
      s31 = i32x4.add(s31, i32x4.dot_i16x8_s(a, w1))
      w0 = v128.load_ext<i8>(w, 16)
      w1 = v128.load_ext<i8>(w, 24)
      a = v128.load_splat<i32>(a0, 4)
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(a, w0))
      s01 = i32x4.add(s01, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a1, 4)
      s10 = i32x4.add(s10, i32x4.dot_i16x8_s(a, w0))
      s11 = i32x4.add(s11, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a2, 4)
      s20 = i32x4.add(s20, i32x4.dot_i16x8_s(a, w0))
      s21 = i32x4.add(s21, i32x4.dot_i16x8_s(a, w1))
      a = v128.load_splat<i32>(a3, 4)
      s30 = i32x4.add(s30, i32x4.dot_i16x8_s(a, w0))
      s31 = i32x4.add(s31, i32x4.dot_i16x8_s(a, w1))
      a0 += 8
      a1 += 8
      a2 += 8
      a3 += 8
    }
    v128.store(sums, s00)
    v128.store(sums, s01, 16)
    v128.store(sums, s10, 32)
    v128.store(sums, s11, 48)
    v128.store(sums, s20, 64)
    v128.store(sums, s21, 80)
    v128.store(sums, s30, 96)
    v128.store(sums, s31, 112)
    sums += 128
  }
}

/**
 * Does nothing but what the inner loop of a product is made of, on registers: the peak that a product is compared with.
 * An iteration has 12 * 8 multiply-accumulates.
 */
export function measurePeak(iterations: i32): i32 {
  let s0 = i32x4.splat(0)
  let s1 = i32x4.splat(1)
  let s2 = i32x4.splat(2)
  let s3 = i32x4.splat(3)
  let s4 = i32x4.splat(4)
  let s5 = i32x4.splat(5)
  let s6 = i32x4.splat(6)
  let s7 = i32x4.splat(7)
  let s8 = i32x4.splat(8)
  let s9 = i32x4.splat(9)
  let sa = i32x4.splat(10)
  let sb = i32x4.splat(11)
  let x = i16x8.splat(3)
  const step = i16x8.splat(1)
  for (let i = 0; i < iterations; i++) {
    // A product that no iteration changes would be taken out of the loop.
    x = i16x8.add(x, step)
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(x, s0))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(x, s1))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(x, s2))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(x, s3))
    s4 = i32x4.add(s4, i32x4.dot_i16x8_s(x, s4))
    s5 = i32x4.add(s5, i32x4.dot_i16x8_s(x, s5))
    s6 = i32x4.add(s6, i32x4.dot_i16x8_s(x, s6))
    s7 = i32x4.add(s7, i32x4.dot_i16x8_s(x, s7))
    s8 = i32x4.add(s8, i32x4.dot_i16x8_s(x, s8))
    s9 = i32x4.add(s9, i32x4.dot_i16x8_s(x, s9))
    sa = i32x4.add(sa, i32x4.dot_i16x8_s(x, sa))
    sb = i32x4.add(sb, i32x4.dot_i16x8_s(x, sb))
  }
  const low = v128.xor(v128.xor(v128.xor(s0, s1), v128.xor(s2, s3)), v128.xor(v128.xor(s4, s5), v128.xor(s6, s7)))
  const all = v128.xor(low, v128.xor(v128.xor(s8, s9), v128.xor(sa, sb)))
  return i32x4.extract_lane(all, 0)
}
