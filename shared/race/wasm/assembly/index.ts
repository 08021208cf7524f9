// The Race on WebAssembly SIMD (docs/race.md). The caller owns the memory: it passes where things lie and keeps 16-byte
// alignment. Rows of a batch are position-major: row `position * batch + nonce`.
import { generateInput, generateTarget, generateWeights } from './generate'
import { gemmPanel, measurePeak } from './gemm'
import { attendNonce, gatePanel, mergeRow, normRow, outputPanel, requantisePanel } from './operators'
import { scoreNonce } from './score'

export { generateTarget, generateWeights, measurePeak }

const POSITIONS: i32 = 4

let width: i32 = 0
let feedForward: i32 = 0
let projectionShift: i32 = 0
let scoreShift: i32 = 0
let productShift: i32 = 0
let normConstant: i32 = 0
let hitNumerator: i32 = 0

export function configure(
  widthOf: i32,
  feedForwardOf: i32,
  projectionShiftOf: i32,
  scoreShiftOf: i32,
  productShiftOf: i32,
  normConstantOf: i32,
  hitNumeratorOf: i32,
): void {
  width = widthOf
  feedForward = feedForwardOf
  projectionShift = projectionShiftOf
  scoreShift = scoreShiftOf
  productShift = productShiftOf
  normConstant = normConstantOf
  hitNumerator = hitNumeratorOf
}

// The workspace: int16 arrays of `rows + 4` rows, because products read and write whole tiles of four rows.
let stream: usize = 0
let query: usize = 0
let keys: usize = 0
let values: usize = 0
let context: usize = 0
let attentionBranch: usize = 0
let middle: usize = 0
let feedForwardBranch: usize = 0
let hidden: usize = 0
let sums: usize = 0
let panelSums: usize = 0
let batch: i32 = 0

/** Lays out the workspace for `count` nonces from `start` on and returns its end. */
export function layOut(start: usize, count: i32): usize {
  batch = count
  const rows = <usize>(POSITIONS * count + 4)
  const array = rows * (<usize>width << 1)
  stream = start
  query = stream + array
  keys = query + array
  values = keys + array
  context = values + array
  attentionBranch = context + array
  middle = attentionBranch + array
  feedForwardBranch = middle + array
  hidden = feedForwardBranch + array
  sums = hidden + rows * (<usize>feedForward << 1)
  panelSums = sums + (array << 1)
  return panelSums + rows * 64
}

/** Where array `name` lies: 0 is the stream, which the last layer replaces by the output; 1 to 8 are the trace's others, in order. */
export function arrayAt(name: i32): usize {
  if (name == 1) return query
  if (name == 2) return keys
  if (name == 3) return values
  if (name == 4) return context
  if (name == 5) return attentionBranch
  if (name == 6) return middle
  if (name == 7) return hidden
  if (name == 8) return feedForwardBranch
  return stream
}

/** Makes the inputs of `batch` nonces, u32 at `nonces`. */
export function embed(inputKey: usize, nonces: usize): void {
  for (let position = 0; position < POSITIONS; position++) {
    for (let i = 0; i < batch; i++) {
      generateInput(inputKey, load<i32>(nonces + (<usize>i << 2)), position, width, sums)
      normRow(sums, width, normConstant, stream + <usize>(position * batch + i) * (<usize>width << 1))
    }
  }
}

/** Runs layers [first, end) of `layers`; the tensors of layer `first` and of those after it lie from `weights` on. */
export function runLayers(weights: usize, first: i32, end: i32, layers: i32): void {
  const layerBytes = 4 * <usize>width * <usize>width + 3 * <usize>width * <usize>feedForward
  for (let layer = first; layer < end; layer++) {
    runLayer(weights, layer == layers - 1)
    weights += layerBytes
  }
}

