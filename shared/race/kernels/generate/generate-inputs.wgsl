// The inputs of a batch of nonces (docs/race.md, section 4), before their norm.
//
// x: [D / 16, S * batch] in panels of 16 int8; row p * batch + i is position p of nonce i, where p D + d is the byte.
// A thread makes one block: 64 values of one position. Workgroup: 64 nonces.
// Dispatch: (ceil(batch / 64), S D / 64). Exactness: bitwise. Joined after chacha20.wgsl.

struct Inputs {
  stream: Stream,
  batch: u32,
  /** D / 64: blocks of one position. */
  blocks: u32,
  positions: u32,
}

@group(0) @binding(0) var<uniform> inputs: Inputs;
@group(0) @binding(1) var<storage, read> nonces: array<u32>;
@group(0) @binding(2) var<storage, read_write> x: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= inputs.batch) {
    return;
  }
  var words = chacha20(inputs.stream, nonces[id.x], id.y);
  let row = (id.y / inputs.blocks) * inputs.batch + id.x;
  let first_panel = (id.y % inputs.blocks) * 4u;
  for (var panel = 0u; panel < 4u; panel++) {
    x[(first_panel + panel) * inputs.positions * inputs.batch + row] = symmetric_int8(words[panel]);
  }
}
