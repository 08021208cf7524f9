import { toHex } from '../protocol/ids.ts'
import { weightFileLayouts, type FileLayout } from './layout.ts'
import { parseHfConfig } from './hf-config.ts'
import { computeModelId, hashPieces, PIECE_SIZE_BYTES } from './manifest-id.ts'
import type { Encoding, LlamaConfig, ModelManifest, SideFile, WeightFile } from './manifest.ts'
import { ModelError } from './model-error.ts'
import { checkModelName, MAX_SIDE_FILE_BYTES } from './parse-manifest.ts'
import { checkFinite, quantiseBlocks4, quantiseBlocks8, quantiseColumns8, quantiseRows8 } from './quantise.ts'
import {
  readSafetensorsHeader,
  readSafetensorsTensor,
  type ModelFolder,
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
  readonly folder: ModelFolder
  readonly target: PackTarget
  readonly name: string
  readonly encoding: Encoding
  readonly onProgress?: ((progress: PackProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

const MAX_CONFIG_BYTES = 1024 * 1024
const SIDE_FILES = ['tokenizer.json', 'tokenizer_config.json'] as const

/**
 * Packs a model in the Hugging Face layout: one weight file per layer, `embedding.bin`, `head.bin`, the tokenizer files
 * and `manifest.json`. Holds one layer in memory at a time (or the embedding table, if that is larger).
 * @throws ModelError, with nothing left in the target
 */
export async function packModel(params: PackParams): Promise<ModelManifest> {
  checkModelName(params.name)
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
  folder,
  target,
  name,
  encoding,
  onProgress,
  signal,
}: PackParams): Promise<ModelManifest> {
  const config = parseHfConfig(await readJson(folder, 'config.json', MAX_CONFIG_BYTES))
  // A download that broke off is better found now than by the relay that cannot load the model.
  for (const path of SIDE_FILES) await readJson(folder, path, MAX_SIDE_FILE_BYTES)
  const weights = new HfWeights(folder, await readHeaders(folder))
  const layouts = weightFileLayouts(config, encoding)
  const filesTotal = layouts.length + SIDE_FILES.length
  const files: WeightFile[] = []
  const sideFiles: SideFile[] = []
  let bytesWritten = 0
  const write = async (path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    signal?.throwIfAborted()
    await target.write(path, bytes)
    bytesWritten += bytes.byteLength
  }
  const report = (path: string): void =>
    onProgress?.({ path, filesDone: files.length + sideFiles.length, filesTotal, bytesWritten })

  for (const layout of layouts) {
    const bytes = fill(layout, await fileTensors(weights, config, encoding, layout.role))
    await write(layout.path, bytes)
    files.push({ ...layout, pieces: await hashPieces(bytes, PIECE_SIZE_BYTES) })
    report(layout.path)
  }
  for (const path of SIDE_FILES) {
    const bytes = await readWhole(folder, path, MAX_SIDE_FILE_BYTES)
    await write(path, bytes)
    const sha256 = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
    sideFiles.push({ path, sizeBytes: bytes.byteLength, sha256 })
    report(path)
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
  await write('manifest.json', new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`))
  return manifest
}

/** The bytes of a file's tensors by name. */
async function fileTensors(
  weights: HfWeights,
  config: LlamaConfig,
  encoding: Encoding,
  role: WeightFile['role'],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const tensors = new Map<string, Uint8Array>()
  const { hiddenSize, intermediateSize, vocabSize } = config
  const addNorm = async (name: string, hfName: string): Promise<void> => {
    const values = await weights.read(hfName, [hiddenSize])
    checkFinite(hfName, values)
    tensors.set(name, bytesOf(values))
  }
  const addMatrix = async (
    name: string,
    blockBits: 4 | 8,
    parts: readonly (readonly [hfName: string, rows: number])[],
    columns: number,
  ): Promise<void> => {
    const values = await weights.readStacked(parts, columns)
    const rows = parts.reduce((sum, [, count]) => sum + count, 0)
    const what = parts.map(([hfName]) => hfName).join(' + ')
    const quantise =
      encoding === 'q8' ? quantiseColumns8 : blockBits === 4 ? quantiseBlocks4 : quantiseBlocks8
    const { weight, scales } = quantise(what, values, rows, columns)
    tensors.set(`${name}.weight`, weight).set(`${name}.scales`, bytesOf(scales))
  }

  switch (role.kind) {
    case 'embedding': {
      const name = 'model.embed_tokens.weight'
      const values = await weights.read(name, [vocabSize, hiddenSize])
      const { weight, scales } = quantiseRows8(name, values, vocabSize, hiddenSize)
      return tensors.set('embedding.weight', weight).set('embedding.scales', bytesOf(scales))
    }
    case 'head': {
      const name = config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'
      await addNorm('norm', 'model.norm.weight')
      await addMatrix('head', 8, [[name, vocabSize]], hiddenSize)
      return tensors
    }
    case 'layer': {
      const hfName = (part: string): string => `model.layers.${role.layer}.${part}.weight`
      const querySize = config.headCount * config.headSize
      const keySize = config.kvHeadCount * config.headSize
      await addNorm('attention_norm', hfName('input_layernorm'))
      // Matrices with the same input become one: fewer dispatches, and the input is quantised once.
      const qkv = [
        [hfName('self_attn.q_proj'), querySize],
        [hfName('self_attn.k_proj'), keySize],
        [hfName('self_attn.v_proj'), keySize],
      ] as const
      await addMatrix('qkv', 4, qkv, hiddenSize)
      await addMatrix('attention_output', 4, [[hfName('self_attn.o_proj'), hiddenSize]], querySize)
      await addNorm('feed_forward_norm', hfName('post_attention_layernorm'))
      const gateUp = [
        [hfName('mlp.gate_proj'), intermediateSize],
        [hfName('mlp.up_proj'), intermediateSize],
      ] as const
      await addMatrix('gate_up', 4, gateUp, hiddenSize)
      await addMatrix('down', 4, [[hfName('mlp.down_proj'), hiddenSize]], intermediateSize)
      return tensors
    }
  }
}

function fill(layout: FileLayout, tensors: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(layout.sizeBytes)
  for (const { name, offset, sizeBytes } of layout.tensors) {
    const bytes = tensors.get(name)
    if (bytes?.byteLength !== sizeBytes) {
      throw new TypeError(`${layout.path}: ${name} has ${bytes?.byteLength} bytes, not ${sizeBytes}.`)
    }
    file.set(bytes, offset)
  }
  return file
}

/** The tensors of a model by their Hugging Face names. */
class HfWeights {
  readonly #folder: ModelFolder
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>

  constructor(folder: ModelFolder, entries: ReadonlyMap<string, SafetensorsEntry>) {
    this.#folder = folder
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
    return readSafetensorsTensor(this.#folder, entry)
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
async function readHeaders(folder: ModelFolder): Promise<ReadonlyMap<string, SafetensorsEntry>> {
  if ((await folder.size('model.safetensors')) !== null)
    return readSafetensorsHeader(folder, 'model.safetensors')
  if ((await folder.size('model.safetensors.index.json')) === null) {
    throw new ModelError('The folder has neither model.safetensors nor model.safetensors.index.json.', {
      data: { code: 'MISSING_FILE', path: 'model.safetensors' },
      metaMessages: [
        'The packer reads models in the Hugging Face layout: config.json, tokenizer.json, *.safetensors.',
      ],
    })
  }
  const index = await readJson(folder, 'model.safetensors.index.json', 16 * 1024 * 1024)
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
    for (const [name, entry] of await readSafetensorsHeader(folder, path)) all.set(name, entry)
  }
  return all
}

async function readJson(folder: ModelFolder, path: string, maxBytes: number): Promise<unknown> {
  const bytes = await readWhole(folder, path, maxBytes)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ModelError(`${path} is no JSON.`, { data: { code: 'BAD_CONFIG' }, cause })
  }
}

async function readWhole(
  folder: ModelFolder,
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const sizeBytes = await folder.size(path)
  if (sizeBytes === null) {
    throw new ModelError(`The model has no file ${path}.`, { data: { code: 'MISSING_FILE', path } })
  }
  if (sizeBytes > maxBytes) {
    throw new ModelError(`${path} has ${sizeBytes} bytes, more than ${maxBytes}.`, {
      data: { code: 'BAD_CONFIG' },
    })
  }
  return folder.read(path, 0, sizeBytes)
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
