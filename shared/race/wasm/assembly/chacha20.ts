// The ChaCha20 block function (docs/race.md, section 4): a block's four rows of words in four vectors.

export const DOMAIN_WEIGHTS: i32 = 1
export const DOMAIN_TARGET: i32 = 2
export const DOMAIN_INPUT: i32 = 3
export const DOMAIN_PERMUTATION: i32 = 4

// A function has one result; these are the block's four rows.
export let row0: v128 = i32x4.splat(0)
export let row1: v128 = i32x4.splat(0)
export let row2: v128 = i32x4.splat(0)
export let row3: v128 = i32x4.splat(0)

// @ts-ignore: decorator
@inline
function rotate(value: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(value, bits), i32x4.shr_u(value, 32 - bits))
}

/** Leaves block `block` of the stream (key, domain, index) in row0 to row3. */
export function chacha20(key: usize, domain: i32, index: i32, block: i32): void {
  const start0 = i32x4(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)
  const start1 = v128.load(key)
  const start2 = v128.load(key, 16)
  const start3 = i32x4.replace_lane(
    i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(0), 0, block), 1, index),
    3,
    domain,
  )
  let a = start0
  let b = start1
  let c = start2
  let d = start3
  for (let i = 0; i < 10; i++) {
    // Four quarter rounds at once: first the columns, then, with the rows turned, the diagonals.
    a = i32x4.add(a, b)
    d = rotate(v128.xor(d, a), 16)
    c = i32x4.add(c, d)
    b = rotate(v128.xor(b, c), 12)
    a = i32x4.add(a, b)
    d = rotate(v128.xor(d, a), 8)
    c = i32x4.add(c, d)
    b = rotate(v128.xor(b, c), 7)
    b = v128.shuffle<i32>(b, b, 1, 2, 3, 0)
    c = v128.shuffle<i32>(c, c, 2, 3, 0, 1)
    d = v128.shuffle<i32>(d, d, 3, 0, 1, 2)
    a = i32x4.add(a, b)
    d = rotate(v128.xor(d, a), 16)
    c = i32x4.add(c, d)
    b = rotate(v128.xor(b, c), 12)
    a = i32x4.add(a, b)
    d = rotate(v128.xor(d, a), 8)
    c = i32x4.add(c, d)
    b = rotate(v128.xor(b, c), 7)
    b = v128.shuffle<i32>(b, b, 3, 0, 1, 2)
    c = v128.shuffle<i32>(c, c, 2, 3, 0, 1)
    d = v128.shuffle<i32>(d, d, 1, 2, 3, 0)
  }
  row0 = i32x4.add(a, start0)
  row1 = i32x4.add(b, start1)
  row2 = i32x4.add(c, start2)
  row3 = i32x4.add(d, start3)
}

/** Bytes as int8, with -128 as 0, so that the values are symmetric. */
// @ts-ignore: decorator
@inline
export function symmetric(bytes: v128): v128 {
  return v128.andnot(bytes, i8x16.eq(bytes, i8x16.splat(-128)))
}
