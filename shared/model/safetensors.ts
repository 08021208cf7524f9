import { ModelError } from './model-error.ts'

/** The part of a file system that the readers need. Paths are relative, with forward slashes. */
export interface ModelFolder {
  /** Size of a file, or null where there is none. */
  size(path: string): Promise<number | null>
  /** Reads exactly `sizeBytes` from `offset`; the caller owns the result. */
  read(path: string, offset: number, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>>
}

export type SafetensorsType = 'F32' | 'F16' | 'BF16'

/** Where a tensor lies: `offset` counts from the start of the file. */
export interface SafetensorsEntry {
  readonly path: string
  readonly name: string
  readonly type: SafetensorsType
  readonly shape: readonly number[]
  readonly offset: number
  readonly sizeBytes: number
}

// A header lists names, shapes and offsets: 405B-sized models need under 1 MB. The format's own limit is 100 MB.
const MAX_HEADER_BYTES = 16 * 1024 * 1024
// The most layers that we accept, times tensors of a layer, with room for formats that split more finely.
const MAX_TENSORS = 16_384
const BYTES_PER_ELEMENT: Readonly<Record<SafetensorsType, number>> = { F32: 4, F16: 2, BF16: 2 }

/**
 * Reads the header of one safetensors file and checks every entry against the file: known type, sane shape, size equal
 * to shape times type, inside the file, no overlap. Tensors of other types are refused only when they are read.
 * @throws ModelError `BAD_SAFETENSORS`, `MISSING_FILE`
 * @see https://huggingface.co/docs/safetensors/index#format
 */
export async function readSafetensorsHeader(
  folder: ModelFolder,
  path: string,
): Promise<ReadonlyMap<string, SafetensorsEntry>> {
  const fileBytes = await folder.size(path)
  if (fileBytes === null) {
    throw new ModelError(`The model has no file ${path}.`, { data: { code: 'MISSING_FILE', path } })
  }
  if (fileBytes < 8) throw bad(path, `it has ${fileBytes} bytes and a header length alone takes 8`)
  const lengthBytes = await folder.read(path, 0, 8)
  const headerBytes = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true)
  if (headerBytes > BigInt(MAX_HEADER_BYTES)) {
    throw bad(path, `its header claims ${headerBytes} bytes, more than ${MAX_HEADER_BYTES}`)
  }
  const dataStart = 8 + Number(headerBytes)
  if (dataStart > fileBytes)
    throw bad(path, `its header claims ${headerBytes} bytes and the file ends before that`)

  const header = parseHeader(path, await folder.read(path, 8, Number(headerBytes)))
  const entries = new Map<string, SafetensorsEntry>()
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue
    if (entries.size === MAX_TENSORS) throw bad(path, `it lists more than ${MAX_TENSORS} tensors`)
    entries.set(name, parseEntry(path, name, value, dataStart, fileBytes))
  }
  checkOverlap(path, [...entries.values()])
  return entries
}

/**
 * Reads a tensor as float32, row-major.
 * @throws ModelError `BAD_SAFETENSORS` if the file is shorter than its header said
 */
export async function readSafetensorsTensor(
  folder: ModelFolder,
  entry: SafetensorsEntry,
): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await folder.read(entry.path, entry.offset, entry.sizeBytes)
  if (bytes.byteLength !== entry.sizeBytes) throw bad(entry.path, `it ends inside tensor ${entry.name}`)
  switch (entry.type) {
    case 'F32':
      // A copy where the bytes are not aligned; safetensors is little-endian, as are all hosts of our engines.
      return new Float32Array(
        bytes.byteOffset % 4 === 0 ? bytes.buffer : bytes.slice().buffer,
        bytes.byteOffset % 4 === 0 ? bytes.byteOffset : 0,
        entry.sizeBytes / 4,
      )
    case 'BF16':
      return widenBfloat16(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    case 'F16':
      return widenFloat16(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw bad(path, 'its header is no JSON', cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw bad(path, 'its header is no JSON object')
  }
  return header as Record<string, unknown> // an object, checked above
}

function parseEntry(
  path: string,
  name: string,
  value: unknown,
  dataStart: number,
  fileBytes: number,
): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown> // each field is checked
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw bad(path, `tensor ${name} has type ${JSON.stringify(dtype)}; F32, F16 and BF16 are supported`)
  }
  if (!isSizes(shape) || shape.length > 4) throw bad(path, `tensor ${name} has a malformed shape`)
  if (!isSizes(offsets) || offsets.length !== 2) throw bad(path, `tensor ${name} has malformed offsets`)
  const [begin, end] = offsets as [number, number] // two, checked above
  const sizeBytes = shape.reduce((product, size) => product * size, BYTES_PER_ELEMENT[dtype])
  if (!Number.isSafeInteger(sizeBytes) || end - begin !== sizeBytes) {
    throw bad(path, `tensor ${name} of shape [${shape.join(', ')}] does not take ${end - begin} bytes`)
  }
  if (dataStart + end > fileBytes) {
    throw bad(path, `tensor ${name} ends at byte ${dataStart + end} and the file at ${fileBytes}`)
  }
  return { path, name, type: dtype, shape, offset: dataStart + begin, sizeBytes }
}

function checkOverlap(path: string, entries: SafetensorsEntry[]): void {
  const filled = entries.filter((entry) => entry.sizeBytes > 0).sort((a, b) => a.offset - b.offset)
  let previous: SafetensorsEntry | undefined
  for (const entry of filled) {
    if (previous !== undefined && previous.offset + previous.sizeBytes > entry.offset) {
      throw bad(path, `tensors ${previous.name} and ${entry.name} overlap`)
    }
    previous = entry
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

function widenBfloat16(view: DataView): Float32Array<ArrayBuffer> {
  const values = new Float32Array(view.byteLength / 2)
  const bits = new Uint32Array(values.buffer)
  for (let i = 0; i < bits.length; i++) bits[i] = view.getUint16(2 * i, true) << 16
  return values
}

function widenFloat16(view: DataView): Float32Array<ArrayBuffer> {
  const values = new Float32Array(view.byteLength / 2)
  for (let i = 0; i < values.length; i++) {
    const half = view.getUint16(2 * i, true)
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Infinity
            : NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15)
    values[i] = half & 0x8000 ? -magnitude : magnitude
  }
  return values
}

function bad(path: string, what: string, cause?: unknown): ModelError {
  return new ModelError(`${path} is no sound safetensors file: ${what}.`, {
    data: { code: 'BAD_SAFETENSORS', path },
    metaMessages: ['A download that broke off is the usual cause: fetch the file again.'],
    cause,
  })
}
