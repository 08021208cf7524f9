import { checkInteger, protocolError } from './checks.ts'
import type { ProtocolError } from './protocol-error.ts'

/** A libp2p stream keeps no message boundaries: each message is preceded by its length, u32 little-endian. */
export const LENGTH_PREFIX_BYTES = 4

/** Where the buffer of a message starts to grow, so that a dribble of single bytes does not reallocate each time. */
const FIRST_BUFFER_BYTES = 1024

/** Prefixes one message with its length; the bytes are copied. @throws ProtocolError `TOO_LARGE` from 2^32 bytes */
export function encodeLengthPrefixed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > 0xffff_ffff) throw protocolError('TOO_LARGE', 'A message has less than 4 GiB.')
  const framed = new Uint8Array(LENGTH_PREFIX_BYTES + bytes.length)
  new DataView(framed.buffer).setUint32(0, bytes.length, true)
  framed.set(bytes, LENGTH_PREFIX_BYTES)
  return framed
}

/**
 * Finds the messages in a stream of chunks.
 *
 * Holds at most 1 KiB or twice the bytes that have arrived of the unfinished message, and never more than
 * `maxMessageBytes`, whatever length was declared and however small the chunks are. After a throw the stream has lost
 * its boundaries: every later `push` throws too.
 */
export class LengthPrefixedDecoder {
  readonly #maxMessageBytes: number
  readonly #prefix = new Uint8Array(LENGTH_PREFIX_BYTES)
  #prefixLength = 0
  /** Of the message under way; 0 while its prefix is incomplete. */
  #messageBytes = 0
  #buffer = new Uint8Array(0)
  #bufferedBytes = 0
  #isBroken = false

  constructor(maxMessageBytes: number) {
    checkInteger(maxMessageBytes, 'maxMessageBytes', 1, 0xffff_ffff)
    this.#maxMessageBytes = maxMessageBytes
  }

  /** True between messages: a stream that ends elsewhere was cut. */
  get isBetweenMessages(): boolean {
    return this.#prefixLength === 0
  }

  /**
   * Returns the messages that `chunk` completes, in order, each in a buffer of its own. `chunk` is not kept.
   * @throws ProtocolError `TOO_LARGE` as soon as a length above `maxMessageBytes` is declared
   */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer>[] {
    if (this.#isBroken) throw this.#tooLarge()
    const messages: Uint8Array<ArrayBuffer>[] = []
    let offset = 0
    while (offset < chunk.length) {
      if (this.#prefixLength < LENGTH_PREFIX_BYTES) {
        this.#prefix[this.#prefixLength++] = chunk[offset++] ?? 0
        if (this.#prefixLength < LENGTH_PREFIX_BYTES) continue
        this.#begin()
      } else {
        const taken = chunk.subarray(offset, offset + this.#messageBytes - this.#bufferedBytes)
        this.#append(taken)
        offset += taken.length
      }
      if (this.#bufferedBytes === this.#messageBytes) messages.push(this.#finish())
    }
    return messages
  }

  #begin(): void {
    this.#messageBytes = new DataView(this.#prefix.buffer).getUint32(0, true)
    if (this.#messageBytes > this.#maxMessageBytes) {
      this.#isBroken = true
      throw this.#tooLarge()
    }
  }

  #append(taken: Uint8Array): void {
    const needed = this.#bufferedBytes + taken.length
    if (needed > this.#buffer.length) {
      const size = Math.min(this.#messageBytes, Math.max(2 * this.#buffer.length, FIRST_BUFFER_BYTES, needed))
      const grown = new Uint8Array(size)
      grown.set(this.#buffer.subarray(0, this.#bufferedBytes))
      this.#buffer = grown
    }
    this.#buffer.set(taken, this.#bufferedBytes)
    this.#bufferedBytes = needed
  }

  #finish(): Uint8Array<ArrayBuffer> {
    // The last growth was to #messageBytes or the message came at once, so the buffer is exactly the message.
    const message = this.#buffer
    this.#buffer = new Uint8Array(0)
    this.#bufferedBytes = 0
    this.#messageBytes = 0
    this.#prefixLength = 0
    return message
  }

  #tooLarge(): ProtocolError {
    return protocolError('TOO_LARGE', `A message of this stream has at most ${this.#maxMessageBytes} bytes.`)
  }
}
