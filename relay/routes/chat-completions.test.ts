import { describe, expect, it } from 'vitest'
import { SessionError } from '../../shared/mesh/session-error.ts'
import {
  byteTokenizer,
  CONTEXT_LENGTH,
  createTestRelay,
  END_TOKEN,
  MODEL_ID,
  manifest,
  modelOnDisk,
  PEER_B,
  says,
  saysThenThrows,
  saysThenWaits,
  sseEvents,
  throws,
} from '../testing/relay.fixture.ts'
import { createModelCatalogue } from '../model-catalogue.ts'
import { ModelError } from '../../shared/model/model-error.ts'

const ask = { model: 'guide', messages: [{ role: 'user', content: 'Hi' }], seed: 7 }
const CHAT = '/v1/chat/completions'

describe('POST /v1/chat/completions', () => {
  it('answers with the OpenAI body and the racemesh object', async () => {
    const relay = createTestRelay()
    const response = await relay.post(CHAT, ask)
    expect(response.status).toBe(200)
    const body = (await response.json()) as { id: string; racemesh: { session_id: string } }
    const sessionId = relay.asker.requests[0]?.sessionId
    expect(body.id).toBe(`chatcmpl-${sessionId}`)
    expect(body.racemesh.session_id).toBe(sessionId)
    expect({ ...body, id: 'ID', racemesh: { ...body.racemesh, session_id: 'SESSION' } }).toMatchSnapshot()
  })

  it('streams a route, the text, an end and [DONE]', async () => {
    const relay = createTestRelay({ script: says('Hé') })
    const response = await relay.post(CHAT, {
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = await sseEvents(response)
    expect(events.at(-1)).toBe('[DONE]')
    const sessionId = relay.asker.requests[0]?.sessionId ?? ''
    const chunks = events
      .slice(0, -1)
      .map((event) => JSON.parse(event.replaceAll(sessionId, 'SESSION')) as unknown)
    expect(chunks).toMatchSnapshot()
  })

  it('leaves usage out of a stream that did not ask for it', async () => {
    const relay = createTestRelay()
    const text = await (await relay.post(CHAT, { ...ask, stream: true })).text()
    expect(text).not.toContain('usage')
  })

  it('never sends half a character, whatever way its bytes are cut into tokens', async () => {
    const text = 'naïve café – 漢字 🎉👩‍💻 end'
    const relay = createTestRelay({ script: says(text) })
    const events = await sseEvents(await relay.post(CHAT, { ...ask, stream: true }))
    const pieces = events
      .filter((event) => event !== '[DONE]')
      .map(
        (event) =>
          (JSON.parse(event) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ??
          '',
      )
    for (const piece of pieces) expect(piece.isWellFormed() && !piece.includes('\uFFFD'), piece).toBe(true)
    expect(pieces.join('')).toBe(text)
  })

  it('passes the sampling parameters on as they are', async () => {
    const relay = createTestRelay()
    await relay.post(CHAT, {
      ...ask,
      temperature: 0.25,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      seed: 4_294_967_295,
      max_completion_tokens: 5,
      deadline_ms: 1500,
    })
    const [request] = relay.asker.requests
    expect(request).toMatchObject({
      modelId: MODEL_ID,
      maxNewTokens: 5,
      deadlineMs: 1500,
      endTokenIds: [END_TOKEN],
      promptTokenIds: byteTokenizer.encodeChat([{ role: 'user', content: 'Hi' }]),
      sampling: {
        temperature: 0.25,
        topP: 0.9,
        topK: 40,
        minP: 0.05,
        repetitionPenalty: 1.1,
        seed: 4_294_967_295,
      },
    })
  })

  it.each([
    ['a negative seed', { seed: -1 }, { seed: 4_294_967_295 }],
    ['a seed beyond 32 bits', { seed: 2 ** 32 + 5 }, { seed: 5 }],
    ['seed -0', { seed: -0 }, { seed: 0 }],
    ['top_p 0', { top_p: 0 }, { temperature: 0, topP: 1 }],
    ['top_k -1', { top_k: -1 }, { topK: 0 }],
    ['nothing', {}, { temperature: 0.7, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 }],
  ])('maps %s', async (_, extra, expected) => {
    const relay = createTestRelay()
    await relay.post(CHAT, { ...ask, ...extra })
    expect(relay.asker.requests[0]?.sampling).toMatchObject(expected)
  })

  it('draws a seed when there is none, and reports the one it drew', async () => {
    const relay = createTestRelay()
    const { seed: _, ...unseeded } = ask
    const seeds = new Set<number>()
    for (let i = 0; i < 4; i++) {
      const body = (await (await relay.post(CHAT, unseeded)).json()) as { racemesh: { seed: number } }
      expect(body.racemesh.seed).toBe(relay.asker.requests[i]?.sampling.seed)
      seeds.add(body.racemesh.seed)
    }
    expect(seeds.size).toBeGreaterThan(1)
  })

  it('joins text parts, and takes developer for system', async () => {
    const relay = createTestRelay()
    await relay.post(CHAT, {
      model: 'guide',
      messages: [
        { role: 'developer', content: 'Be kind' },
        { role: 'assistant', content: 'Yes?', refusal: null, tool_calls: [], annotations: [] },
        {
          role: 'user',
          name: 'ann',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    })
    const text = new TextDecoder().decode(Uint8Array.from(relay.asker.requests[0]?.promptTokenIds ?? []))
    expect(text).toBe('system:Be kind\nassistant:Yes?\nuser:a\nb\n')
  })

  it('finds a model by its id too', async () => {
    const relay = createTestRelay()
    const response = await relay.post(CHAT, { ...ask, model: MODEL_ID })
    expect(((await response.json()) as { model: string }).model).toBe('guide')
  })

  it('says "length" when the token limit ends the answer', async () => {
    const relay = createTestRelay({ script: says('Hello') })
    const body: unknown = await (await relay.post(CHAT, { ...ask, max_tokens: 3 })).json()
    expect(body).toMatchObject({
      choices: [{ message: { content: 'Hel' }, finish_reason: 'length' }],
      usage: { prompt_tokens: 8, completion_tokens: 3, total_tokens: 11 },
    })
  })

  it('cuts the token limit to what the context has left', async () => {
    const relay = createTestRelay()
    await relay.post(CHAT, { ...ask, max_tokens: 100_000 })
    expect(relay.asker.requests[0]?.maxNewTokens).toBe(CONTEXT_LENGTH - 8)
  })

  it('cuts the token limit to what a stage serves, where the context of the model is longer', async () => {
    const long = { ...manifest, config: { ...manifest.config, contextLength: 131_072 } }
    const models = createModelCatalogue([{ ...modelOnDisk(), manifest: long }])
    const relay = createTestRelay({ deps: { models } })
    await relay.post(CHAT, { ...ask, max_tokens: 100_000 })
    expect(relay.asker.requests[0]?.maxNewTokens).toBe(8192 - 8)
    expect(await (await relay.get('/v1/models/guide')).json()).toMatchObject({
      racemesh: { context_length: 8192 },
    })
  })

  it('stops before a stop string that spans tokens, cancels the rest, and counts what arrived', async () => {
    const relay = createTestRelay({ script: saysThenWaits('one END two') })
    const body: unknown = await (await relay.post(CHAT, { ...ask, stop: ['nothing', 'END'] })).json()
    expect(body).toMatchObject({
      choices: [{ message: { content: 'one ' }, finish_reason: 'stop' }],
      usage: { completion_tokens: 7 },
      // Cancelled stages do not report.
      racemesh: { stages: [{ peerId: expect.any(String) as string }, { peerId: PEER_B }] },
    })
    expect(relay.asker.open).toBe(0)
  })

  it('gives out what only began like a stop string', async () => {
    const relay = createTestRelay({ script: says('to the EN') })
    const body: unknown = await (await relay.post(CHAT, { ...ask, stop: 'END' })).json()
    expect(body).toMatchObject({ choices: [{ message: { content: 'to the EN' }, finish_reason: 'stop' }] })
  })

  it('answers an empty answer', async () => {
    const relay = createTestRelay({ script: says('') })
    const body: unknown = await (await relay.post(CHAT, ask)).json()
    expect(body).toMatchObject({
      choices: [{ message: { content: '' }, finish_reason: 'stop' }],
      usage: { completion_tokens: 0 },
      racemesh: { ttft_ms: null, tokens_per_second: null },
    })
  })

  it('takes a body without a content type', async () => {
    const relay = createTestRelay()
    const response = await relay.app.request(CHAT, { method: 'POST', body: JSON.stringify(ask) })
    expect(response.status).toBe(200)
  })
})

describe('refusals of POST /v1/chat/completions', () => {
  it.each([
    ['no JSON', '{'],
    ['no object', []],
    ['no model', { messages: ask.messages }],
    ['no messages', { model: 'guide' }],
    ['an unknown model', { ...ask, model: 'gpt-4' }],
    ['no message at all', { ...ask, messages: [] }],
    ['messages that are no array', { ...ask, messages: 'Hi' }],
    ['a message that is no object', { ...ask, messages: ['Hi'] }],
    ['an unknown role', { ...ask, messages: [{ role: 'robot', content: 'Hi' }] }],
    [
      'the tool role',
      { ...ask, messages: [...ask.messages, { role: 'tool', tool_call_id: 'x', content: '5' }] },
    ],
    ['tool calls', { ...ask, messages: [{ role: 'assistant', content: 'x', tool_calls: [{}] }] }],
    ['content null', { ...ask, messages: [{ role: 'user', content: null }] }],
    ['an image', { ...ask, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['a text part without text', { ...ask, messages: [{ role: 'user', content: [{ type: 'text' }] }] }],
    ['temperature 3', { ...ask, temperature: 3 }],
    ['temperature as text', { ...ask, temperature: '1' }],
    ['a fraction of a token', { ...ask, max_tokens: 1.5 }],
    ['no tokens', { ...ask, max_tokens: 0 }],
    ['two token limits that differ', { ...ask, max_tokens: 5, max_completion_tokens: 6 }],
    ['an empty stop string', { ...ask, stop: '' }],
    ['five stop strings', { ...ask, stop: ['a', 'b', 'c', 'd', 'e'] }],
    ['stream options without a stream', { ...ask, stream_options: { include_usage: true } }],
    ['unknown stream options', { ...ask, stream: true, stream_options: { loud: true } }],
    ['a deadline beyond ten minutes', { ...ask, deadline_ms: 600_001 }],
    ['a negative fee', { ...ask, max_fee: '-1' }],
    ['two answers', { ...ask, n: 2 }],
    ['tools', { ...ask, tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['JSON mode', { ...ask, response_format: { type: 'json_object' } }],
    ['log probabilities', { ...ask, logprobs: true }],
    ['a frequency penalty', { ...ask, frequency_penalty: 0.5 }],
    ['a parameter with a slip', { ...ask, temprature: 1 }],
    ['a parameter nobody knows', { ...ask, 'wild\nthing': 1 }],
    ['__proto__', '{"model":"guide","messages":[{"role":"user","content":"Hi"}],"__proto__":{"n":2}}'],
    ['a parameter of the other endpoint', { ...ask, prompt: 'Hi' }],
    [
      'a prompt beyond the context',
      { ...ask, messages: [{ role: 'user', content: 'x'.repeat(CONTEXT_LENGTH) }] },
    ],
  ])('%s', async (_, body) => {
    const relay = createTestRelay()
    const response = await relay.post(CHAT, body)
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
    expect(relay.asker.requests).toHaveLength(0)
  })

  it.each([
    [
      'zero penalties and other ways to say "off"',
      {
        frequency_penalty: 0,
        presence_penalty: 0,
        n: 1,
        logprobs: false,
        top_logprobs: 0,
        tools: [],
        tool_choice: 'auto',
        response_format: { type: 'text' },
        modalities: ['text'],
        service_tier: 'auto',
        logit_bias: {},
        reasoning_effort: 'none',
        verbosity: 'medium',
      },
    ],
    [
      'null for everything',
      { temperature: null, n: null, tools: null, stop: null, audio: null, max_tokens: null, seed: null },
    ],
    [
      'what has no effect',
      {
        user: 'ann',
        store: true,
        metadata: { a: 'b' },
        parallel_tool_calls: true,
        prompt_cache_key: 'k',
        safety_identifier: 's',
      },
    ],
    ['a fee as text', { max_fee: '0.05' }],
    ['a fee as a number', { max_fee: 0 }],
  ])('accepts %s', async (_, extra) => {
    const relay = createTestRelay()
    const response = await relay.post(CHAT, { ...ask, ...extra })
    expect(response.status, await response.clone().text()).toBe(200)
  })

  it('refuses what the chat template refuses', async () => {
    const model = modelOnDisk()
    const tokenizer = {
      ...byteTokenizer,
      encodeChat: () => {
        throw new ModelError('its chat template refuses', { data: { code: 'BAD_TOKENIZER' } })
      },
    }
    const relay = createTestRelay({ deps: { models: createModelCatalogue([{ ...model, tokenizer }]) } })
    const response = await relay.post(CHAT, ask)
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
  })

  it('does not repeat the prompt in any error', async () => {
    const relay = createTestRelay()
    const secret = 'correct-horse-battery-staple'
    for (const body of [
      { ...ask, messages: secret },
      { ...ask, messages: [{ role: secret, content: secret }] },
      { ...ask, model: secret },
      { ...ask, user: { secret } },
      { ...ask, stop: [secret.repeat(20)] },
    ]) {
      expect(await (await relay.post(CHAT, body)).text()).not.toContain(secret)
    }
  })
})

describe('a prompt far beyond the context', () => {
  it('is refused without being tokenised, because that would block the relay', async () => {
    const model = modelOnDisk()
    let encoded = 0
    const tokenizer = { ...byteTokenizer, encodeChat: () => [++encoded] }
    const relay = createTestRelay({ deps: { models: createModelCatalogue([{ ...model, tokenizer }]) } })
    const fits = CONTEXT_LENGTH * 16
    const message = (length: number) => ({
      ...ask,
      messages: [{ role: 'user', content: 'x'.repeat(length) }],
    })
    const response = await relay.post(CHAT, message(fits + 1))
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
    expect(encoded).toBe(0)
    expect((await relay.post(CHAT, message(fits))).status).toBe(200)
    expect(encoded).toBe(1)
  })
})

describe('failures of the mesh', () => {
  const failures = [
    ['no route', new SessionError('x', { data: { code: 'NO_ROUTE', missing: [{ start: 4, end: 8 }] } })],
    ['busy', new SessionError('x', { data: { code: 'BUSY' } })],
    ['a deadline', new SessionError('x', { data: { code: 'DEADLINE_PASSED', deadlineMs: 1000 } })],
    ['a lost peer', new SessionError('x', { data: { code: 'PEER_LOST', peerId: PEER_B } })],
    [
      'a failed stage',
      new SessionError('x', { data: { code: 'STAGE_FAILED', peerId: PEER_B, reason: 'engine-failed' } }),
    ],
    [
      'a full stage',
      new SessionError('x', { data: { code: 'STAGE_FAILED', peerId: PEER_B, reason: 'refused-capacity' } }),
    ],
    ['a defect of ours', new Error('secret detail')],
  ] as const

  it.each(failures)('before the route: %s', async (_, error) => {
    for (const stream of [false, true]) {
      const relay = createTestRelay({ script: throws(error) })
      const response = await relay.post(CHAT, { ...ask, stream })
      const seen = {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: (await response.json()) as unknown,
      }
      if (stream) continue
      expect(seen).toMatchSnapshot()
    }
  })

  it.each(failures)('in the middle of an answer: %s', async (_, error) => {
    const relay = createTestRelay({ script: saysThenThrows('Half', error) })
    const whole = await relay.post(CHAT, ask)
    expect(whole.status).toBeGreaterThanOrEqual(500)
    const wholeBody = (await whole.json()) as { error: unknown }

    const streamed = await relay.post(CHAT, { ...ask, stream: true })
    expect(streamed.status).toBe(200)
    const events = await sseEvents(streamed)
    expect(events, 'half an answer must not look whole').not.toContain('[DONE]')
    expect(JSON.parse(events.at(-1) ?? '')).toEqual(wholeBody)
    expect(events.join('')).not.toContain('secret detail')
  })

  it('takes an answer that just stops for a failure', async () => {
    const relay = createTestRelay({
      script: async function* (request, signal) {
        for await (const event of says('Half')(request, signal)) if (event.kind !== 'end') yield event
      },
    })
    expect((await relay.post(CHAT, ask)).status).toBe(500)
  })
})

describe('leaving early', () => {
  it('cancels the generation when a stream is left', async () => {
    const relay = createTestRelay({ script: saysThenWaits('Hello') })
    const response = await relay.post(CHAT, { ...ask, stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    expect(relay.asker.open).toBe(1)
    await reader?.cancel()
    expect(relay.asker.open).toBe(0)
  })

  it('cancels the generation when the client of a whole answer leaves', async () => {
    const relay = createTestRelay({ script: saysThenWaits('Hello') })
    const leaving = new AbortController()
    const request = new Request(new URL(CHAT, 'http://relay'), { method: 'POST', body: JSON.stringify(ask) })
    // A signal that only this very object has: copies of the request, such as the body limit makes, do not follow it
    // reliably (Node 20 does so by a weak reference).
    Object.defineProperty(request, 'signal', { value: leaving.signal })
    const pending = relay.app.request(request)
    await expect.poll(() => relay.asker.open).toBe(1)
    leaving.abort()
    expect((await pending).status).toBe(499)
    expect(relay.asker.open).toBe(0)
  })

  it('keeps a quiet stream alive with comments', async () => {
    const relay = createTestRelay({ script: saysThenWaits(''), limits: { keepAliveMs: 5 } })
    const response = await relay.post(CHAT, { ...ask, stream: true })
    const reader = response.body!.getReader() // a stream was asked for
    const decoder = new TextDecoder()
    const first = decoder.decode((await reader.read()).value)
    expect(first).toContain('"role":"assistant"')
    expect(decoder.decode((await reader.read()).value)).toBe(': keep-alive\n\n')
    await reader.cancel()
  })
})

describe('limits', () => {
  it('grants a client so many generations at once, and gives slots back', async () => {
    const relay = createTestRelay({ script: saysThenWaits('x'), limits: { generationsPerClient: 2 } })
    const first = await relay.post(CHAT, { ...ask, stream: true })
    await relay.post(CHAT, { ...ask, stream: true })
    const refused = await relay.post(CHAT, { ...ask, stream: true })
    expect({
      status: refused.status,
      retryAfter: refused.headers.get('retry-after'),
      body: (await refused.json()) as unknown,
    }).toMatchSnapshot()
    // Another client is not affected.
    expect((await relay.post(CHAT, { ...ask, stream: true }, { address: '192.0.2.2' })).status).toBe(200)
    await first.body?.cancel()
    expect((await relay.post(CHAT, { ...ask, stream: true })).status).toBe(200)
  })

  it('gives the slot back after refusals and failures too', async () => {
    const relay = createTestRelay({ script: throws(new Error('x')), limits: { generationsPerClient: 1 } })
    for (let i = 0; i < 3; i++) expect((await relay.post(CHAT, ask)).status).toBe(500)
    for (let i = 0; i < 3; i++) expect((await relay.post(CHAT, { ...ask, model: 'x' })).status).toBe(404)
    relay.asker.script = says('ok')
    for (let i = 0; i < 3; i++) expect((await relay.post(CHAT, ask)).status).toBe(200)
    for (let i = 0; i < 3; i++) await (await relay.post(CHAT, { ...ask, stream: true })).text()
    expect((await relay.post(CHAT, ask)).status).toBe(200)
  })

  it('bounds the generations of all clients together', async () => {
    const relay = createTestRelay({ script: saysThenWaits('x'), limits: { maxGenerations: 1 } })
    await relay.post(CHAT, { ...ask, stream: true })
    const refused = await relay.post(CHAT, ask, { address: '192.0.2.2' })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ error: { code: 'busy', type: 'server_error' } })
  })

  it('refuses a body that is too large', async () => {
    const relay = createTestRelay({ limits: { maxBodyBytes: 100 } })
    const response = await relay.post(CHAT, { ...ask, user: 'x'.repeat(100) })
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
  })
})
