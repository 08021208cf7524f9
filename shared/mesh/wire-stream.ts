import type { Stream } from '@libp2p/interface'
import { encodeLengthPrefixed, LengthPrefixedDecoder } from '../protocol/length-prefixed.ts'

/**
 * What may wait for the reader; a peer that floods a stream faster than it is read is cut off. The tokens of the longest
 * answer (131,072 messages of a dozen bytes) fit, for a reader that takes its time.
 */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024
/** Memory of a waiting message beside its bytes: without it empty messages would wait for nothing. */
const UNREAD_OVERHEAD_BYTES = 64

/**
 * A libp2p stream that carries whole messages: libp2p keeps no boundaries, so each message is length-prefixed.
 *
 * Incoming messages are queued until {@link WireStream.next} takes them. Anything that is not well-formed aborts the
 * stream, which the other side sees as a reset.
 */
export class WireStream {
  readonly #stream: Stream
  readonly #decoder: LengthPrefixedDecoder
  readonly #unread: Uint8Array<ArrayBuffer>[] = []
  readonly #abort = new AbortController()
  #unreadBytes = 0
  #wake: (() => void) | null = null
  #isClosed = false

  constructor(stream: Stream, maxMessageBytes: number) {
    this.#stream = stream
    this.#decoder = new LengthPrefixedDecoder(maxMessageBytes)
    stream.addEventListener('message', (event) => {
      const { data } = event
      try {
        for (const message of this.#decoder.push(data instanceof Uint8Array ? data : data.subarray())) {
          this.#unread.push(message) // the decoder copies
          this.#unreadBytes += message.length + UNREAD_OVERHEAD_BYTES
        }
        if (this.#unreadBytes > MAX_UNREAD_BYTES) throw new Error('unread messages over the limit')
        this.#wake?.()
      } catch (error) {
        this.abort(error instanceof Error ? error : new Error(String(error)))
      }
    })
    const onEnd = (): void => this.#finish()
    stream.addEventListener('close', onEnd)
    stream.addEventListener('remoteCloseWrite', onEnd)
    // A stream may have ended before it came here, and its event with it. What it still holds is delivered by a
    // microtask that the first listener queued, so the end is queued behind it.
    if (stream.status !== 'open' || stream.remoteWriteStatus === 'closed') queueMicrotask(onEnd)
  }

  /** Aborts when the other side closes or resets the stream, or this side does. */
  get closed(): AbortSignal {
    return this.#abort.signal
  }

  /** Bytes that the transport has not yet taken. */
  get bufferedBytes(): number {
    return this.#stream.writeBufferLength
  }

  /** Sends one message. Returns false if the transport asks to wait for {@link WireStream.onDrain}. */
  send(message: Uint8Array): boolean {
    return this.#stream.send(encodeLengthPrefixed(message))
  }

  onDrain(listener: () => void): void {
    // The event, not `stream.onDrain()`: that promise is never renewed (docs/mesh.md, transport pitfalls).
    this.#stream.addEventListener('drain', listener)
  }

  /**
   * The next message, or null once the stream has ended and all messages were taken. Rejects when `signal` aborts
   * before a message is there: what has arrived is never lost to a limit of time.
   */
  async next(signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    for (;;) {
      const message = this.#unread.shift()
      if (message !== undefined) {
        this.#unreadBytes -= message.length + UNREAD_OVERHEAD_BYTES
        return message
      }
      if (this.#isClosed) return null
      signal?.throwIfAborted()
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#wake = wake
        signal?.addEventListener('abort', wake)
      })
      this.#wake = null
    }
  }

  /** Ends the stream in good order; what was sent still arrives. */
  close(): void {
    this.#finish()
    this.#stream.close().catch((error: unknown) => {
      this.#stream.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }

  abort(error: Error): void {
    this.#finish()
    this.#stream.abort(error)
  }

  #finish(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#abort.abort()
    this.#wake?.()
  }
}
