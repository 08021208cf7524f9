// C[m, n] = sum over k of A[m, k] B[n, k]: int8 x int8 -> int32, for many rows (docs/race.md, 5.1).
//
// Both operands lie in panels of 16 int8 along k, one vec4<u32> each: A as [K / 16, rows of A], B as [K / 16, N].
// Neighbouring threads then read neighbouring words without workgroup memory, which some phones have only as a view of
// the cache and software adapters emulate slowly. The M rows start at `first_row` of A, which may have more.
// Workgroup: 16 x 8 threads make a tile of 32 rows and 64 columns, 4 x 4 sums a thread.
// Dispatch: (ceil(columns / 64), ceil(M / 32)). M and N are multiples of 4.
// Exactness: bitwise; sums are exact while 128^2 K < 2^31, so for K < 131,072.
// Joined with a dot4 prelude before it and a `store` after it, which says what becomes of four neighbouring sums of a row.

struct Gemm {
  m: u32,
  n: u32,
  /** K / 16. */
  panels: u32,
  /** Rows of A. */
  rows: u32,
  first_row: u32,
  /** Columns [first_column, end_column) are made: a slow device makes them in several dispatches. */
  first_column: u32,
  end_column: u32,
  /** For a `store` that requantises. */
  shift: u32,
}

@group(0) @binding(0) var<uniform> gemm: Gemm;
@group(0) @binding(1) var<storage, read> a: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<u32>>;

fn dot16(x: vec4<u32>, y: vec4<u32>, sum: i32) -> i32 {
  return dot4(x.w, y.w, dot4(x.z, y.z, dot4(x.y, y.y, dot4(x.x, y.x, sum))));
}

@compute @workgroup_size(16, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * 4u;
  let column = gemm.first_column + id.x * 4u;
  if (row >= gemm.m || column >= gemm.end_column) {
    return;
  }
  var sums0 = vec4<i32>();
  var sums1 = vec4<i32>();
  var sums2 = vec4<i32>();
  var sums3 = vec4<i32>();
  var at_a = gemm.first_row + row;
  var at_b = column;
  for (var panel = 0u; panel < gemm.panels; panel++) {
    let b0 = b[at_b];
    let b1 = b[at_b + 1u];
    let b2 = b[at_b + 2u];
    let b3 = b[at_b + 3u];
    let a0 = a[at_a];
    let a1 = a[at_a + 1u];
    let a2 = a[at_a + 2u];
    let a3 = a[at_a + 3u];
    sums0 = vec4<i32>(dot16(a0, b0, sums0.x), dot16(a0, b1, sums0.y), dot16(a0, b2, sums0.z), dot16(a0, b3, sums0.w));
    sums1 = vec4<i32>(dot16(a1, b0, sums1.x), dot16(a1, b1, sums1.y), dot16(a1, b2, sums1.z), dot16(a1, b3, sums1.w));
    sums2 = vec4<i32>(dot16(a2, b0, sums2.x), dot16(a2, b1, sums2.y), dot16(a2, b2, sums2.z), dot16(a2, b3, sums2.w));
    sums3 = vec4<i32>(dot16(a3, b0, sums3.x), dot16(a3, b1, sums3.y), dot16(a3, b2, sums3.z), dot16(a3, b3, sums3.w));
    at_a += gemm.rows;
    at_b += gemm.n;
  }
  store(row, column, sums0);
  store(row + 1u, column, sums1);
  store(row + 2u, column, sums2);
  store(row + 3u, column, sums3);
}
