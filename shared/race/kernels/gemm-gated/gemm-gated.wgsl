// hidden[m, f] = gate(A[m] . gate[f], A[m] . up[f]): two int8 products and the gate of docs/race.md, 5.6.
//
// Panels of 16 int8 as in gemm-int8: A as [K / 16, rows of A], gate and up as [K / 16, N], hidden as [N / 16, M].
// Workgroup: 16 x 8 threads make 32 rows and 64 columns, 4 x 4 of each product a thread.
// Dispatch: (ceil(columns / 64), ceil(M / 32)). M is a multiple of 4, N of 16.
// Exactness: bitwise. Joined after a dot4 prelude, packing.wgsl and sawtooth.wgsl.

struct GemmGated {
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
  projection_shift: u32,
  product_shift: u32,
}

@group(0) @binding(0) var<uniform> gemm: GemmGated;
@group(0) @binding(1) var<storage, read> a: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> gate: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> up: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> hidden: array<u32>;

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
  var gate0 = vec4<i32>();
  var gate1 = vec4<i32>();
  var gate2 = vec4<i32>();
  var gate3 = vec4<i32>();
  var up0 = vec4<i32>();
  var up1 = vec4<i32>();
  var up2 = vec4<i32>();
  var up3 = vec4<i32>();
  var at_a = gemm.first_row + row;
  var at_b = column;
  for (var panel = 0u; panel < gemm.panels; panel++) {
    let a0 = a[at_a];
    let a1 = a[at_a + 1u];
    let a2 = a[at_a + 2u];
    let a3 = a[at_a + 3u];
    let g0 = gate[at_b];
    let g1 = gate[at_b + 1u];
    let g2 = gate[at_b + 2u];
    let g3 = gate[at_b + 3u];
    gate0 = vec4<i32>(dot16(a0, g0, gate0.x), dot16(a0, g1, gate0.y), dot16(a0, g2, gate0.z), dot16(a0, g3, gate0.w));
    gate1 = vec4<i32>(dot16(a1, g0, gate1.x), dot16(a1, g1, gate1.y), dot16(a1, g2, gate1.z), dot16(a1, g3, gate1.w));
    gate2 = vec4<i32>(dot16(a2, g0, gate2.x), dot16(a2, g1, gate2.y), dot16(a2, g2, gate2.z), dot16(a2, g3, gate2.w));
    gate3 = vec4<i32>(dot16(a3, g0, gate3.x), dot16(a3, g1, gate3.y), dot16(a3, g2, gate3.z), dot16(a3, g3, gate3.w));
    let u0 = up[at_b];
    let u1 = up[at_b + 1u];
    let u2 = up[at_b + 2u];
    let u3 = up[at_b + 3u];
    up0 = vec4<i32>(dot16(a0, u0, up0.x), dot16(a0, u1, up0.y), dot16(a0, u2, up0.z), dot16(a0, u3, up0.w));
    up1 = vec4<i32>(dot16(a1, u0, up1.x), dot16(a1, u1, up1.y), dot16(a1, u2, up1.z), dot16(a1, u3, up1.w));
    up2 = vec4<i32>(dot16(a2, u0, up2.x), dot16(a2, u1, up2.y), dot16(a2, u2, up2.z), dot16(a2, u3, up2.w));
    up3 = vec4<i32>(dot16(a3, u0, up3.x), dot16(a3, u1, up3.y), dot16(a3, u2, up3.z), dot16(a3, u3, up3.w));
    at_a += gemm.rows;
    at_b += gemm.n;
  }
  store(row, column, gate0, up0);
  store(row + 1u, column, gate1, up1);
  store(row + 2u, column, gate2, up2);
  store(row + 3u, column, gate3, up3);
}

fn store(row: u32, column: u32, gate_sums: vec4<i32>, up_sums: vec4<i32>) {
  let product = sawtooth(gate_sums) * requantise(up_sums, gemm.projection_shift);
  let at = ((column / 16u) * gemm.m + row) * 4u + (column % 16u) / 4u;
  hidden[at] = pack_int8(requantise(product, gemm.product_shift));
}
