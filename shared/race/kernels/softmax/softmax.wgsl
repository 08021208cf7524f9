// e[r, j] = 2^W 2^-((max - score[r, j]) / 2^shift), not divided by its sum (docs/race.md, 5.4).
//
// Scores: [rows, N] int32 row-major; e: [rows, N] u32. Workgroup: 64 threads share a row; workgroup memory: 256 bytes.
// Dispatch: (rows). Exactness: bitwise. Joined after softmax-weight.wgsl.

struct Softmax {
  n: u32,
  shift: u32,
  weight_bits: u32,
}

@group(0) @binding(0) var<uniform> softmax: Softmax;
@group(0) @binding(1) var<storage, read> scores: array<i32>;
@group(0) @binding(2) var<storage, read_write> weights: array<u32>;

const THREADS = 64u;

var<workgroup> top_of: array<i32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let first = group.x * softmax.n;
  // A thread beyond the row repeats its first score.
  var top = scores[first];
  for (var j = local.x; j < softmax.n; j += THREADS) {
    top = max(top, scores[first + j]);
  }
  top_of[local.x] = top;
  workgroupBarrier();
  for (var thread = 0u; thread < THREADS; thread++) {
    top = max(top, top_of[thread]);
  }
  for (var j = local.x; j < softmax.n; j += THREADS) {
    // The difference of two i32 fits a u32, whatever the signs.
    let d = bitcast<u32>(top) - bitcast<u32>(scores[first + j]);
    weights[first + j] = softmax_weight(d, softmax.shift, softmax.weight_bits);
  }
}
