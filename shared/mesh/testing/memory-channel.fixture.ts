import type { Clock, FrameChannel } from '../ports.ts'

export interface MemoryChannelPair {
  readonly a: FrameChannel
  readonly b: FrameChannel
  /** Messages sent from now on are lost, silently: a frozen tab or a cut cable. */
  cut(): void
  /** Changes messages on their way. */
  tamper(change: (message: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null): void
}

/** Two ends of a pipe in one process, with a set delay each way. */
export function memoryChannelPair(clock: Clock, delayMs: number): MemoryChannelPair {
  let isCut = false
  let change: (message: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null = (message) => message
  const ends = [new End(), new End()] as const
  const connect = (from: End, to: End): void => {
    from.deliver = (message) => {
      if (isCut) return
      const changed = change(message.slice())
      if (changed !== null) clock.after(delayMs, () => to.receive(changed))
    }
    from.closePeer = () => clock.after(delayMs, () => to.remoteClosed())
  }
  connect(ends[0], ends[1])
  connect(ends[1], ends[0])
  return {
    a: ends[0],
    b: ends[1],
    cut: () => {
      isCut = true
    },
    tamper: (next) => {
      change = next
    },
  }
}

class End implements FrameChannel {
  readonly opened = Promise.resolve()
  readonly bufferedBytes = 0
  deliver: (message: Uint8Array<ArrayBuffer>) => void = () => {}
  closePeer: () => void = () => {}
  #listeners: Parameters<FrameChannel['listen']>[0] | null = null
  #isClosed = false

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) throw new Error('closed')
    this.deliver(message)
  }

  listen(listeners: Parameters<FrameChannel['listen']>[0]): void {
    this.#listeners = listeners
  }

  receive(message: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#listeners?.onMessage(message)
  }

  remoteClosed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listeners?.onClose()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.closePeer()
  }
}
