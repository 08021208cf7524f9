import { describe, expect, it } from 'vitest'
import {
  createTestRelay,
  MODEL_ID,
  says,
  saysThenThrows,
  snapshot,
  sseEvents,
} from './testing/relay.fixture.ts'
import { SessionError } from '../shared/mesh/session-error.ts'
import { createLogger } from './logger.ts'

const ask = { model: 'guide', messages: [{ role: 'user', content: 'Hi' }], seed: 7 }
const CHAT = '/v1/chat/completions'

describe('GET /v1/models', () => {
  it('lists the catalogue and whether peers cover it', async () => {
    const response = await createTestRelay().get('/v1/models')
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
  })

  it('shows the gaps of what nobody serves', async () => {
    const gaps = [{ start: 4, end: 8 }]
    const network = { ...snapshot, models: snapshot.models.map((model) => ({ ...model, gaps })) }
    const relay = createTestRelay({ deps: { snapshot: () => network } })
    expect(await (await relay.get('/v1/models/guide')).json()).toMatchObject({
      racemesh: { ready: false, gaps: [[4, 8]] },
    })
  })

  it('takes a model that the mesh has not heard of as missing whole', async () => {
    const relay = createTestRelay({ deps: { snapshot: () => ({ ...snapshot, models: [] }) } })
    expect(await (await relay.get(`/v1/models/${MODEL_ID}`)).json()).toMatchObject({
      id: 'guide',
      racemesh: { ready: false, gaps: [[0, 8]] },
    })
  })

  it('answers 404 with what there is', async () => {
    const response = await createTestRelay().get('/v1/models/org/other')
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found' } })
  })
})

describe('POST /v1/completions', () => {
  it('continues a text without a chat template', async () => {
    const relay = createTestRelay({ script: says(' there') })
    const body: unknown = await (
      await relay.post('/v1/completions', { model: 'guide', prompt: 'Hello', max_tokens: 3 })
    ).json()
    expect(body).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: ' th', finish_reason: 'length', logprobs: null }],
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    })
    expect(relay.asker.requests[0]?.promptTokenIds).toEqual([...new TextEncoder().encode('Hello')])
  })

  it('streams', async () => {
    const relay = createTestRelay({ script: says('ok') })
    const events = await sseEvents(
      await relay.post('/v1/completions', { model: 'guide', prompt: ['Hello'], stream: true }),
    )
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event) as { choices: { text: string }[] })
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['', 'o', 'k', ''])
    expect(events.at(-1)).toBe('[DONE]')
  })

  it.each([
    ['token ids', { prompt: [1, 2] }],
    ['two prompts', { prompt: ['a', 'b'] }],
    ['an empty prompt', { prompt: '' }],
    ['messages', { prompt: 'a', messages: [] }],
    ['an echo', { prompt: 'a', echo: true }],
    ['a suffix', { prompt: 'a', suffix: 'b' }],
    ['log probabilities', { prompt: 'a', logprobs: 2 }],
  ])('refuses %s', async (_, extra) => {
    const response = await createTestRelay().post('/v1/completions', { model: 'guide', ...extra })
    expect({ status: response.status, body: (await response.json()) as unknown }).toMatchSnapshot()
  })
})

