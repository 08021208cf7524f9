// A norm of int32 sums: [N / 4, source rows] of four neighbouring values.

@group(0) @binding(2) var<storage, read> sums: array<vec4<i32>>;

fn load(row: u32, panel: u32, quad: u32) -> vec4<i32> {
  return sums[(panel * 4u + quad) * norm.source_rows + norm.source_first + row];
}
