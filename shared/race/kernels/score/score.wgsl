// Permutes the target for each nonce, compares it with the output vector and collects the hits (docs/race.md, section 7).
//
// o: [D / 16, batch] in panels of 16 int8; target: [D] int8, four to a word; scores: [batch] of (dot, |o|^2).
// hits: [0] is their number, the places in the batch follow, in no order. Only they have to be read back.
// A workgroup of 64 threads scores one nonce; workgroup memory: 2,816 bytes. D <= 512, a power of two, at least 64.
// Dispatch: (batch). Exactness: bitwise. Joined after chacha20.wgsl.

struct Score {
  stream: Stream,
  width: u32,
  /** Nonces of the batch, and how many of them count. */
  batch: u32,
  count: u32,
  hit_numerator: u32,
}

@group(0) @binding(0) var<uniform> score: Score;
@group(0) @binding(1) var<storage, read> nonces: array<u32>;
@group(0) @binding(2) var<storage, read> output: array<u32>;
@group(0) @binding(3) var<storage, read> goal: array<u32>;
@group(0) @binding(4) var<storage, read_write> scores: array<vec2<i32>>;
@group(0) @binding(5) var<storage, read_write> hits: array<atomic<u32>>;

const THREADS = 64u;

var<workgroup> keys: array<u32, 512>;
var<workgroup> dots: array<i32, 64>;
var<workgroup> squares: array<i32, 64>;
var<workgroup> goal_squares: array<i32, 64>;

/** a * b as (low, high). */
fn multiply(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let mid0 = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let mid1 = (a & 0xffffu) * (b >> 16u) + (mid0 & 0xffffu);
  return vec2<u32>((mid1 << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (mid0 >> 16u) + (mid1 >> 16u));
}

/** dot > 0 and dot^2 2^16 >= numerator |o|^2 |target|^2, all below 2^63. */
fn is_hit(dot: i32, output_squared: u32, goal_squared: u32) -> bool {
  if (dot <= 0) {
    return false;
  }
  let square = multiply(u32(dot), u32(dot));
  let left = vec2<u32>(square.x << 16u, (square.y << 16u) | (square.x >> 16u));
  let norms = multiply(output_squared, goal_squared);
  let low = multiply(norms.x, score.hit_numerator);
  let right = vec2<u32>(low.x, low.y + norms.y * score.hit_numerator);
  return left.y > right.y || (left.y == right.y && left.x >= right.x);
}

fn goal_at(index: u32) -> i32 {
  return extractBits(bitcast<i32>(goal[index / 4u]), (index % 4u) * 8u, 8u);
}

fn output_at(index: u32, nonce: u32) -> i32 {
  let word = output[((index / 16u) * score.batch + nonce) * 4u + (index % 16u) / 4u];
  return extractBits(bitcast<i32>(word), (index % 4u) * 8u, 8u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let nonce = group.x;
  let thread = local.x;
  if (thread < score.width / 16u) {
    var words = chacha20(score.stream, nonces[nonce], thread);
    for (var i = 0u; i < 16u; i++) {
      let index = thread * 16u + i;
      keys[index] = (words[i / 4u][i % 4u] & ~(score.width - 1u)) | index;
    }
  }
  workgroupBarrier();
  var dot = 0;
  var square = 0;
  var goal_square = 0;
  for (var index = thread; index < score.width; index += THREADS) {
    let key = keys[index];
    var rank = 0u;
    for (var other = 0u; other < score.width; other++) {
      rank += select(0u, 1u, keys[other] < key);
    }
    let value = output_at(index, nonce);
    let wanted = goal_at(rank);
    dot += value * wanted;
    square += value * value;
    goal_square += wanted * wanted;
  }
  dots[thread] = dot;
  squares[thread] = square;
  goal_squares[thread] = goal_square;
  workgroupBarrier();
  if (thread != 0u) {
    return;
  }
  for (var other = 1u; other < THREADS; other++) {
    dot += dots[other];
    square += squares[other];
    goal_square += goal_squares[other];
  }
  scores[nonce] = vec2<i32>(dot, square);
  if (nonce < score.count && is_hit(dot, u32(square), u32(goal_square))) {
    atomicStore(&hits[1u + atomicAdd(&hits[0], 1u)], nonce);
  }
}
