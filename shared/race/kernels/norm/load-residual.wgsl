// A norm of stream + 2 branch (docs/race.md, 5.7): the stream as [N / 16, source rows], the branch as [N / 16, rows], in
// panels of 16 int8.

@group(0) @binding(2) var<storage, read> stream: array<u32>;
@group(0) @binding(3) var<storage, read> branch: array<u32>;

fn load(row: u32, panel: u32, quad: u32) -> vec4<i32> {
  let x = unpack_int8(stream[(panel * norm.source_rows + norm.source_first + row) * 4u + quad]);
  let b = unpack_int8(branch[(panel * norm.rows + row) * 4u + quad]);
  return x + 2 * b;
}
