// Permutation, scalar product and hit test (docs/race.md, section 7).
import { generatePermutation } from './generate'

/**
 * Scores one nonce: writes dot, |output|^2 and 1 for a hit, else 0, as three int32. `words` is scratch of `width` words.
 */
export function scoreNonce(
  key: usize,
  nonce: i32,
  width: i32,
  output: usize,
  target: usize,
  hitNumerator: i32,
  words: usize,
  result: usize,
): void {
  generatePermutation(key, nonce, width, words)
  const end = words + (<usize>width << 2)
  const indexMask = width - 1
  for (let i = 0; i < width; i++) {
    const at = words + (<usize>i << 2)
    store<i32>(at, (load<i32>(at) & ~indexMask) | i)
  }
  let dot = 0
  let squared = 0
  let targetSquared = 0
  for (let i = 0; i < width; i++) {
    // The rank is counted: no branches, and a few per cent of the smallest class's work.
    const own = v128.load_splat<i32>(words + (<usize>i << 2))
    let smaller = i32x4.splat(0)
    for (let at = words; at < end; at += 16) smaller = i32x4.sub(smaller, i32x4.lt_u(v128.load(at), own))
    smaller = i32x4.add(smaller, v128.shuffle<i32>(smaller, smaller, 2, 3, 0, 1))
    smaller = i32x4.add(smaller, v128.shuffle<i32>(smaller, smaller, 1, 0, 3, 2))
    const value = <i32>load<i16>(output + (<usize>i << 1))
    const goal = <i32>load<i8>(target + <usize>i32x4.extract_lane(smaller, 0))
    dot += value * goal
    squared += value * value
    targetSquared += goal * goal
  }
  store<i32>(result, dot)
  store<i32>(result, squared, 4)
  store<i32>(result, isHit(dot, squared, targetSquared, hitNumerator) ? 1 : 0, 8)
}

function isHit(dot: i32, squared: i32, targetSquared: i32, hitNumerator: i32): bool {
  if (dot <= 0) return false
  // Both sides stay below 2^63 (docs/race.md, section 9).
  return ((<u64>dot * <u64>dot) << 16) >= <u64>hitNumerator * (<u64>squared * <u64>targetSquared)
}
