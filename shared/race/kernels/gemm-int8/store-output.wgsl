// Ends the last GEMM with outputs (docs/race.md, 5.8): C as [N / 16, M] in panels of 16 int8, so N is a multiple of 16.

@group(0) @binding(3) var<storage, read_write> c: array<u32>;

fn store(row: u32, column: u32, sums: vec4<i32>) {
  let values = sawtooth(sums);
  let symmetric = select(values, vec4<i32>(), values == vec4<i32>(-128));
  c[((column / 16u) * gemm.m + row) * 4u + (column % 16u) / 4u] = pack_int8(symmetric);
}
