import { tensorBytes } from '../model/weight-views.ts'
import type { WeightFile } from '../model/manifest.ts'
import { EngineError } from './engine-error.ts'

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
    const values = new Float32Array(tensorBytes(file, bytes, entry.name).slice().buffer)
    const index = values.findIndex((value) => !Number.isFinite(value))
    if (index !== -1)
      throw badWeights(`${file.path} holds ${values[index]} in ${entry.name}, element ${index}`)
  }
}

function badWeights(what: string): EngineError {
  return new EngineError(`These weights cannot be loaded: ${what}.`, {
    data: { code: 'BAD_WEIGHTS' },
    metaMessages: ['Fetch the model again; if it was packed here, pack it again.'],
  })
}
