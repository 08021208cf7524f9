const encoder = new TextEncoder()

/** Formats one server-sent event. `json` is one line, as `JSON.stringify` writes it. */
export function sseData(json: string): string {
  return `data: ${json}\n\n`
}

/**
 * Turns a generator of formatted events into a response body. The reader sets the pace: nothing is generated ahead of
 * it. While the generator is silent, comment lines keep proxies from closing the connection. When the reader leaves,
 * `onCancel` is called and the generator's `finally` runs.
 */
export function eventStreamBody(
  events: AsyncGenerator<string, void, undefined>,
  options: { readonly keepAliveMs: number; readonly onCancel: () => void },
): ReadableStream<Uint8Array> {
  let pending: Promise<IteratorResult<string, void>> | undefined
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      pending ??= events.next()
      const result = await within(pending, options.keepAliveMs)
      if (result === 'silent') {
        controller.enqueue(encoder.encode(': keep-alive\n\n'))
        return
      }
      pending = undefined
      if (result.done === true) controller.close()
      else controller.enqueue(encoder.encode(result.value))
    },
    async cancel() {
      options.onCancel()
      // A `next` under way was just aborted and may reject: the reader is gone, nobody is left to be told.
      await Promise.allSettled([pending, events.return()])
    },
  })
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | 'silent'> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), timeoutMs)
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}

/** Headers of an event stream; the last one tells nginx not to collect it. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const