/** One layer, whose tensors lie one after the other. The last one ends in outputs of the last position. */
function runLayer(weights: usize, isLast: bool): void {
  const square = <usize>width * <usize>width
  const wide = <usize>width * <usize>feedForward
  const positions = isLast ? 1 : POSITIONS
  const rows = positions * batch
  const rowBytes = <usize>width << 1
  // The rows that go on: all, or those of the last position.
  const own = stream + <usize>((POSITIONS - positions) * batch) * rowBytes

  project(own, rows, weights, query)
  project(stream, POSITIONS * batch, weights + square, keys)
  project(stream, POSITIONS * batch, weights + 2 * square, values)
  for (let i = 0; i < batch; i++) {
    const nonce = <usize>i * rowBytes
    attendNonce(
      query + nonce,
      keys + nonce,
      values + nonce,
      context + nonce,
      positions,
      width,
      <usize>batch * rowBytes,
      scoreShift,
    )
  }
  multiply(context, rows, weights + 3 * square, width)
  for (let row = 0; row < rows; row++) {
    const at = <usize>row * rowBytes
    mergeRow(own + at, sums + (at << 1), width, normConstant, attentionBranch + at, middle + at)
  }

  const gate = weights + 4 * square
  for (let panel = 0; panel < feedForward; panel += 8) {
    const at = <usize>panel * <usize>width
    const upSums = panelSums + (<usize>(rows + 3) & ~3) * 32
    gemmPanel(middle, gate + at, rows, width, panelSums)
    gemmPanel(middle, gate + wide + at, rows, width, upSums)
    gatePanel(
      panelSums,
      upSums,
      rows,
      projectionShift,
      productShift,
      hidden + (<usize>panel << 1),
      <usize>feedForward << 1,
    )
  }
  if (isLast) {
    const down = gate + 2 * wide
    for (let panel = 0; panel < width; panel += 8) {
      gemmPanel(hidden, down + <usize>panel * <usize>feedForward, rows, feedForward, panelSums)
      outputPanel(panelSums, rows, stream + (<usize>panel << 1), rowBytes)
    }
    return
  }
  multiply(hidden, rows, gate + 2 * wide, feedForward)
  for (let row = 0; row < rows; row++) {
    const at = <usize>row * rowBytes
    mergeRow(middle + at, sums + (at << 1), width, normConstant, feedForwardBranch + at, stream + at)
  }
}

/** output[rows][width] = requantise(rows . tensor). */
function project(activations: usize, rows: i32, tensor: usize, output: usize): void {
  for (let panel = 0; panel < width; panel += 8) {
    gemmPanel(activations, tensor + <usize>panel * <usize>width, rows, width, panelSums)
    requantisePanel(panelSums, rows, projectionShift, output + (<usize>panel << 1), <usize>width << 1)
  }
}

/** sums[rows][width] = rows . tensor, for tensors of `columns` columns. */
function multiply(activations: usize, rows: i32, tensor: usize, columns: i32): void {
  for (let panel = 0; panel < width; panel += 8) {
    gemmPanel(activations, tensor + <usize>panel * <usize>columns, rows, columns, panelSums)
    let to = sums + (<usize>panel << 2)
    for (let from = panelSums, end = panelSums + <usize>rows * 32; from < end; from += 32) {
      v128.store(to, v128.load(from))
      v128.store(to, v128.load(from, 16), 16)
      to += <usize>width << 2
    }
  }
}

/** Scores the batch after its last layer: three int32 a nonce at `results`. */
export function score(inputKey: usize, nonces: usize, target: usize, results: usize): void {
  for (let i = 0; i < batch; i++) {
    scoreNonce(
      inputKey,
      load<i32>(nonces + (<usize>i << 2)),
      width,
      stream + <usize>i * (<usize>width << 1),
      target,
      hitNumerator,
      sums,
      results + <usize>i * 12,
    )
  }
}

/** sums[rows][n] = activations[rows][k] . tensor[n][k]: the product alone, for measurements and tests. */
export function gemm(activations: usize, rows: i32, tensor: usize, n: i32, k: i32, scratch: usize): void {
  for (let panel = 0; panel < n; panel += 8) {
    gemmPanel(activations, tensor + <usize>panel * <usize>k, rows, k, scratch + <usize>panel * <usize>rows * 4)
  }
}
