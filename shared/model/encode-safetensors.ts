/**
 * Encodes float32 tensors as a safetensors file.
 * @see https://huggingface.co/docs/safetensors/index#format
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = {}
  let dataBytes = 0
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [dataBytes, dataBytes + values.byteLength] }
    dataBytes += values.byteLength
  }
  const text = JSON.stringify(header)
  // Padded with spaces, so that the data starts at a multiple of 8.
  const headerBytes = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8))
  const file = new Uint8Array(8 + headerBytes.byteLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes.byteLength), true)
  file.set(headerBytes, 8)
  let offset = 8 + headerBytes.byteLength
  for (const { values } of tensors.values()) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset)
    offset += values.byteLength
  }
  return file
}
