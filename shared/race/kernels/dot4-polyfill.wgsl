// Prelude of kernels that multiply packed int8, for devices without packed_4x8_integer_dot_product: the same bits by shifts.

/** c + a.x b.x + a.y b.y + a.z b.z + a.w b.w, where a and b pack four int8, the first in the lowest byte. */
fn dot4(a: u32, b: u32, c: i32) -> i32 {
  let shift = vec4<u32>(24u, 16u, 8u, 0u);
  let x = bitcast<vec4<i32>>(vec4<u32>(a) << shift) >> vec4<u32>(24u);
  let y = bitcast<vec4<i32>>(vec4<u32>(b) << shift) >> vec4<u32>(24u);
  let p = x * y;
  return c + p.x + p.y + p.z + p.w;
}
