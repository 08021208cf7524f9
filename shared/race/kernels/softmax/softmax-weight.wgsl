// 2^-(d / 2^shift) as an unsigned integer with `weight_bits` bits (docs/race.md, 5.4).

fn softmax_weight(d: u32, shift: u32, weight_bits: u32) -> u32 {
  let halvings = d >> shift;
  let fraction = (d & ((1u << shift) - 1u)) << (16u - shift);
  let slope = 45328u - (((15148u - ((2588u * fraction) >> 16u)) * fraction) >> 16u);
  let power = 65536u - ((slope * fraction) >> 16u);
  return power >> min(31u, halvings + 16u - weight_bits);
}
