// The top 8 bits of sums times 2^32 / golden ratio, as int8 (docs/race.md, 5.6).

fn sawtooth(sums: vec4<i32>) -> vec4<i32> {
  // The product is meant to wrap.
  return bitcast<vec4<i32>>(bitcast<vec4<u32>>(sums) * vec4<u32>(0x9E3779B1u)) >> vec4<u32>(24u);
}
