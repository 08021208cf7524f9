/** One event of a `text/event-stream`; `name` is `message` when the stream did not say. */
export interface ServerSentEvent {
  readonly name: string
  readonly data: string
}

// An answer chunk is a few hundred bytes and a route of 64 stages about 12 KiB; what is larger is not ours.
const MAX_EVENT_CHARACTERS = 1_048_576

/**
 * Cuts an event stream into events, whatever the sizes of the pieces that the network delivers.
 * Follows the parsing rules of the HTML standard, section 9.2.6: LF, CR and CRLF end a line, a blank line ends an
 * event, lines that start with a colon are comments, and an event that the stream breaks off is dropped.
 */
export class SseParser {
  #rest = ''
  #name = ''
  #data: string[] = []
  #size = 0
  #isFirst = true

  /** Takes the next piece of decoded text and returns the events that it completed. @throws RangeError on an endless event */
  push(piece: string): readonly ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    let text = this.#rest + piece
    if (this.#isFirst && text.length > 0) {
      this.#isFirst = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    let start = 0
    for (let i = 0; i < text.length; i++) {
      const character = text[i]
      if (character !== '\n' && character !== '\r') continue
      // A CR at the very end may be half of a CRLF: wait for the next piece.
      if (character === '\r' && i === text.length - 1) break
      const event = this.#line(text.slice(start, i))
      if (event !== undefined) events.push(event)
      if (character === '\r' && text[i + 1] === '\n') i++
      start = i + 1
    }
    this.#rest = text.slice(start)
    if (this.#rest.length + this.#size > MAX_EVENT_CHARACTERS) {
      throw new RangeError(`An event of the stream is longer than ${MAX_EVENT_CHARACTERS} characters.`)
    }
    return events
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch()
    if (line.startsWith(':')) return undefined
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.#name = value
    if (field === 'data') {
      this.#data.push(value)
      this.#size += value.length
    }
    return undefined
  }

  #dispatch(): ServerSentEvent | undefined {
    const event =
      this.#data.length === 0
        ? undefined
        : { name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n') }
    this.#name = ''
    this.#data = []
    this.#size = 0
    return event
  }
}

/** Reads a response body as events until it ends. Leaving the loop cancels the body. */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parser = new SseParser()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isDone = done
      yield* parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }))
      if (done) return
    }
  } finally {
    // Cancelling tells the relay to end the session; on an aborted fetch it rejects with that same abort.
    if (!isDone) await reader.cancel().catch(() => undefined)
  }
}
