// The ChaCha20 block function of RFC 8439, section 2.3, with the state of docs/race.md, section 4.

struct Stream {
  key_low: vec4<u32>,
  key_high: vec4<u32>,
  domain: u32,
}

fn rotate(value: vec4<u32>, bits: u32) -> vec4<u32> {
  return (value << vec4<u32>(bits)) | (value >> vec4<u32>(32u - bits));
}

/** The 16 words of a block, in four rows. */
fn chacha20(stream: Stream, index: u32, block: u32) -> array<vec4<u32>, 4> {
  let start0 = vec4<u32>(0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u);
  let start3 = vec4<u32>(block, index, 0u, stream.domain);
  var a = start0;
  var b = stream.key_low;
  var c = stream.key_high;
  var d = start3;
  for (var i = 0u; i < 10u; i++) {
    // Four quarter rounds at once: first the columns, then, with the rows turned, the diagonals.
    a += b;
    d = rotate(d ^ a, 16u);
    c += d;
    b = rotate(b ^ c, 12u);
    a += b;
    d = rotate(d ^ a, 8u);
    c += d;
    b = rotate(b ^ c, 7u);
    b = b.yzwx;
    c = c.zwxy;
    d = d.wxyz;
    a += b;
    d = rotate(d ^ a, 16u);
    c += d;
    b = rotate(b ^ c, 12u);
    a += b;
    d = rotate(d ^ a, 8u);
    c += d;
    b = rotate(b ^ c, 7u);
    b = b.wxyz;
    c = c.zwxy;
    d = d.yzwx;
  }
  return array<vec4<u32>, 4>(a + start0, b + stream.key_low, c + stream.key_high, d + start3);
}

/** Bytes as int8, with -128 as 0, so that the values are symmetric. */
fn symmetric_int8(words: vec4<u32>) -> vec4<u32> {
  // A byte is 0x80 if and only if, with its top bit flipped, it is zero.
  let flipped = words ^ vec4<u32>(0x80808080u);
  let other = ((flipped & vec4<u32>(0x7f7f7f7fu)) + vec4<u32>(0x7f7f7f7fu)) | flipped;
  return words ^ (~other & vec4<u32>(0x80808080u));
}
