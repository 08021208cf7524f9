import { generateInput, generateTensor } from '../generator.ts'
import { HEAD_DIMENSION, POSITIONS, type RaceClass, type TensorName } from '../race-class.ts'
import type { TraceName } from '../race-path.ts'
import type { InputKey, RaceSeed } from '../seeds.ts'
import { attention } from './attention.ts'
import { applyGate } from './gate.ts'
import { matrixProduct } from './matrix-product.ts'
import { merge } from './merge.ts'
import { norm } from './norm.ts'
import { outputVector } from './output.ts'
import { requantise } from './requantise.ts'

/** Where weights come from: the generator, or a store that has them already. */
export type TensorSource = (layer: number, tensor: TensorName) => Int8Array

/** Sees every array that a forward pass makes; `layer` is -1 for the input. Copy what you keep. */
export type TraceObserver = (layer: number, name: TraceName, rows: Int8Array) => void

/** Generates each tensor when it is asked for: 4 MiB at a time, whatever the class. */
export function generatedTensors(raceClass: RaceClass, raceSeed: RaceSeed): TensorSource {
  return (layer, tensor) => generateTensor(raceClass, raceSeed, layer, tensor)
}

/** Keeps what it generated: for classes that fit in memory and many nonces. */
export function storedTensors(raceClass: RaceClass, raceSeed: RaceSeed): TensorSource {
  const stored = new Map<string, Int8Array>()
  return (layer, tensor) => {
    const key = `${layer} ${tensor}`
    const weights = stored.get(key) ?? generateTensor(raceClass, raceSeed, layer, tensor)
    stored.set(key, weights)
    return weights
  }
}

/** The network's input for a nonce, [positions][width]. */
export function embed(raceClass: RaceClass, inputKey: InputKey, nonce: number): Int8Array<ArrayBuffer> {
  const bytes = generateInput(raceClass, inputKey, nonce)
  return mapRows(Int32Array.from(bytes), raceClass.width, (row) => norm(row, raceClass.normConstant))
}

/**
 * Runs one nonce through the network and returns the last position's output, [width].
 *
 * @see docs/race.md, section 6
 */
export function forward(
  raceClass: RaceClass,
  tensors: TensorSource,
  inputKey: InputKey,
  nonce: number,
  observe: TraceObserver = () => undefined,
): Int8Array<ArrayBuffer> {
  let stream = embed(raceClass, inputKey, nonce)
  observe(-1, 'input', stream)
  for (let layer = 0; layer < raceClass.layers; layer++) {
    stream = forwardLayer(raceClass, layer, tensors, stream, observe)
  }
  return stream
}

/** One layer: the stream [positions][width] to the stream, or to the output vector [width] in the last layer. */
export function forwardLayer(
  raceClass: RaceClass,
  layer: number,
  tensors: TensorSource,
  stream: Int8Array<ArrayBuffer>,
  observe: TraceObserver,
): Int8Array<ArrayBuffer> {
  const { width, feedForward, heads, projectionShift, scoreShift, normConstant } = raceClass
  const see = (name: TraceName, rows: Int8Array<ArrayBuffer>): Int8Array<ArrayBuffer> => {
    observe(layer, name, rows)
    return rows
  }
  const project = (rows: Int8Array, tensor: TensorName, columns: number, outputs: number): Int32Array =>
    matrixProduct(rows, tensors(layer, tensor), { rows: rows.length / columns, columns, outputs })
  const addBranch = (
    rows: Int8Array,
    accumulators: Int32Array,
    names: { readonly branch: TraceName; readonly sum: TraceName },
  ): Int8Array<ArrayBuffer> => {
    const branches = new Int8Array(rows.length)
    const sums = new Int8Array(rows.length)
    for (let start = 0; start < rows.length; start += width) {
      const end = start + width
      const merged = merge(rows.subarray(start, end), accumulators.subarray(start, end), normConstant)
      branches.set(merged.branch, start)
      sums.set(merged.stream, start)
    }
    see(names.branch, branches)
    return see(names.sum, sums)
  }

  // Only the last position's output counts, so the last layer needs the others for their keys and values alone.
  const isLast = layer === raceClass.layers - 1
  let rows = isLast ? stream.subarray((POSITIONS - 1) * width) : stream

  const queries = see('query', requantise(project(rows, 'query', width, width), projectionShift))
  const keys = see('key', requantise(project(stream, 'key', width, width), projectionShift))
  const values = see('value', requantise(project(stream, 'value', width, width), projectionShift))
  const shape = { heads, keyHeads: heads, headDimension: HEAD_DIMENSION, scoreShift }
  const context = see('context', attention(queries, keys, values, shape))
  rows = addBranch(rows, project(context, 'output', width, width), { branch: 'attention', sum: 'middle' })

  const gate = project(rows, 'gate', width, feedForward)
  const up = project(rows, 'up', width, feedForward)
  const hidden = see('hidden', applyGate(gate, up, raceClass))
  const down = project(hidden, 'down', feedForward, width)
  if (isLast) return see('output', outputVector(down))
  return addBranch(rows, down, { branch: 'feed-forward', sum: 'stream' })
}

function mapRows(
  values: Int32Array,
  width: number,
  map: (row: Int32Array) => Int8Array,
): Int8Array<ArrayBuffer> {
  const mapped = new Int8Array(values.length)
  for (let start = 0; start < values.length; start += width) {
    mapped.set(map(values.subarray(start, start + width)), start)
  }
  return mapped
}
