import type { PortLike } from './data-plane-port.ts'
import type { FrameChannel } from './ports.ts'

/**
 * A channel that lives in another thread, reached over a MessagePort: how the main thread lends a channel to the
 * network worker where the channel itself cannot be transferred, or is a libp2p stream.
 */
export function portFrameChannel(port: PortLike & { start(): void; close(): void }): FrameChannel {
  let bufferedBytes = 0
  let settle: { resolve: () => void; reject: (error: Error) => void } | null = null
  let listeners: Parameters<FrameChannel['listen']>[0] | null = null
  const opened = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  opened.catch(() => {
    // Whoever waits gets the rejection; nobody may be waiting.
  })
  port.addEventListener('message', ({ data }) => {
    const message = data as ChannelMessage // `lendChannel` is the only sender
    switch (message.kind) {
      case 'opened':
        settle?.resolve()
        return
      case 'message':
        listeners?.onMessage(message.bytes)
        return
      case 'drained':
        bufferedBytes = 0
        listeners?.onDrain()
        return
      case 'closed':
        settle?.reject(new Error('the channel closed'))
        port.close()
        listeners?.onClose()
        return
      default:
        message satisfies never
    }
  })
  port.start()
  return {
    opened,
    get bufferedBytes() {
      return bufferedBytes
    },
    send(message) {
      bufferedBytes += message.length
      port.postMessage({ kind: 'send', bytes: message }, [message.buffer])
    },
    listen(next) {
      listeners = next
    },
    close() {
      port.postMessage({ kind: 'close' })
    },
  }
}

type ChannelMessage =
  | { readonly kind: 'opened' | 'drained' | 'closed' }
  | { readonly kind: 'message'; readonly bytes: Uint8Array<ArrayBuffer> }
type ChannelCommand =
  { readonly kind: 'send'; readonly bytes: Uint8Array<ArrayBuffer> } | { readonly kind: 'close' }

/** The other half: serves a channel of this thread to {@link portFrameChannel}. */
export function lendChannel(channel: FrameChannel, port: PortLike & { start(): void; close(): void }): void {
  const post = (message: ChannelMessage): void => port.postMessage(message)
  const close = (): void => {
    post({ kind: 'closed' })
    port.close()
  }
  channel.opened.then(() => post({ kind: 'opened' }), close)
  channel.listen({
    onMessage: (bytes) => port.postMessage({ kind: 'message', bytes }, [bytes.buffer]),
    onDrain: () => post({ kind: 'drained' }),
    onClose: close,
  })
  port.addEventListener('message', ({ data }) => {
    const command = data as ChannelCommand // `portFrameChannel` is the only sender
    if (command.kind === 'close') {
      channel.close()
      // A port that stays open is never collected, and keeps a Node process alive.
      port.close()
      return
    }
    try {
      channel.send(command.bytes)
      // Without pressure the far side's count is cleared at once; under pressure the channel's own drain does it.
      if (channel.bufferedBytes <= LENT_LOW_WATER_BYTES) post({ kind: 'drained' })
    } catch {
      close()
    }
  })
  port.start()
}

/** Half of the link's high-water mark, as for a channel of the same thread. */
const LENT_LOW_WATER_BYTES = 512 * 1024
