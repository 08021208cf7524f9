// One tensor of weights from its stream (docs/race.md, section 4).
//
// w: [K / 16, N] in panels of 16 int8, where row n of N and column k of K is byte n K + k of the stream.
// A thread makes one block: 64 neighbouring weights of a row, which are four panels. Workgroup: 64 rows.
// Dispatch: (ceil(N / 64), K / 64). Exactness: bitwise. Joined after chacha20.wgsl.

struct Tensor {
  stream: Stream,
  index: u32,
  n: u32,
  /** K / 64. */
  blocks: u32,
}

@group(0) @binding(0) var<uniform> tensor: Tensor;
@group(0) @binding(1) var<storage, read_write> w: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= tensor.n) {
    return;
  }
  var words = chacha20(tensor.stream, tensor.index, row * tensor.blocks + id.y);
  for (var panel = 0u; panel < 4u; panel++) {
    w[(id.y * 4u + panel) * tensor.n + row] = symmetric_int8(words[panel]);
  }
}
