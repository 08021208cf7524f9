// c[n] = sum over k of a[k] B[n, k]: int8 x int8 -> int32, for one row.
//
// Operands lie in panels of 16 int8 along k, one vec4<u32> each: a as [K / 16], B as [K / 16, N].
// Workgroup: 64 columns x 4 parts of the sum; workgroup memory: 1,024 bytes.
// Dispatch: (ceil(N / 64)). N is a multiple of 4, so that matrices of gemm-int8 serve both kernels.
// Exactness: bitwise, as gemm-int8. Needs a dot4 prelude.

struct Gemv {
  n: u32,
  /** K / 16. */
  panels: u32,
}

@group(0) @binding(0) var<uniform> gemv: Gemv;
@group(0) @binding(1) var<storage, read> a: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> c: array<i32>;

var<workgroup> parts: array<array<i32, 64>, 4>;

@compute @workgroup_size(64, 4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let column = group.x * 64u + local.x;
  var sum = 0;
  if (column < gemv.n) {
    for (var panel = local.y; panel < gemv.panels; panel += 4u) {
      let x = a[panel];
      let y = b[panel * gemv.n + column];
      sum = dot4(x.w, y.w, dot4(x.z, y.z, dot4(x.y, y.y, dot4(x.x, y.x, sum))));
    }
  }
  parts[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y == 0u && column < gemv.n) {
    c[column] = parts[0][local.x] + parts[1][local.x] + parts[2][local.x] + parts[3][local.x];
  }
}
