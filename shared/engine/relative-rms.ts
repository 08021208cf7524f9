/** Root mean square of the difference over that of `expected`; NaN if the lengths differ. */
export function relativeRms(expected: Float32Array, actual: Float32Array): number {
  if (expected.length !== actual.length) return NaN
  let difference = 0
  let total = 0
  for (let i = 0; i < expected.length; i++) {
    difference += (expected[i]! - actual[i]!) ** 2
    total += expected[i]! ** 2
  }
  return difference === 0 ? 0 : Math.sqrt(difference / total)
}
