import type { LayerRange } from '../../protocol/layer-range.ts'
import type { ModelManifest, TensorEntry, WeightFile } from '../manifest.ts'
import { BLOCK_SIZE } from '../quantise.ts'
import {
  encodeOnnxModel,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from './onnx-writer.ts'
import { ropeTables } from './rope-tables.ts'

/** A graph and the weight files that it refers to by path. */
export interface StageGraph {
  readonly model: Uint8Array<ArrayBuffer>
  readonly paths: readonly string[]
}

/**
 * Builds the decoder layers of a stage as an ONNX model; weights stay outside, in the files of `paths`.
 *
 * Inputs: `hidden` `[1, tokens, hiddenSize]`, `last_index` int32 `[1]` (index of the last position), `total_length`
 * int32 scalar (`last_index` + 1), and per layer l `past_key.l`, `past_value.l` `[1, kvHeads, past, headSize]`.
 * Outputs: `hidden_out`, like `hidden`, and `key.l`, `value.l` with the new positions appended, or in the place of the
 * past if the caller passes the same buffer.
 *
 * In a q8 graph each position is quantised on its own, so that steps of two positions and more give a position the same
 * bits however they are cut. A step of one position differs in the last bits: ONNX Runtime's CPU attention multiplies a
 * single row by another routine.
 *
 * @param maxPositions longest sequence; sizes the rotary tables
 */
export function buildStageGraph(
  manifest: ModelManifest,
  layers: LayerRange,
  maxPositions: number,
): StageGraph {
  const { config, encoding } = manifest
  const { headCount, kvHeadCount, headSize, hiddenSize } = config
  const graph = new GraphBuilder()
  const { cos, sin } = ropeTables(config, maxPositions)
  const tableShape = [maxPositions, headSize / 2]
  graph.constant('rope_cos', 'float32', tableShape, cos)
  graph.constant('rope_sin', 'float32', tableShape, sin)
  graph.input('hidden', 'float32', [1, 'tokens', hiddenSize])
  graph.input('last_index', 'int32', [1])
  graph.input('total_length', 'int32', [])
  if (encoding === 'q8') addQuantisationConstants(graph)

  let residual = 'hidden'
  let added: string | null = null
  for (let layer = layers.start; layer < layers.end; layer++) {
    const file = layerFile(manifest, layer)
    const name = (part: string): string => `${part}.${layer}`
    const weight = (tensor: string): string => graph.external(file, tensor, name(tensor))

    let normed = graph.norm(
      name('attention_in'),
      residual,
      added,
      weight('attention_norm'),
      config.rmsNormEpsilon,
    )
    residual = normed.sum
    const attentionInput = quantisedInput(graph, encoding, name('attention_in'), normed.output)
    const qkv = linear(graph, file, layer, 'qkv', attentionInput)

    const cacheShape = [1, kvHeadCount, 'past', headSize]
    for (const part of ['key', 'value']) {
      graph.input(name(`past_${part}`), 'float32', cacheShape)
      graph.output(name(part), 'float32', [1, kvHeadCount, 'total', headSize])
    }
    const attended = graph.attention(name('attention'), qkv, layer, headCount, kvHeadCount)
    const attentionOutput = linear(
      graph,
      file,
      layer,
      'attention_output',
      quantisedInput(graph, encoding, name('attention'), attended),
    )

    normed = graph.norm(
      name('feed_forward_in'),
      residual,
      attentionOutput,
      weight('feed_forward_norm'),
      config.rmsNormEpsilon,
    )
    residual = normed.sum
    const gateUp = linear(
      graph,
      file,
      layer,
      'gate_up',
      quantisedInput(graph, encoding, name('feed_forward_in'), normed.output),
    )
    const activated = graph.gate(name('feed_forward'), gateUp)
    added = linear(
      graph,
      file,
      layer,
      'down',
      quantisedInput(graph, encoding, name('feed_forward'), activated),
    )
  }
  graph.node('Add', [added ?? residual, residual], ['hidden_out'])
  graph.output('hidden_out', 'float32', [1, 'tokens', hiddenSize])
  return graph.finish('stage')
}

/**
 * Builds the head: `hidden` `[1, 1, hiddenSize]` (the last position) to `logits` `[1, 1, vocabSize]`.
 * A graph of its own, so that inner prefill chunks of a last stage do not pay for it.
 */
export function buildHeadGraph(manifest: ModelManifest): StageGraph {
  const { config, encoding } = manifest
  const graph = new GraphBuilder()
  const file = manifest.files.find(({ role }) => role.kind === 'head')
  if (file === undefined) throw new TypeError('A parsed manifest has a head.')
  graph.input('hidden', 'float32', [1, 1, config.hiddenSize])
  if (encoding === 'q8') addQuantisationConstants(graph)
  const normed = graph.norm(
    'head_in',
    'hidden',
    null,
    graph.external(file, 'norm', 'norm'),
    config.rmsNormEpsilon,
  )
  const logits = linear(graph, file, null, 'head', quantisedInput(graph, encoding, 'head_in', normed.output))
  graph.node('Identity', [logits], ['logits'])
  graph.output('logits', 'float32', [1, 1, config.vocabSize])
  return graph.finish('head')
}

/** The activations of a matrix product: floats, or bytes with one scale per position. */
type LinearInput =
  | { readonly kind: 'float'; readonly values: string }
  | { readonly kind: 'quantised'; readonly bytes: string; readonly scales: string }

function addQuantisationConstants(graph: GraphBuilder): void {
  graph.constant('one', 'float32', [], Float32Array.of(1))
  graph.constant('one_127th', 'float32', [], Float32Array.of(1 / 127))
  // Keeps an all-zero position from dividing by zero; far below any activation.
  graph.constant('tiny', 'float32', [], Float32Array.of(1e-30))
  graph.constant('zero_point', 'uint8', [], Uint8Array.of(128))
  graph.constant('last_axis', 'int64', [1], BigInt64Array.of(-1n))
}

/**
 * Quantises each position by its own largest magnitude. `DynamicQuantizeMatMul` would take one scale for all positions
 * of a step: its result changes with the cut, and one loud position coarsens the others. Measured on a random
 * 8-layer stack, prefill by 16 against steps of two: 4.5e-2 relative RMS with it, bit-equal with this.
 * Unsigned bytes around 128, because ONNX Runtime's WASM kernel is 3 times slower for signed ones (20.4 against 7.1 ms
 * a 16-token step of that stack).
 */
function quantisedInput(
  graph: GraphBuilder,
  encoding: ModelManifest['encoding'],
  name: string,
  values: string,
): LinearInput {
  if (encoding === 'q4') return { kind: 'float', values }
  graph.node('Abs', [values], [`${name}.abs`])
  graph.node('ReduceMax', [`${name}.abs`, 'last_axis'], [`${name}.max`], { keepdims: { int: 1 } })
  graph.node('Mul', [`${name}.max`, 'one_127th'], [`${name}.raw_scale`])
  graph.node('Max', [`${name}.raw_scale`, 'tiny'], [`${name}.scale`])
  graph.node('Div', [values, `${name}.scale`], [`${name}.scaled`])
  graph.node('QuantizeLinear', [`${name}.scaled`, 'one', 'zero_point'], [`${name}.bytes`])
  return { kind: 'quantised', bytes: `${name}.bytes`, scales: `${name}.scale` }
}

/** A matrix product with the tensors `<tensor>.weight` and `<tensor>.scales` of a file; returns its output's name. */
function linear(
  graph: GraphBuilder,
  file: WeightFile,
  layer: number | null,
  tensor: string,
  input: LinearInput,
): string {
  const name = layer === null ? tensor : `${tensor}.${layer}`
  const weight = graph.external(file, `${tensor}.weight`, `${name}.weight`)
  const scales = graph.external(file, `${tensor}.scales`, `${name}.scales`)
  const output = `${name}.out`
  const { shape } = tensorEntry(file, `${tensor}.weight`)
  if (input.kind === 'quantised') {
    const inputs = [input.bytes, weight, 'one', scales, 'zero_point']
    graph.node('MatMulIntegerToFloat', inputs, [`${name}.unscaled`], {}, 'com.microsoft')
    graph.node('Mul', [`${name}.unscaled`, input.scales], [output])
    return output
  }
  const [rows, blocks, blockBytes] = shape as [number, number, number] // the parser has checked [N, K/32, bytes]
  graph.node(
    'MatMulNBits',
    [input.values, weight, scales],
    [output],
    {
      K: { int: blocks * BLOCK_SIZE },
      N: { int: rows },
      bits: { int: (blockBytes * 8) / BLOCK_SIZE },
      block_size: { int: BLOCK_SIZE },
    },
    'com.microsoft',
  )
  return output
}

class GraphBuilder {
  readonly #nodes: OnnxNode[] = []
  readonly #inputs: OnnxValue[] = []
  readonly #outputs: OnnxValue[] = []
  readonly #initializers: OnnxInitializer[] = []
  readonly #paths = new Set<string>()

  input(name: string, type: OnnxValue['type'], shape: OnnxValue['shape']): void {
    this.#inputs.push({ name, type, shape })
  }

  output(name: string, type: OnnxValue['type'], shape: OnnxValue['shape']): void {
    this.#outputs.push({ name, type, shape })
  }

  constant(
    name: string,
    type: OnnxInitializer['type'],
    shape: readonly number[],
    values: Float32Array | Uint8Array | BigInt64Array,
  ): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    this.#initializers.push({ name, type, shape, bytes })
  }

  /** Refers to a tensor of a weight file as `name`. */
  external(file: WeightFile, tensor: string, name: string): string {
    const { dataType, shape, offset, sizeBytes } = tensorEntry(file, tensor)
    this.#initializers.push({ name, type: dataType, shape, external: { path: file.path, offset, sizeBytes } })
    this.#paths.add(file.path)
    return name
  }

  node(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: NonNullable<OnnxNode['attributes']> = {},
    domain?: string,
  ): void {
    this.#nodes.push({ op, inputs, outputs, attributes, ...(domain === undefined ? {} : { domain }) })
  }

  /** RMS norm of `residual`, or of `residual + added`; `sum` is what was normalised. */
  norm(
    name: string,
    residual: string,
    added: string | null,
    scale: string,
    epsilon: number,
  ): { output: string; sum: string } {
    const output = `${name}.normed`
    if (added === null) {
      this.node('SimplifiedLayerNormalization', [residual, scale], [output], {
        axis: { int: 2 },
        epsilon: { float: epsilon },
      })
      return { output, sum: residual }
    }
    const sum = `${name}.sum`
    const attributes = { epsilon: { float: epsilon } }
    this.node(
      'SkipSimplifiedLayerNormalization',
      [added, residual, scale],
      [output, '', '', sum],
      attributes,
      'com.microsoft',
    )
    return { output, sum }
  }

  /** Grouped-query attention with rotary embedding over `qkv` `[1, tokens, (heads + 2 kvHeads) x headSize]`. */
  attention(name: string, qkv: string, layer: number, headCount: number, kvHeadCount: number): string {
    const output = `${name}.out`
    const past = [`past_key.${layer}`, `past_value.${layer}`]
    this.node(
      'GroupQueryAttention',
      [qkv, '', '', ...past, 'last_index', 'total_length', 'rope_cos', 'rope_sin'],
      [output, `key.${layer}`, `value.${layer}`],
      { num_heads: { int: headCount }, kv_num_heads: { int: kvHeadCount }, do_rotary: { int: 1 } },
      'com.microsoft',
    )
    return output
  }

  /** silu(gate) x up over `[1, tokens, 2 x size]` with the gate first. */
  gate(name: string, gateUp: string): string {
    this.node('Split', [gateUp], [`${name}.gate`, `${name}.up`], {
      axis: { int: 2 },
      num_outputs: { int: 2 },
    })
    this.node('Sigmoid', [`${name}.gate`], [`${name}.sigmoid`])
    this.node('Mul', [`${name}.gate`, `${name}.sigmoid`], [`${name}.silu`])
    this.node('Mul', [`${name}.silu`, `${name}.up`], [`${name}.out`])
    return `${name}.out`
  }

  finish(name: string): StageGraph {
    const graph: OnnxGraph = {
      name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
    }
    return { model: encodeOnnxModel(graph), paths: [...this.#paths] }
  }
}

function layerFile(manifest: ModelManifest, layer: number): WeightFile {
  const file = manifest.files.find(({ role }) => role.kind === 'layer' && role.layer === layer)
  if (file === undefined) throw new TypeError(`A parsed manifest has layer ${layer}.`)
  return file
}

function tensorEntry(file: WeightFile, name: string): TensorEntry {
  const entry = file.tensors.find((tensor) => tensor.name === name)
  if (entry === undefined) throw new TypeError(`A parsed manifest has ${name} in ${file.path}.`)
  return entry
}
