import type { FrameChannel } from './ports.ts'
import type { WireStream } from './wire-stream.ts'

/** A libp2p stream as a frame channel: the lower rungs of the fallback ladder. */
export function streamFrameChannel(stream: WireStream): FrameChannel {
  return {
    opened: Promise.resolve(),
    get bufferedBytes() {
      return stream.bufferedBytes
    },
    send(message) {
      if (stream.closed.aborted) throw new Error('the stream is closed')
      stream.send(message)
    },
    listen(listeners) {
      stream.onDrain(() => listeners.onDrain())
      void (async () => {
        for (let message = await stream.next(); message !== null; message = await stream.next())
          listeners.onMessage(message)
        listeners.onClose()
      })()
    },
    close() {
      stream.close()
    },
  }
}
