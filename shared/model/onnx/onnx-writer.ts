import { ProtobufWriter } from './protobuf-writer.ts'

/** Element types of ONNX that our graphs use, by their number in `TensorProto.DataType`. */
export const ONNX_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const
export type OnnxType = keyof typeof ONNX_TYPES

/** A dimension: a size, or a name for a size that is known only at run time. */
export type OnnxDimension = number | string

export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly OnnxDimension[]
}

export type OnnxAttribute =
  | { readonly int: number; readonly float?: undefined; readonly ints?: undefined }
  | { readonly float: number; readonly int?: undefined; readonly ints?: undefined }
  | { readonly ints: readonly number[]; readonly int?: undefined; readonly float?: undefined }

export interface OnnxNode {
  readonly op: string
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  /** `com.microsoft` for ONNX Runtime's own operators. */
  readonly domain?: string
}

/** A weight. External ones name a file, an offset and a length; the others carry their bytes (little-endian). */
export type OnnxInitializer = {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly number[]
} & (
  | { readonly bytes: Uint8Array; readonly external?: undefined }
  | {
      readonly external: { readonly path: string; readonly offset: number; readonly sizeBytes: number }
      readonly bytes?: undefined
    }
)

export interface OnnxGraph {
  readonly name: string
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxInitializer[]
}

/**
 * Encodes a graph as an ONNX `ModelProto` (IR version 10, opset 21 and com.microsoft 1).
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the field numbers
 */
export function encodeOnnxModel(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  return new ProtobufWriter()
    .uint(1, 10)
    .string(2, 'racemesh')
    .message(7, (writer) => {
      for (const node of graph.nodes) writer.message(1, (nested) => writeNode(nested, node))
      writer.string(2, graph.name)
      for (const tensor of graph.initializers) writer.message(5, (nested) => writeTensor(nested, tensor))
      for (const value of graph.inputs) writer.message(11, (nested) => writeValue(nested, value))
      for (const value of graph.outputs) writer.message(12, (nested) => writeValue(nested, value))
    })
    .message(8, (writer) => writer.string(1, '').uint(2, 21))
    .message(8, (writer) => writer.string(1, 'com.microsoft').uint(2, 1))
    .finish()
}

function writeNode(writer: ProtobufWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.string(1, name)
  for (const name of node.outputs) writer.string(2, name)
  // The first output names the node: unique in a graph, and what ONNX Runtime prints in its errors.
  writer.string(3, node.outputs[0] ?? node.op).string(4, node.op)
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    writer.message(5, (nested) => {
      nested.string(1, name)
      if (attribute.float !== undefined) nested.float(2, attribute.float).uint(20, 1)
      else if (attribute.int !== undefined) nested.uint(3, attribute.int).uint(20, 2)
      else {
        for (const item of attribute.ints) nested.uint(8, item)
        nested.uint(20, 7)
      }
    })
  }
  if (node.domain !== undefined) writer.string(7, node.domain)
}

function writeTensor(writer: ProtobufWriter, tensor: OnnxInitializer): void {
  for (const size of tensor.shape) writer.uint(1, size)
  writer.uint(2, ONNX_TYPES[tensor.type]).string(8, tensor.name)
  if (tensor.bytes !== undefined) {
    writer.bytes(9, tensor.bytes)
    return
  }
  const { path, offset, sizeBytes } = tensor.external
  const entries: [string, string][] = [
    ['location', path],
    ['offset', String(offset)],
    ['length', String(sizeBytes)],
  ]
  for (const [key, value] of entries) writer.message(13, (nested) => nested.string(1, key).string(2, value))
  writer.uint(14, 1)
}

function writeValue(writer: ProtobufWriter, value: OnnxValue): void {
  writer.string(1, value.name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.uint(1, ONNX_TYPES[value.type]).message(2, (shape) => {
        for (const dimension of value.shape) {
          shape.message(1, (nested) =>
            typeof dimension === 'number' ? nested.uint(1, dimension) : nested.string(2, dimension),
          )
        }
      }),
    ),
  )
}
