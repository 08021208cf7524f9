/** Tail probabilities for the tests of this folder. Relative errors are below 1e-6 where p-values matter (p > 1e-12). */

/** P(Z > z) of a standard normal variable. */
export function normalTail(z: number): number {
  const tail = 0.5 * gammaTail(0.5, (z * z) / 2)
  return z >= 0 ? tail : 1 - tail
}

/** P(|Z| > |z|). */
export function normalTwoSided(z: number): number {
  return gammaTail(0.5, (z * z) / 2)
}

/** P(X > x) of chi-square with `degrees` degrees of freedom. */
export function chiSquareTail(x: number, degrees: number): number {
  return gammaTail(degrees / 2, x / 2)
}

/** P(X > x) or P(X < x), whichever is smaller, doubled: too regular is as suspicious as too wild. */
export function chiSquareTwoSided(x: number, degrees: number): number {
  const upper = chiSquareTail(x, degrees)
  return Math.min(1, 2 * Math.min(upper, 1 - upper))
}

/** A two-sided p-value of a count that is Poisson with this mean. */
export function poissonTwoSided(count: number, mean: number): number {
  // P(X >= k) = P(gamma(k) < mean), P(X <= k) = P(gamma(k + 1) > mean).
  const atLeast = count === 0 ? 1 : 1 - gammaTail(count, mean)
  return Math.min(1, 2 * Math.min(atLeast, gammaTail(count + 1, mean)))
}

/** P(D > d) of the Kolmogorov-Smirnov distance of `samples` values, with Stephens' correction. */
export function kolmogorovTail(distance: number, samples: number): number {
  const root = Math.sqrt(samples)
  const t = (root + 0.12 + 0.11 / root) * distance
  // The series alternates and needs no more than a few terms, but for tiny t, where the tail is one.
  if (t < 0.3) return 1
  let sum = 0
  for (let k = 1; k <= 40; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * t * t)
  return Math.max(0, Math.min(1, sum))
}

/** P(cosine <= c) between a fixed direction and one that is uniform on the sphere in `dimensions` dimensions. */
export function sphereCosineCdf(cosine: number, dimensions: number): number {
  const tail = 0.5 * incompleteBeta((dimensions - 1) / 2, 0.5, 1 - cosine * cosine)
  return cosine >= 0 ? 1 - tail : tail
}

/** Standard normal density. */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
}

/** Upper regularised incomplete gamma function Q(a, x): series below a + 1, continued fraction above (DLMF 8.11, 8.9). */
function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1
  const front = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < 100_000 && term > sum * 1e-15; n++) {
      term *= x / (a + n)
      sum += term
    }
    return 1 - front * sum
  }
  return (
    front *
    continuedFraction(
      (n) => (n === 0 ? 1 : n * (a - n)),
      (n) => x - a + 1 + 2 * n,
    )
  )
}

/** Regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x))
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x)
  const numerator = (n: number): number => {
    if (n === 0) return 1
    const m = Math.floor(n / 2)
    return n % 2 === 0
      ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
      : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
  }
  return (front / a) * continuedFraction(numerator, () => 1)
}

/** n(0) / (d(0) + n(1) / (d(1) + ...)), by Lentz's method. */
function continuedFraction(numerator: (n: number) => number, denominator: (n: number) => number): number {
  const tiny = 1e-300
  let c = denominator(0) || tiny
  let d = 0
  let value = c
  for (let n = 1; n < 100_000; n++) {
    const b = denominator(n)
    d = 1 / (b + numerator(n) * d || tiny)
    c = b + numerator(n) / c || tiny
    value *= c * d
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return numerator(0) / value
}

/** Stirling's series after shifting the argument above 12 (DLMF 5.11.1). */
function logGamma(x: number): number {
  let shift = 0
  while (x < 12) {
    shift -= Math.log(x)
    x += 1
  }
  const inverse = 1 / (x * x)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series
}
