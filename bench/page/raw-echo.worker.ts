/// <reference lib="webworker" />

declare const self: DedicatedWorkerGlobalScope

/** Page -> worker: take the channel and echo, or time `rounds` echoes of `sizeBytes`, `pauseMs` after one another. */
export type RawCommand =
  | { readonly kind: 'take'; readonly channel: RTCDataChannel; readonly isEcho: boolean }
  | {
      readonly kind: 'measure'
      readonly sizeBytes: number
      readonly rounds: number
      readonly pauseMs: number
    }

let channel: RTCDataChannel | null = null
let onReply: (() => void) | null = null

self.addEventListener('message', ({ data }: MessageEvent<RawCommand>) => {
  if (data.kind === 'take') {
    channel = data.channel
    channel.binaryType = 'arraybuffer'
    channel.addEventListener('message', (event: MessageEvent<ArrayBuffer>) => {
      if (data.isEcho) channel?.send(event.data)
      else onReply?.()
    })
    if (channel.readyState === 'open') self.postMessage('open')
    channel.addEventListener('open', () => self.postMessage('open'))
    return
  }
  void measure(data.sizeBytes, data.rounds, data.pauseMs).then((roundTrips) => self.postMessage(roundTrips))
})

async function measure(sizeBytes: number, rounds: number, pauseMs: number): Promise<number[]> {
  const payload = new Uint8Array(sizeBytes)
  const roundTrips: number[] = []
  for (let round = 0; round < rounds; round++) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    const startMs = performance.now()
    const replied = new Promise<void>((resolve) => {
      onReply = resolve
    })
    channel?.send(payload)
    await replied
    roundTrips.push(performance.now() - startMs)
  }
  return roundTrips
}
