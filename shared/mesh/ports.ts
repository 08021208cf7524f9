/** What the mesh needs from its platform, so that the whole of it also runs in one process on virtual time. */

/** Time in milliseconds on a clock that never goes back, and timers on the same clock. */
export interface Clock {
  now(): number
  /** Calls `handler` once; returns the way to cancel. */
  after(delayMs: number, handler: () => void): () => void
  /** Calls `handler` again and again; returns the way to cancel. */
  every(intervalMs: number, handler: () => void): () => void
}

/** The real clock of tab, worker and Node. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, handler) {
    const timer = setTimeout(handler, delayMs)
    return () => clearTimeout(timer)
  },
  every(intervalMs, handler) {
    const timer = setInterval(handler, intervalMs)
    return () => clearInterval(timer)
  },
}

/**
 * One message pipe to one neighbour: ordered and reliable for frames, unordered and lossy for beats. A message is at
 * most `MAX_MESSAGE_BYTES`. Data channels, MessagePorts and libp2p streams all fit behind it.
 */
export interface FrameChannel {
  /** Settles when messages can flow; rejects if the channel closes first. */
  readonly opened: Promise<void>
  /** Bytes handed over and not yet on the wire. */
  readonly bufferedBytes: number
  /** Sends one message. @throws Error when the channel is closed */
  send(message: Uint8Array<ArrayBuffer>): void
  /** Sets the one set of listeners. `onDrain` follows a send after which `bufferedBytes` was high. */
  listen(listeners: {
    onMessage(message: Uint8Array<ArrayBuffer>): void
    onDrain(): void
    onClose(): void
  }): void
  close(): void
}

/** Plain figures and short words of our own; never a prompt or a key, and nothing that a peer wrote at info or above. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Where events go: a fixed phrase, and values in `fields`. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Drops everything. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
