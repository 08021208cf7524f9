// Nothing but packed int8 products on registers: the most that a product kernel could reach on this device.
//
// Each thread does `rounds` times 64 dot4, 256 multiply-accumulates, on eight independent sums. Workgroup: 128 threads.
// Dispatch: any number of workgroups. Joined after a dot4 prelude.

struct Peak {
  rounds: u32,
}

@group(0) @binding(0) var<uniform> peak: Peak;
@group(0) @binding(1) var<storage, read_write> result: array<i32>;

@compute @workgroup_size(128)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  // Both operands depend on the round, so that no product can be moved out of the loop.
  var x = id.x * 0x01010101u + 0x01020304u;
  var y = id.x ^ 0x05060708u;
  var a = vec4<i32>();
  var b = vec4<i32>();
  for (var round = 0u; round < peak.rounds; round++) {
    x += 0x9E3779B1u;
    y ^= x;
    for (var i = 0u; i < 8u; i++) {
      a.x = dot4(x, y, a.x);
      a.y = dot4(y, bitcast<u32>(a.x), a.y);
      a.z = dot4(x, bitcast<u32>(b.w), a.z);
      a.w = dot4(y, bitcast<u32>(b.z), a.w);
      b.x = dot4(x, bitcast<u32>(a.z), b.x);
      b.y = dot4(y, bitcast<u32>(a.w), b.y);
      b.z = dot4(x, bitcast<u32>(b.x), b.z);
      b.w = dot4(y, bitcast<u32>(b.y), b.w);
    }
  }
  let sum = a + b;
  // Read by nobody, but nobody can know that.
  result[id.x] = sum.x + sum.y + sum.z + sum.w;
}
