import { describe, expect, it } from 'vitest'
import { readServerSentEvents, SseParser } from './sse-parser.ts'

const stream =
  'data: {"a":1}\n\nevent: end\r\ndata: x\r\ndata:y\r\n\r\n: note\n\ndata: é🙂\r\rdata: [DONE]\n\n'
const expected = [
  { name: 'message', data: '{"a":1}' },
  { name: 'end', data: 'x\ny' },
  { name: 'message', data: 'é🙂' },
  { name: 'message', data: '[DONE]' },
]

describe('SseParser', () => {
  it.each([1, 2, 3, 5, 7, 1000])('gives the same events in pieces of %i characters', (size) => {
    const parser = new SseParser()
    const events = []
    for (let i = 0; i < stream.length; i += size) events.push(...parser.push(stream.slice(i, i + size)))
    expect(events).toEqual(expected)
  })

  it('drops an event that the stream broke off', () => {
    const parser = new SseParser()
    expect(parser.push('data: whole\n\ndata: half')).toEqual([{ name: 'message', data: 'whole' }])
    expect(parser.push('')).toEqual([])
  })

  it('keeps empty data lines and ignores events without data', () => {
    expect(new SseParser().push('event: ping\n\ndata\ndata:\n\n')).toEqual([{ name: 'message', data: '\n' }])
  })

  it('removes one leading space only, and a byte order mark', () => {
    expect(new SseParser().push('\uFEFFdata:  two\n\n')).toEqual([{ name: 'message', data: ' two' }])
  })

  it('refuses an event without an end', () => {
    const parser = new SseParser()
    const megabyte = 'x'.repeat(1_048_570)
    expect(() => parser.push(`data: ${megabyte}`)).not.toThrow()
    expect(() => parser.push('y')).toThrow(RangeError)
  })
})

describe('readServerSentEvents', () => {
  it('decodes characters that are split between network pieces', async () => {
    const bytes = new TextEncoder().encode(stream)
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const events = []
    for await (const event of readServerSentEvents(body)) events.push(event)
    expect(events).toEqual(expected)
  })

  it('cancels the body when the reader leaves the loop', async () => {
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
      cancel: () => void (isCancelled = true),
    })
    for await (const event of readServerSentEvents(body)) {
      expect(event.data).toBe('1')
      break
    }
    expect(isCancelled).toBe(true)
  })
})
