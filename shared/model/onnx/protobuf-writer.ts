/** Appends protobuf fields to a growing list of chunks; just what ONNX needs. */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = []
  #sizeBytes = 0

  /** A varint field. `value` is a non-negative safe integer. */
  uint(field: number, value: number): this {
    this.#push(varint(field * 8))
    this.#push(varint(value))
    return this
  }

  /** A 32-bit float field. */
  float(field: number, value: number): this {
    this.#push(varint(field * 8 + 5))
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.#push(bytes)
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    this.#push(varint(field * 8 + 2))
    this.#push(varint(value.byteLength))
    this.#push(value)
    return this
  }

  /** A nested message, written by `write`. */
  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const nested = new ProtobufWriter()
    write(nested)
    return this.bytes(field, nested.finish())
  }

  /** All fields so far as one array. */
  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#sizeBytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, offset)
      offset += chunk.byteLength
    }
    return all
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.byteLength
  }
}

// Divides rather than shifts: offsets of tensors may pass 2^32.
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`No varint for ${value}.`)
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
