import { toHex } from '../protocol/ids.ts'
import { parseHfConfig } from './hf-config.ts'
import { computeModelId, hashPieces, PIECE_SIZE_BYTES } from './manifest-id.ts'
import type { Encoding, LlamaConfig, ModelManifest, SideFile, TensorEntry, WeightFile } from './manifest.ts'
import { ModelError } from './model-error.ts'
import {
  BLOCK_SIZE,
  checkFinite,
  quantiseBlocks4,
  quantiseBlocks8,
  quantiseColumns8,
  quantiseRows8,
  type Quantised,
} from './quantise.ts'
import {
  readSafetensorsHeader,
  readSafetensorsTensor,
  type ModelSource,
  type SafetensorsEntry,
} from './safetensors.ts'

/** Where a packed model goes. Nothing is visible before `commit`. */
export interface PackTarget {
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  commit(): Promise<void>
  /** Removes what was written. */
  abort(): Promise<void>
}

export interface PackProgress {
  readonly path: string
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesWritten: number
}

export interface PackParams {
  readonly source: ModelSource
  readonly target: PackTarget
  readonly name: string
  readonly encoding: Encoding
  readonly onProgress?: ((progress: PackProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Tensors start at multiples of this, as ONNX Runtime asks of mapped weights. */
const ALIGNMENT_BYTES = 64
const SIDE_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const
// A 128k-word tokenizer.json has 17 MB.
const MAX_SIDE_FILE_BYTES = 64 * 1024 * 1024

/**
 * Packs a model in the Hugging Face layout: one weight file per layer, `embedding.bin`, `head.bin`, the tokenizer files
 * and `manifest.json`. Holds one layer in memory at a time (or the embedding table, if that is larger).
 * @throws ModelError, with nothing left in the target
 */
export async function packModel(params: PackParams): Promise<ModelManifest> {
  try {
    const manifest = await writeModel(params)
    await params.target.commit()
    return manifest
  } catch (error) {
    await params.target.abort()
    throw error
  }
}

async function writeModel({
  source,
  target,
  name,
  encoding,
  onProgress,
  signal,
}: PackParams): Promise<ModelManifest> {
  const config = parseHfConfig(await readJson(source, 'config.json', 1024 * 1024))
  const weights = new HfWeights(source, await readHeaders(source))
  const filesTotal = config.layerCount + 2 + SIDE_FILES.length
  const files: WeightFile[] = []
  let bytesWritten = 0

  const write = async (path: string, role: WeightFile['role'], tensors: PlannedTensor[]): Promise<void> => {
    signal?.throwIfAborted()
    const { bytes, entries } = layOut(tensors)
    await target.write(path, bytes)
    const pieces = await hashPieces(bytes, PIECE_SIZE_BYTES)
    files.push({ path, role, sizeBytes: bytes.byteLength, tensors: entries, pieces })
    bytesWritten += bytes.byteLength
    onProgress?.({ path, filesDone: files.length, filesTotal, bytesWritten })
  }

  await write('embedding.bin', { kind: 'embedding' }, await embeddingTensors(weights, config))
  for (let layer = 0; layer < config.layerCount; layer++) {
    const path = `layer-${String(layer).padStart(3, '0')}.bin`
    await write(path, { kind: 'layer', layer }, await layerTensors(weights, config, encoding, layer))
  }
  await write('head.bin', { kind: 'head' }, await headTensors(weights, config, encoding))

  const sideFiles: SideFile[] = []
  for (const path of SIDE_FILES) {
    const bytes = await readWhole(source, path, MAX_SIDE_FILE_BYTES)
    await target.write(path, bytes)
    const sha256 = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
    sideFiles.push({ path, sizeBytes: bytes.byteLength, sha256 })
    bytesWritten += bytes.byteLength
    onProgress?.({ path, filesDone: files.length + sideFiles.length, filesTotal, bytesWritten })
  }

  const descriptor = {
    format: 'racemesh-model/1',
    name,
    encoding,
    config,
    pieceSizeBytes: PIECE_SIZE_BYTES,
    files,
    sideFiles,
  } as const
  const manifest: ModelManifest = { ...descriptor, id: await computeModelId(descriptor) }
  await target.write('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`))
  return manifest
}

interface PlannedTensor {
  readonly name: string
  readonly dataType: TensorEntry['dataType']
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

async function embeddingTensors(weights: HfWeights, config: LlamaConfig): Promise<PlannedTensor[]> {
  const shape = [config.vocabSize, config.hiddenSize] as const
  const name = 'model.embed_tokens.weight'
  const table = quantiseRows8(name, await weights.read(name, shape), ...shape)
  return [
    { name: 'embedding.weight', dataType: 'int8', shape, bytes: table.weight },
    {
      name: 'embedding.scales',
      dataType: 'float32',
      shape: [config.vocabSize],
      bytes: bytesOf(table.scales),
    },
  ]
}

async function layerTensors(
  weights: HfWeights,
  config: LlamaConfig,
  encoding: Encoding,
  layer: number,
): Promise<PlannedTensor[]> {
  const prefix = `model.layers.${layer}`
  const { hiddenSize, intermediateSize } = config
  const querySize = config.headCount * config.headSize
  const keySize = config.kvHeadCount * config.headSize
  // Matrices with the same input become one: fewer dispatches, and the input is quantised once.
  const qkv = await weights.readStacked(
    [
      [`${prefix}.self_attn.q_proj.weight`, querySize],
      [`${prefix}.self_attn.k_proj.weight`, keySize],
      [`${prefix}.self_attn.v_proj.weight`, keySize],
    ],
    hiddenSize,
  )
  const output = await weights.read(`${prefix}.self_attn.o_proj.weight`, [hiddenSize, querySize])
  const gateUp = await weights.readStacked(
    [
      [`${prefix}.mlp.gate_proj.weight`, intermediateSize],
      [`${prefix}.mlp.up_proj.weight`, intermediateSize],
    ],
    hiddenSize,
  )
  const down = await weights.read(`${prefix}.mlp.down_proj.weight`, [hiddenSize, intermediateSize])
  return [
    await normTensor(weights, 'attention_norm', `${prefix}.input_layernorm.weight`, hiddenSize),
    ...matrixTensors('qkv', encoding, 4, qkv, querySize + 2 * keySize, hiddenSize),
    ...matrixTensors('attention_output', encoding, 4, output, hiddenSize, querySize),
    await normTensor(weights, 'feed_forward_norm', `${prefix}.post_attention_layernorm.weight`, hiddenSize),
    ...matrixTensors('gate_up', encoding, 4, gateUp, 2 * intermediateSize, hiddenSize),
    ...matrixTensors('down', encoding, 4, down, hiddenSize, intermediateSize),
  ]
}

async function headTensors(
  weights: HfWeights,
  config: LlamaConfig,
  encoding: Encoding,
): Promise<PlannedTensor[]> {
  const shape = [config.vocabSize, config.hiddenSize] as const
  const name = config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
  const head = await weights.read(name, shape)
  return [
    await normTensor(weights, 'norm', 'model.norm.weight', config.hiddenSize),
    // 8 bits in both encodings: errors here move the logits directly, and one matrix of the model is cheap to keep.
    ...matrixTensors('head', encoding, 8, head, ...shape),
  ]
}

async function normTensor(
  weights: HfWeights,
  name: string,
  hfName: string,
  size: number,
): Promise<PlannedTensor> {
  const values = await weights.read(hfName, [size])
  checkFinite(hfName, values)
  return { name, dataType: 'float32', shape: [size], bytes: bytesOf(values) }
}

/** `values` is `[rows, columns]` = `[outputs, inputs]`, as Hugging Face stores linear layers. */
function matrixTensors(
  name: string,
  encoding: Encoding,
  blockBits: 4 | 8,
  values: Float32Array,
  rows: number,
  columns: number,
): PlannedTensor[] {
  const pair = (
    { weight, scales }: Quantised,
    dataType: 'int8' | 'uint8',
    shape: number[],
    scaleShape: number[],
  ): PlannedTensor[] => [
    { name: `${name}.weight`, dataType, shape, bytes: weight },
    { name: `${name}.scales`, dataType: 'float32', shape: scaleShape, bytes: bytesOf(scales) },
  ]
  if (encoding === 'q8') {
    return pair(quantiseColumns8(name, values, rows, columns), 'int8', [columns, rows], [rows])
  }
  const blocks = columns / BLOCK_SIZE
  return blockBits === 4
    ? pair(
        quantiseBlocks4(name, values, rows, columns),
        'uint8',
        [rows, blocks, BLOCK_SIZE / 2],
        [rows * blocks],
      )
    : pair(quantiseBlocks8(name, values, rows, columns), 'uint8', [rows, blocks, BLOCK_SIZE], [rows * blocks])
}

function layOut(tensors: readonly PlannedTensor[]): {
  bytes: Uint8Array<ArrayBuffer>
  entries: TensorEntry[]
} {
  const entries: TensorEntry[] = []
  let end = 0
  for (const { name, dataType, shape, bytes } of tensors) {
    const offset = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    entries.push({ name, dataType, shape, offset, sizeBytes: bytes.byteLength })
    end = offset + bytes.byteLength
  }
  const file = new Uint8Array(end)
  tensors.forEach((tensor, i) => file.set(tensor.bytes, entries[i]!.offset)) // one entry per tensor
  return { bytes: file, entries }
}

/** The tensors of a model by their Hugging Face names. */
class HfWeights {
  readonly #source: ModelSource
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>

  constructor(source: ModelSource, entries: ReadonlyMap<string, SafetensorsEntry>) {
    this.#source = source
    this.#entries = entries
  }

  /** @throws ModelError `BAD_CONFIG` if the tensor is missing or has another shape */
  async read(name: string, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const entry = this.#entries.get(name)
    if (entry === undefined) {
      throw new ModelError(`The weights have no tensor ${name}.`, { data: { code: 'BAD_CONFIG' } })
    }
    if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
      throw new ModelError(
        `Tensor ${name} has shape [${entry.shape.join(', ')}]; config.json asks for [${shape.join(', ')}].`,
        { data: { code: 'BAD_CONFIG' } },
      )
    }
    return readSafetensorsTensor(this.#source, entry)
  }

  /** Reads matrices of the same width and stacks their rows. */
  async readStacked(
    parts: readonly (readonly [name: string, rows: number])[],
    columns: number,
  ): Promise<Float32Array> {
    const stacked = new Float32Array(parts.reduce((sum, [, rows]) => sum + rows, 0) * columns)
    let offset = 0
    for (const [name, rows] of parts) {
      const values = await this.read(name, [rows, columns])
      stacked.set(values, offset)
      offset += values.length
    }
    return stacked
  }
}

/** One file, or the files that `model.safetensors.index.json` names. */
async function readHeaders(source: ModelSource): Promise<ReadonlyMap<string, SafetensorsEntry>> {
  if ((await source.size('model.safetensors')) !== null)
    return readSafetensorsHeader(source, 'model.safetensors')
  if ((await source.size('model.safetensors.index.json')) === null) {
    throw new ModelError('The folder has neither model.safetensors nor model.safetensors.index.json.', {
      data: { code: 'MISSING_FILE', path: 'model.safetensors' },
      metaMessages: [
        'The packer reads models in the Hugging Face layout: config.json, tokenizer.json, *.safetensors.',
      ],
    })
  }
  const index = await readJson(source, 'model.safetensors.index.json', 16 * 1024 * 1024)
  const map = (index as { weight_map?: unknown } | null)?.weight_map
  const paths = new Set(typeof map === 'object' && map !== null ? Object.values(map) : [])
  const all = new Map<string, SafetensorsEntry>()
  for (const path of paths) {
    // A plain file name: an index must not reach out of its folder.
    if (typeof path !== 'string' || !/^[\w][\w.-]*\.safetensors$/.test(path)) {
      throw new ModelError(`model.safetensors.index.json names the file ${JSON.stringify(path)}.`, {
        data: { code: 'BAD_CONFIG' },
      })
    }
    for (const [name, entry] of await readSafetensorsHeader(source, path)) all.set(name, entry)
  }
  return all
}

async function readJson(source: ModelSource, path: string, maxBytes: number): Promise<unknown> {
  const bytes = await readWhole(source, path, maxBytes)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ModelError(`${path} is no JSON.`, { data: { code: 'BAD_CONFIG' }, cause })
  }
}

async function readWhole(
  source: ModelSource,
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const sizeBytes = await source.size(path)
  if (sizeBytes === null) {
    throw new ModelError(`The model has no file ${path}.`, { data: { code: 'MISSING_FILE', path } })
  }
  if (sizeBytes > maxBytes) {
    throw new ModelError(`${path} has ${sizeBytes} bytes, more than ${maxBytes}.`, {
      data: { code: 'BAD_CONFIG' },
    })
  }
  return source.read(path, 0, sizeBytes)
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
