import type { WeightFile } from './manifest.ts'

/**
 * The bytes of a tensor inside its file, not copied.
 * @throws TypeError for a tensor that a parsed manifest cannot lack
 */
export function tensorBytes(
  file: WeightFile,
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> {
  const entry = file.tensors.find((tensor) => tensor.name === name)
  if (entry === undefined) throw new TypeError(`A parsed manifest has ${name} in ${file.path}.`)
  return bytes.subarray(entry.offset, entry.offset + entry.sizeBytes)
}
