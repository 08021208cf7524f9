import type { TensorEntry, WeightFile } from '../model/manifest.ts'
import { EngineError } from './engine-error.ts'

/** The bytes of a tensor inside its file, not copied. */
export function tensorBytes(
  file: WeightFile,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> {
  return entryBytes(findEntry(file, name), bytes)
}

/** A copy of a float32 tensor. */
export function floatTensor(
  file: WeightFile,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Float32Array<ArrayBuffer> {
  return new Float32Array(tensorBytes(file, bytes, name).slice().buffer)
}

/**
 * Checks a weight file before a device sees it: its size, and every float in it (integers cannot be NaN).
 * @throws EngineError `BAD_WEIGHTS`
 */
export function checkWeightFile(file: WeightFile, bytes: Uint8Array<ArrayBuffer> | undefined): void {
  if (bytes === undefined) throw badWeights(`${file.path} was not given`)
  if (bytes.byteLength !== file.sizeBytes) {
    throw badWeights(`${file.path} has ${bytes.byteLength} bytes; the manifest says ${file.sizeBytes}`)
  }
  for (const entry of file.tensors) {
    if (entry.dataType !== 'float32') continue
    const values = new Float32Array(entryBytes(entry, bytes).slice().buffer)
    const index = values.findIndex((value) => !Number.isFinite(value))
    if (index !== -1)
      throw badWeights(`${file.path} holds ${values[index]} in ${entry.name}, element ${index}`)
  }
}

function findEntry(file: WeightFile, name: string): TensorEntry {
  const entry = file.tensors.find((tensor) => tensor.name === name)
  if (entry === undefined) throw badWeights(`${file.path} has no tensor ${name}`)
  return entry
}

function entryBytes(entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.subarray(entry.offset, entry.offset + entry.sizeBytes)
}

function badWeights(what: string): EngineError {
  return new EngineError(`These weights cannot be loaded: ${what}.`, {
    data: { code: 'BAD_WEIGHTS' },
    metaMessages: ['Fetch the model again; if it was packed here, pack it again.'],
  })
}
