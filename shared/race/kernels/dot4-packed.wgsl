// Prelude of kernels that multiply packed int8, for devices with the language feature.
requires packed_4x8_integer_dot_product;

/** c + a.x b.x + a.y b.y + a.z b.z + a.w b.w, where a and b pack four int8, the first in the lowest byte. */
fn dot4(a: u32, b: u32, c: i32) -> i32 {
  return c + dot4I8Packed(a, b);
}
