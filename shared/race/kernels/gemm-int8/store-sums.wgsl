// Ends a GEMM with its sums as they are: C as [N / 4, M] of four neighbouring int32 of a row.

@group(0) @binding(3) var<storage, read_write> c: array<vec4<i32>>;

fn store(row: u32, column: u32, sums: vec4<i32>) {
  c[(column / 4u) * gemm.m + row] = sums;
}
