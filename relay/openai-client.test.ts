import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import OpenAI, { APIError } from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SessionError } from '../shared/mesh/session-error.ts'
import type { TestRelay } from './testing/relay.fixture.ts'
import {
  createTestRelay,
  PEER_B,
  says,
  saysThenThrows,
  saysThenWaits,
  throws,
} from './testing/relay.fixture.ts'

let relay: TestRelay
let server: Server
let client: OpenAI
let origin: string

beforeEach(async () => {
  relay = createTestRelay({ limits: { generationsPerClient: 2 } })
  // The way in which the mesh host's WebSocket listener hands requests over.
  const listener = getRequestListener((request, env) => relay.app.fetch(request, env), {
    overrideGlobalObjects: false,
  })
  server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP server's address is no string
  client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'none', maxRetries: 0 })
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const messages = [{ role: 'user' as const, content: 'Hi' }]

describe('the official OpenAI client', () => {
  it('gets a whole answer', async () => {
    const answer = await client.chat.completions.create({ model: 'guide', messages })
    expect(answer.choices[0]?.message.content).toBe('Hello, world!')
    expect(answer.usage).toEqual({ prompt_tokens: 8, completion_tokens: 13, total_tokens: 21 })
  })

  it('gets a stream with usage', async () => {
    relay.asker.script = says('naïve 🎉')
    const stream = await client.chat.completions.create({
      model: 'guide',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown = null
    let finishReason: unknown = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      finishReason = chunk.choices[0]?.finish_reason ?? finishReason
      usage = chunk.usage ?? usage
    }
    expect(text).toBe('naïve 🎉')
    expect(finishReason).toBe('stop')
    expect(usage).toEqual({ prompt_tokens: 8, completion_tokens: 11, total_tokens: 19 })
  })

  it('can send back the message that it got', async () => {
    const first = await client.chat.completions.create({ model: 'guide', messages })
    const second = await client.chat.completions.create({
      model: 'guide',
      messages: [...messages, first.choices[0]!.message, ...messages],
    })
    expect(second.choices[0]?.finish_reason).toBe('stop')
  })

  it('gets text completions, and the list of models', async () => {
    const answer = await client.completions.create({ model: 'guide', prompt: 'Hi' })
    expect(answer.choices[0]?.text).toBe('Hello, world!')
    const models = []
    for await (const model of client.models.list()) models.push(model.id)
    expect(models).toEqual(['guide'])
    expect((await client.models.retrieve('guide')).owned_by).toBe('racemesh')
  })

  it('cancels on every stage when a stream is aborted', async () => {
    relay.asker.script = saysThenWaits('Hello')
    const stream = await client.chat.completions.create({ model: 'guide', messages, stream: true })
    let pieces = 0
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content === 'H') expect(relay.asker.open).toBe(1)
      if (++pieces === 3) stream.controller.abort()
    }
    await expect.poll(() => relay.asker.open).toBe(0)
    await expectSlotsFree()
  })

  it('cancels on every stage when a whole answer is aborted', async () => {
    relay.asker.script = saysThenWaits('Hello')
    const leaving = new AbortController()
    const answer = client.chat.completions.create({ model: 'guide', messages }, { signal: leaving.signal })
    await expect.poll(() => relay.asker.open).toBe(1)
    leaving.abort()
    await expect(answer).rejects.toThrow('aborted')
    await expect.poll(() => relay.asker.open).toBe(0)
    await expectSlotsFree()
  })

  it('throws an APIError with status, code and param', async () => {
    const error: unknown = await client.chat.completions
      .create({ model: 'guide', messages, n: 2 })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'n' })
    await expect(client.chat.completions.create({ model: 'x', messages })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
  })

  it('throws when a peer is lost in the middle of a stream', async () => {
    relay.asker.script = saysThenThrows(
      'Half',
      new SessionError('x', { data: { code: 'PEER_LOST', peerId: PEER_B } }),
    )
    const stream = await client.chat.completions.create({ model: 'guide', messages, stream: true })
    let text = ''
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    })()
    const error: unknown = await reading.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'peer_lost' })
    expect(text).toBe('Half')
  })

  it('waits as long as retry-after says, and then succeeds', async () => {
    relay.asker.script = throws(new SessionError('x', { data: { code: 'BUSY' } }))
    const retrying = client.withOptions({ maxRetries: 1 })
    const startedAtMs = performance.now()
    const answer = retrying.chat.completions.create({ model: 'guide', messages })
    await expect.poll(() => relay.asker.requests.length).toBe(1)
    relay.asker.script = says('now')
    expect((await answer).choices[0]?.message.content).toBe('now')
    expect(performance.now() - startedAtMs).toBeGreaterThan(1900)
  })

  it('drops the connection of a body that grows beyond the limit', async () => {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      body: new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(65_536).fill(0x20))
        },
      }),
      duplex: 'half',
    } as RequestInit).catch(() => null)
    // Either the refusal arrives, or the connection is closed under the endless body first.
    if (response !== null) expect(response.status).toBe(413)
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  })

  /** Both slots of this client can be taken again. */
  async function expectSlotsFree(): Promise<void> {
    relay.asker.script = says('ok')
    const answers = [1, 2].map(() => client.chat.completions.create({ model: 'guide', messages }))
    for (const answer of await Promise.all(answers)) expect(answer.choices[0]?.message.content).toBe('ok')
  }
})
