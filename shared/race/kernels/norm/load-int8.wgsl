// A norm of int8: [N / 16, source rows] in panels of 16.

@group(0) @binding(2) var<storage, read> values: array<u32>;

fn load(row: u32, panel: u32, quad: u32) -> vec4<i32> {
  return unpack_int8(values[(panel * norm.source_rows + norm.source_first + row) * 4u + quad]);
}