describe('everything else under /v1 and /api', () => {
  it.each([
    ['POST', '/v1/embeddings', 501],
    ['GET', '/v1/chat/completions', 404],
    ['POST', '/v1/responses', 404],
    ['GET', '/api/other', 404],
  ])('%s %s is refused in the OpenAI shape', async (method, path, status) => {
    const response = await createTestRelay().app.request(path, {
      method,
      ...(method === 'POST' ? { body: '{}' } : {}),
    })
    expect(response.status).toBe(status)
    expect((await response.json()) as unknown).toMatchSnapshot()
  })

  it('lets any page call it, without credentials', async () => {
    const relay = createTestRelay()
    const preflight = await relay.get(CHAT, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
    const failed = await relay.post(CHAT, '{', { headers: { origin: 'https://example.org' } })
    expect(failed.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('names every request', async () => {
    const relay = createTestRelay()
    expect((await relay.get('/healthz')).headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    expect((await relay.get('/v1/nothing')).headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    const given = await relay.get('/healthz', { headers: { 'x-request-id': 'mine-1' } })
    expect(given.headers.get('x-request-id')).toBe('mine-1')
    const hostile = await relay.get('/healthz', { headers: { 'x-request-id': 'a b' } })
    expect(hostile.headers.get('x-request-id')).not.toBe('a b')
  })
})

describe('the request limit', () => {
  it('answers 429 with the time to wait, per client, and recovers', async () => {
    const relay = createTestRelay({ limits: { requestsPerMinute: 2 } })
    await relay.get('/v1/models')
    await relay.get('/v1/models')
    const refused = await relay.get('/v1/models')
    expect({
      status: refused.status,
      retryAfter: refused.headers.get('retry-after'),
      body: (await refused.json()) as unknown,
    }).toMatchSnapshot()
    expect((await relay.get('/v1/models', { address: '192.0.2.2' })).status).toBe(200)
    expect((await relay.get('/api/network')).status).toBe(200)
    relay.clock.atMs += 30_000
    expect((await relay.get('/v1/models')).status).toBe(200)
  })

  it('cannot be dodged by a header, unless a proxy is trusted', async () => {
    const headers = (n: number) => ({ headers: { 'x-forwarded-for': `198.51.100.${n}` } })
    const direct = createTestRelay({ limits: { requestsPerMinute: 1 } })
    await direct.get('/v1/models', headers(1))
    expect((await direct.get('/v1/models', headers(2))).status).toBe(429)
    const proxied = createTestRelay({ limits: { requestsPerMinute: 1 }, deps: { trustedHops: 1 } })
    await proxied.get('/v1/models', headers(1))
    expect((await proxied.get('/v1/models', headers(2))).status).toBe(200)
    expect((await proxied.get('/v1/models', headers(2))).status).toBe(429)
  })
})

describe('GET /api/network', () => {
  it('answers the snapshot', async () => {
    const response = await createTestRelay().get('/api/network')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual(snapshot)
  })

  it('sends it again every second to who follows, and gives the slot back', async () => {
    const relay = createTestRelay({ limits: { eventStreamsPerClient: 1 } })
    const response = await relay.get('/api/network/events')
    const reader = response.body!.getReader() // an event stream has a body
    for (let i = 0; i < 2; i++) {
      const { value } = await reader.read()
      const text = new TextDecoder().decode(value)
      expect(JSON.parse(text.slice('data: '.length))).toEqual(snapshot)
    }
    const refused = await relay.get('/api/network/events')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ error: { code: 'too_many_streams' } })
    await reader.cancel()
    const again = await relay.get('/api/network/events')
    expect(again.status).toBe(200)
    await again.body?.cancel()
  })
})

describe('GET /healthz', () => {
  it('says 200 while the relay works and 503 while it stops', async () => {
    const relay = createTestRelay()
    const response = await relay.get('/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'ok',
      version: '0.0.0-test',
      uptime_ms: 61_000,
      peers: 1,
      models_ready: 1,
      models: 1,
    })
    const stopping = createTestRelay({ deps: { health: () => ({ status: 'stopping', version: '0' }) } })
    expect((await stopping.get('/healthz')).status).toBe(503)
  })
})

describe('GET /metrics', () => {
  it('counts requests by pattern, generations, tokens and the mesh', async () => {
    const relay = createTestRelay({ script: says('abc') })
    await relay.post(CHAT, ask)
    await relay.post(CHAT, { ...ask, model: 'x' })
    relay.asker.script = saysThenThrows('a', new SessionError('x', { data: { code: 'BUSY' } }))
    await relay.post(CHAT, ask)
    await relay.get(`/models/${MODEL_ID}/layer-000.bin`)
    await relay.get('/some/page')
    const response = await relay.get('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const lines = (await response.text()).split('\n')
    for (const line of [
      'racemesh_http_requests_total{route="/v1/chat/completions",method="POST",status="200"} 1',
      'racemesh_http_requests_total{route="/v1/chat/completions",method="POST",status="404"} 1',
      'racemesh_http_requests_total{route="/v1/chat/completions",method="POST",status="503"} 1',
      'racemesh_http_requests_total{route="/models/:modelId/:path{.+}",method="GET",status="200"} 1',
      'racemesh_http_requests_total{route="/*",method="GET",status="404"} 1',
      'racemesh_generations_total{model="guide",outcome="stop"} 1',
      'racemesh_generations_total{model="guide",outcome="busy"} 1',
      'racemesh_tokens_total{model="guide",kind="prompt"} 16',
      'racemesh_tokens_total{model="guide",kind="completion"} 4',
      'racemesh_time_to_first_token_seconds_count{model="guide"} 2',
      'racemesh_inter_token_seconds_count{model="guide"} 2',
      'racemesh_open_sessions 1',
      'racemesh_peers{kind="tab",awake="true"} 1',
      'racemesh_stages{model="guide",state="ready"} 1',
      'racemesh_missing_layers{model="guide"} 0',
      'racemesh_tensor_bytes_total 4160',
      'racemesh_tensor_bytes_relayed_total 64',
    ]) {
      expect(lines, line).toContain(line)
    }
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes'))).toBe(true)
  })
})

describe('the log', () => {
  it('holds no prompt and no answer, at any level', async () => {
    const written: string[] = []
    const logger = createLogger({
      format: 'json',
      minLevel: 'debug',
      nowMs: () => 0,
      write: (line) => void written.push(line),
    })
    const relay = createTestRelay({ script: says('the answer'), deps: { logger } })
    await relay.post(CHAT, { ...ask, messages: [{ role: 'user', content: 'the prompt' }] })
    await relay.post(CHAT, { ...ask, messages: 'the prompt' })
    relay.asker.script = saysThenThrows('the answer', new SessionError('x', { data: { code: 'BUSY' } }))
    await relay.post(CHAT, { ...ask, messages: [{ role: 'user', content: 'the prompt' }] })
    expect(written.length).toBeGreaterThanOrEqual(4)
    expect(written.join('\n')).not.toMatch(/the (prompt|answer)/)
  })
})
