// context = softmax(Q K^T) V for every head, in integers (docs/race.md, 5.5), over a cache of any length.
//
// Q: [heads H / 16, queries] in panels of 16 int8, context alike; K and V: [key heads H / 16, cache rows]. Query row r
// is position r / sequences of sequence r mod sequences; key j of sequence s lies in row s * sequence_stride +
// j * key_stride of the cache. A query at position i sees min(keys, visible_first + i * visible_step) of them.
// A thread makes four neighbouring values of one row's context, and all scores of their head: cheap for short heads, as
// the Race's of 4; a head of dimension H is scored H / 4 times.
// Workgroup: 32 rows x 4 words. Dispatch: (ceil(queries / 32), width / 16). Exactness: bitwise.
// Joined after a dot4 prelude, packing.wgsl and softmax-weight.wgsl.

struct Attention {
  queries: u32,
  /** Words of a head: its dimension / 4. */
  head_words: u32,
  heads: u32,
  key_heads: u32,
  keys: u32,
  visible_first: u32,
  visible_step: u32,
  sequences: u32,
  sequence_stride: u32,
  key_stride: u32,
  cache_rows: u32,
  score_shift: u32,
}

@group(0) @binding(0) var<uniform> attention: Attention;
@group(0) @binding(1) var<storage, read> q: array<u32>;
@group(0) @binding(2) var<storage, read> k: array<u32>;
@group(0) @binding(3) var<storage, read> v: array<u32>;
@group(0) @binding(4) var<storage, read_write> context: array<u32>;

/** Where word `word` of row `row` lies in a tensor of `rows` rows. */
fn at(word: u32, row: u32, rows: u32) -> u32 {
  return ((word / 4u) * rows + row) * 4u + word % 4u;
}

fn score(query: u32, key: u32, head: u32, key_head: u32) -> i32 {
  var sum = 0;
  for (var word = 0u; word < attention.head_words; word++) {
    let query_word = q[at(head * attention.head_words + word, query, attention.queries)];
    let key_word = k[at(key_head * attention.head_words + word, key, attention.cache_rows)];
    sum = dot4(query_word, key_word, sum);
  }
  return sum;
}

@compute @workgroup_size(32, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let query = id.x;
  let word = id.y;
  if (query >= attention.queries) {
    return;
  }
  let head = word / attention.head_words;
  let key_head = head * attention.key_heads / attention.heads;
  let value_word = key_head * attention.head_words + word % attention.head_words;
  let first_key = (query % attention.sequences) * attention.sequence_stride;
  let position = query / attention.sequences;
  let visible = min(attention.keys, attention.visible_first + position * attention.visible_step);
  // W of the specification; ceil(log2(n)) is the number of bits of n - 1.
  let weight_bits = min(16u, 24u - (32u - countLeadingZeros(visible - 1u)));
  var top = score(query, first_key, head, key_head);
  for (var j = 1u; j < visible; j++) {
    top = max(top, score(query, first_key + j * attention.key_stride, head, key_head));
  }
  var total = 0u;
  var sums = vec4<i32>();
  for (var j = 0u; j < visible; j++) {
    let key = first_key + j * attention.key_stride;
    let below = u32(top - score(query, key, head, key_head));
    let weight = softmax_weight(below, attention.score_shift, weight_bits);
    total += weight;
    sums += i32(weight) * unpack_int8(v[at(value_word, key, attention.cache_rows)]);
  }
  let size = vec4<i32>((vec4<u32>(abs(sums)) + vec4<u32>(total / 2u)) / vec4<u32>(total));
  context[at(word, query, attention.queries)] = pack_int8(select(size, -size, sums < vec4<i32>()));
}
