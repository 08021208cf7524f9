import type { FrameChannel } from './ports.ts'
import type { WireStream } from './wire-stream.ts'

/** Ends a stream whose messages go on in its successor. Frames and beats are never empty. */
const END_OF_STREAM = new Uint8Array(0)

/**
 * A libp2p stream as a frame channel: the lower rungs of the fallback ladder.
 *
 * The channel may outlive its stream: both sides agree on a successor, and no message is lost or overtaken. The side
 * that leads ends the old stream with an empty message and writes to the new one; the other does the same when it
 * reads that; each reads the old stream to its end before it reads the new one.
 */
export class StreamChannel implements FrameChannel {
  readonly opened = Promise.resolve()
  /** Told the size of each message, sent or received. */
  onTraffic = (_messageBytes: number): void => {}
  #reading: WireStream
  #writing: WireStream
  #successor: WireStream | null = null
  #listeners: Parameters<FrameChannel['listen']>[0] | null = null
  #isClosed = false

  constructor(stream: WireStream) {
    this.#reading = stream
    this.#writing = stream
  }

  get bufferedBytes(): number {
    return this.#writing.bufferedBytes
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#writing.closed.aborted) throw new Error('the stream is closed')
    this.onTraffic(message.length)
    this.#writing.send(message)
  }

  listen(listeners: Parameters<FrameChannel['listen']>[0]): void {
    this.#listeners = listeners
    this.#writing.onDrain(() => listeners.onDrain())
    void this.#read()
  }

  close(): void {
    this.#isClosed = true
    for (const stream of new Set([this.#reading, this.#writing, this.#successor])) stream?.close()
  }

  /** Goes on in `successor`, which the other side has agreed to follow to. @throws Error when the channel is closed */
  lead(successor: WireStream): void {
    if (this.#isClosed || this.#writing.closed.aborted) throw new Error('the channel is closed')
    if (this.#writing !== this.#reading) throw new Error('the channel is still moving')
    this.#successor = successor
    this.#writeTo(successor)
  }

  /** Goes on in `successor` once the other side ends the stream of now, if it ever does. */
  follow(successor: WireStream): void {
    this.#successor?.close()
    this.#successor = successor
  }

  #writeTo(successor: WireStream): void {
    this.#writing.send(END_OF_STREAM)
    this.#writing = successor
    successor.onDrain(() => this.#listeners?.onDrain())
    // The old stream may have been full; its drain says nothing of the new one.
    this.#listeners?.onDrain()
  }

  async #read(): Promise<void> {
    for (let message = await this.#reading.next(); message !== null; message = await this.#reading.next()) {
      if (message.length === 0) {
        if (!this.#readOn()) break
        continue
      }
      this.onTraffic(message.length) // first: who is given a message may transfer it to another thread
      this.#listeners?.onMessage(message)
    }
    this.close()
    this.#listeners?.onClose()
  }

  /** The other side has ended the stream. False if it named none to go on in, or that one is gone. */
  #readOn(): boolean {
    const successor = this.#successor
    if (successor === null || this.#writing.closed.aborted) return false
    if (this.#writing === this.#reading) this.#writeTo(successor)
    this.#reading.close()
    this.#reading = successor
    this.#successor = null
    return true
  }
}
