/** Rows for the best linear guess of the output from everything that is known in the last layer. */
export class GuessRows {
  readonly names = ['stream', 'middle', 'hidden'] as const
  readonly rows: Record<'stream' | 'middle' | 'hidden' | 'output', number[]> = {
    stream: [],
    middle: [],
    hidden: [],
    output: [],
  }
  readonly widths: Record<'stream' | 'middle' | 'hidden', number>
  readonly count: number

  constructor(width: number, feedForward: number, count: number) {
    this.widths = { stream: width, middle: width, hidden: feedForward }
    this.count = count
  }

  add(streams: readonly Int16Array[], hidden: Int16Array, count: number): void {
    const push = (name: 'stream' | 'middle' | 'hidden', values: Int16Array): void => {
      for (const value of values.subarray(0, count * this.widths[name])) this.rows[name].push(value)
    }
    push('stream', streams.at(-2)!)
    push('middle', streams.at(-1)!)
    push('hidden', hidden)
  }

  addTargets(outputs: Int8Array): void {
    for (const value of outputs) this.rows.output.push(value)
  }
}

/**
 * Fits the best linear guess of `targets` from `features` on the first half of the rows, by ridge regression, and returns the correlation
 * of guess and target on the second half.
 *
 * @param features [rows][featureCount]
 * @param targets [rows][targetCount]
 */
export function linearGuess(
  features: Float64Array,
  targets: Float64Array,
  {
    rows,
    featureCount,
    targetCount,
  }: { readonly rows: number; readonly featureCount: number; readonly targetCount: number },
): number {
  const half = Math.floor(rows / 2)
  const gram = new Float64Array(featureCount * featureCount)
  const cross = new Float64Array(featureCount * targetCount)
  for (let row = 0; row < half; row++) {
    for (let i = 0; i < featureCount; i++) {
      const x = features[row * featureCount + i]!
      for (let j = 0; j <= i; j++) gram[i * featureCount + j]! += x * features[row * featureCount + j]!
      for (let t = 0; t < targetCount; t++) cross[i * targetCount + t]! += x * targets[row * targetCount + t]!
    }
  }
  const trace = Array.from({ length: featureCount }, (_, i) => gram[i * (featureCount + 1)]!).reduce(
    (a, b) => a + b,
  )
  for (let i = 0; i < featureCount; i++) gram[i * (featureCount + 1)]! += (1e-6 * trace) / featureCount
  const weights = solve(gram, cross, featureCount, targetCount)

  let [xy, xx, yy] = [0, 0, 0]
  for (let row = half; row < rows; row++) {
    for (let t = 0; t < targetCount; t++) {
      let guess = 0
      for (let i = 0; i < featureCount; i++)
        guess += features[row * featureCount + i]! * weights[i * targetCount + t]!
      const y = targets[row * targetCount + t]!
      xy += guess * y
      xx += guess * guess
      yy += y * y
    }
  }
  return xx === 0 ? 0 : xy / Math.sqrt(xx * yy)
}

/** Solves A X = B for a positive definite A, of which the lower half is given, by Cholesky's factors. */
function solve(a: Float64Array, b: Float64Array, size: number, columns: number): Float64Array {
  const l = a.slice()
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = l[i * size + j]!
      for (let k = 0; k < j; k++) sum -= l[i * size + k]! * l[j * size + k]!
      l[i * size + j] = i === j ? Math.sqrt(sum) : sum / l[j * size + j]!
    }
  }
  const x = b.slice()
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < size; i++) {
      for (let k = 0; k < i; k++) x[i * columns + c]! -= l[i * size + k]! * x[k * columns + c]!
      x[i * columns + c]! /= l[i * size + i]!
    }
    for (let i = size - 1; i >= 0; i--) {
      for (let k = i + 1; k < size; k++) x[i * columns + c]! -= l[k * size + i]! * x[k * columns + c]!
      x[i * columns + c]! /= l[i * size + i]!
    }
  }
  return x
}
