import type { Encoding, LlamaConfig, TensorEntry, WeightFile } from './manifest.ts'
import { BLOCK_SIZE } from './quantise.ts'

/** A weight file as its model's sizes and encoding dictate it; only the piece hashes depend on the weights. */
export type FileLayout = Omit<WeightFile, 'pieces'>

/** Tensors start at multiples of this, as ONNX Runtime asks of mapped weights. */
const ALIGNMENT_BYTES = 64
const BYTES_PER_ELEMENT = { float32: 4, uint8: 1, int8: 1 } as const

/**
 * Lists the weight files of a model in order. The packer fills them; the manifest parser demands exactly these, so that
 * no manifest can name another path, overlap tensors or point outside a file.
 */
export function weightFileLayouts(config: LlamaConfig, encoding: Encoding): readonly FileLayout[] {
  const { hiddenSize, intermediateSize, vocabSize } = config
  const querySize = config.headCount * config.headSize
  const qkvSize = querySize + 2 * config.kvHeadCount * config.headSize
  const layers = Array.from({ length: config.layerCount }, (_, layer) =>
    layOut(`layer-${String(layer).padStart(3, '0')}.bin`, { kind: 'layer', layer }, [
      norm('attention_norm', hiddenSize),
      ...matrix('qkv', encoding, 4, qkvSize, hiddenSize),
      ...matrix('attention_output', encoding, 4, hiddenSize, querySize),
      norm('feed_forward_norm', hiddenSize),
      ...matrix('gate_up', encoding, 4, 2 * intermediateSize, hiddenSize),
      ...matrix('down', encoding, 4, hiddenSize, intermediateSize),
    ]),
  )
  return [
    layOut('embedding.bin', { kind: 'embedding' }, [
      { name: 'embedding.weight', dataType: 'int8', shape: [vocabSize, hiddenSize] },
      { name: 'embedding.scales', dataType: 'float32', shape: [vocabSize] },
    ]),
    ...layers,
    layOut('head.bin', { kind: 'head' }, [
      norm('norm', hiddenSize),
      // 8 bits in both encodings: errors here move the logits directly, and one matrix of the model is cheap to keep.
      ...matrix('head', encoding, 8, vocabSize, hiddenSize),
    ]),
  ]
}

type TensorShape = Pick<TensorEntry, 'name' | 'dataType' | 'shape'>

function norm(name: string, size: number): TensorShape {
  return { name, dataType: 'float32', shape: [size] }
}

/** A linear layer of `rows` outputs and `columns` inputs; `blockBits` is its width in the block encoding. */
function matrix(
  name: string,
  encoding: Encoding,
  blockBits: 4 | 8,
  rows: number,
  columns: number,
): TensorShape[] {
  const blocks = columns / BLOCK_SIZE
  return encoding === 'q8'
    ? [
        { name: `${name}.weight`, dataType: 'int8', shape: [columns, rows] },
        { name: `${name}.scales`, dataType: 'float32', shape: [rows] },
      ]
    : [
        { name: `${name}.weight`, dataType: 'uint8', shape: [rows, blocks, (BLOCK_SIZE * blockBits) / 8] },
        { name: `${name}.scales`, dataType: 'float32', shape: [rows * blocks] },
      ]
}

function layOut(path: string, role: WeightFile['role'], shapes: readonly TensorShape[]): FileLayout {
  const tensors: TensorEntry[] = []
  let sizeBytes = 0
  for (const { name, dataType, shape } of shapes) {
    const offset = Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    const tensorBytes = shape.reduce((product, size) => product * size, BYTES_PER_ELEMENT[dataType])
    tensors.push({ name, dataType, shape, offset, sizeBytes: tensorBytes })
    sizeBytes = offset + tensorBytes
  }
  return { path, role, sizeBytes, tensors }
}
