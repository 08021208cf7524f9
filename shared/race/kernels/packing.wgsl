// Four int8 in a word, the first in the lowest byte, and what the Race's operators do to integers (docs/race.md, 1 and 5.2).

fn unpack_int8(word: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
}

/** Packs values within [-128, 127]. */
fn pack_int8(values: vec4<i32>) -> u32 {
  let bytes = (bitcast<vec4<u32>>(values) & vec4<u32>(255u)) << vec4<u32>(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}

fn clamp_int8(values: vec4<i32>) -> vec4<i32> {
  return clamp(values, vec4<i32>(-127), vec4<i32>(127));
}

/** values / 2^shift, rounded to the nearest, halves upwards. */
fn round_shift(values: vec4<i32>, shift: u32) -> vec4<i32> {
  let half = select(0, i32((1u << shift) >> 1u), shift > 0u);
  return (values + vec4<i32>(half)) >> vec4<u32>(shift);
}

fn requantise(sums: vec4<i32>, shift: u32) -> vec4<i32> {
  return clamp_int8(round_shift(sums, shift));
}
