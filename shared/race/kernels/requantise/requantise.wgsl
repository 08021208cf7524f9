// y = clamp(round(sums / 2^shift)) (docs/race.md, 5.2).
//
// Sums: [N / 4, rows] of four neighbouring int32; y: [N / 16, rows] in panels of 16 int8.
// Workgroup: 64 rows. Dispatch: (ceil(rows / 64), N / 16). Exactness: bitwise. Joined after packing.wgsl.

struct Requantise {
  rows: u32,
  shift: u32,
}

@group(0) @binding(0) var<uniform> params: Requantise;
@group(0) @binding(1) var<storage, read> sums: array<vec4<i32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.rows) {
    return;
  }
  var packed = vec4<u32>();
  for (var quad = 0u; quad < 4u; quad++) {
    packed[quad] = pack_int8(requantise(sums[(id.y * 4u + quad) * params.rows + id.x], params.shift));
  }
  y[id.y * params.rows + id.x] = packed;
}
