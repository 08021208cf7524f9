/** Seeded pseudo-random integers for tests: a linear congruential generator of 32 bits (Numerical Recipes, section 7.1). */
export function seededIntegers(seed: number): (min: number, max: number) => number {
  let state = seed >>> 0
  return (min, max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return min + Math.floor((state / 2 ** 32) * (max - min + 1))
  }
}

/** `length` values in [-127, 127]. */
export function seededBytes(seed: number, length: number): Int8Array<ArrayBuffer> {
  const next = seededIntegers(seed)
  return Int8Array.from({ length }, () => next(-127, 127))
}

/** `length` nearly normal values with the given standard deviation. */
export function seededNormals(seed: number, length: number, deviation: number): Int32Array<ArrayBuffer> {
  const next = seededIntegers(seed)
  // Twelve uniform values in [-0.5, 0.5] have variance one.
  const normal = (): number =>
    Array.from({ length: 12 }, () => next(-5_000, 5_000) / 10_000).reduce((a, b) => a + b)
  return Int32Array.from({ length }, () => Math.round(normal() * deviation))
}
