import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../protocol/frame/frame.ts'
import type { FrameChannel } from './ports.ts'

/** The part of `RTCDataChannel` that Chromium, Firefox and node-datachannel share; `shared/` has no DOM types. */
export interface DataChannelLike {
  binaryType: string
  bufferedAmountLowThreshold: number
  readonly bufferedAmount: number
  readonly readyState: string
  send(data: Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void
}

/** Half of the link's high-water mark: refill before the wire runs dry. */
const LOW_WATER_BYTES = 512 * 1024

/** Wraps a data channel. Call it in the task that made or received the channel, or messages may be missed. */
export function dataChannelFrameChannel(channel: DataChannelLike): FrameChannel {
  channel.binaryType = 'arraybuffer'
  channel.bufferedAmountLowThreshold = LOW_WATER_BYTES
  const early: Uint8Array<ArrayBuffer>[] = []
  let listeners: Parameters<FrameChannel['listen']>[0] | null = null
  const opened = new Promise<void>((resolve, reject) => {
    if (channel.readyState === 'open') resolve()
    channel.addEventListener('open', () => resolve())
    channel.addEventListener('close', () => reject(new Error('the data channel closed before it opened')))
    channel.addEventListener('error', () => reject(new Error('the data channel failed')))
  })
  // Nobody may be waiting when a channel closes; whoever is gets the rejection from the same promise.
  opened.catch(() => {})
  channel.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return
    const message = new Uint8Array(data)
    if (listeners !== null) listeners.onMessage(message)
    // A frame may overtake the hand-over of the channel to its link; two full messages are more than that takes.
    else if (early.length < 2 && message.length <= MAX_MESSAGE_BYTES + FRAME_HEADER_BYTES) early.push(message)
  })
  channel.addEventListener('bufferedamountlow', () => listeners?.onDrain())
  channel.addEventListener('close', () => listeners?.onClose())
  return {
    opened,
    get bufferedBytes() {
      return channel.bufferedAmount
    },
    send(message) {
      if (channel.readyState !== 'open') throw new Error(`the data channel is ${channel.readyState}`)
      channel.send(message)
    },
    listen(next) {
      listeners = next
      for (const message of early.splice(0)) next.onMessage(message)
    },
    close() {
      channel.close()
    },
  }
}
