// y = 32 a / rms(a), in integers, for each row (docs/race.md, 5.3).
//
// The row is read through `load`, four neighbouring values at a time; y is [N / 16, rows] in panels of 16 int8.
// Workgroup: 32 rows x 8 parts of a row; workgroup memory: 2,048 bytes. Dispatch: (ceil(rows / 32)).
// N is a multiple of 16. Exactness: bitwise; sums of squares stay within 32 bits by the choice of `keep_bits`.
// Joined after packing.wgsl and before a `load`.

struct Norm {
  rows: u32,
  /** N / 16. */
  panels: u32,
  /** B of the specification: bits of a value that is squared. */
  keep_bits: u32,
  /** round(32 sqrt(N) 2^16). */
  norm_constant: u32,
  /** Rows of the tensor that `load` reads, and the first of them that counts. */
  source_rows: u32,
  source_first: u32,
}

@group(0) @binding(0) var<uniform> norm: Norm;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;

/** Moves the rounding of the last step; only a test of the conformance run sets it, to break the kernel. */
override final_rounding: i32 = 32768;

const PARTS = 8u;

var<workgroup> largest_of: array<array<u32, 32>, 8>;
var<workgroup> squares_of: array<array<u32, 32>, 8>;

/** floor(sqrt(value)), digit by digit. */
fn square_root(value: u32) -> u32 {
  var root = 0u;
  var rest = value;
  var bit = 1u << 30u;
  while (bit > rest) {
    bit >>= 2u;
  }
  while (bit != 0u) {
    if (rest >= root + bit) {
      rest -= root + bit;
      root = (root >> 1u) + bit;
    } else {
      root >>= 1u;
    }
    bit >>= 2u;
  }
  return root;
}

@compute @workgroup_size(32, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let row = id.x;
  let is_row = row < norm.rows;
  var largest = 0u;
  if (is_row) {
    for (var panel = local.y; panel < norm.panels; panel += PARTS) {
      for (var quad = 0u; quad < 4u; quad++) {
        let size = vec4<u32>(abs(load(row, panel, quad)));
        largest = max(largest, max(max(size.x, size.y), max(size.z, size.w)));
      }
    }
  }
  largest_of[local.y][local.x] = largest;
  workgroupBarrier();
  for (var part = 0u; part < PARTS; part++) {
    largest = max(largest, largest_of[part][local.x]);
  }
  let shift = u32(max(0, i32(32u - countLeadingZeros(largest)) - i32(norm.keep_bits)));

  var squares = 0u;
  if (is_row) {
    for (var panel = local.y; panel < norm.panels; panel += PARTS) {
      for (var quad = 0u; quad < 4u; quad++) {
        let t = round_shift(load(row, panel, quad), shift);
        let square = vec4<u32>(t * t);
        squares += square.x + square.y + square.z + square.w;
      }
    }
  }
  squares_of[local.y][local.x] = squares;
  workgroupBarrier();
  if (!is_row) {
    return;
  }
  var sum = 0u;
  for (var part = 0u; part < PARTS; part++) {
    sum += squares_of[part][local.x];
  }
  let sigma = square_root(sum);
  var multiplier = 0i;
  if (sigma != 0u) {
    multiplier = i32(norm.norm_constant / sigma);
  }
  for (var panel = local.y; panel < norm.panels; panel += PARTS) {
    var packed = vec4<u32>();
    for (var quad = 0u; quad < 4u; quad++) {
      let t = round_shift(load(row, panel, quad), shift);
      packed[quad] = pack_int8(clamp_int8((t * multiplier + vec4<i32>(final_rounding)) >> vec4<u32>(16u)));
    }
    y[panel * norm.rows + row] = packed;
  }
}
