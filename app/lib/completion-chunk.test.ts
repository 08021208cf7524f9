import { describe, expect, it } from 'vitest'
import { parseCompletionChunk, readApiError } from './completion-chunk.ts'

const peerId = '12D3KooWGrbmR3ukG3Rnmi3bqmQ9v6wSCm3ryMvnbSxe8ZaVL1kN'

describe('parseCompletionChunk', () => {
  it('reads the route of the first chunk', () => {
    const link = { path: 'worker-channel', roundTripMs: 1.5 }
    const route = [{ peerId, kind: 'tab', layers: { start: 0, end: 4 }, link }]
    const chunk = {
      choices: [{ delta: { role: 'assistant', content: '' } }],
      racemesh: { session_id: 'a', route },
    }
    expect(parseCompletionChunk(JSON.stringify(chunk))).toMatchObject({
      text: '',
      stages: [{ peerId, kind: 'tab', layers: { start: 0, end: 4 }, link, work: null }],
    })
  })

  it('reads the report of the last chunk', () => {
    const stage = {
      peerId,
      kind: 'native',
      layers: [4, 8],
      link: { path: 'relayed-stream', rtt_ms: 30 },
      prefill_ms: 50,
      decode_step_ms: 2.5,
      tensor_bytes_sent: 4096,
      tensor_bytes_relayed: 4096,
    }
    const chunk = {
      choices: [{ delta: {}, finish_reason: 'stop' }],
      usage: { completion_tokens: 21 },
      racemesh: { session_id: 'a', seed: 7, stages: [stage], ttft_ms: 210, tokens_per_second: 31.5 },
    }
    expect(parseCompletionChunk(JSON.stringify(chunk))).toEqual({
      text: '',
      finishReason: 'stop',
      stages: [
        {
          peerId,
          kind: 'native',
          layers: { start: 4, end: 8 },
          link: { path: 'relayed-stream', roundTripMs: 30 },
          work: { prefillMs: 50, decodeStepMs: 2.5, tensorBytesSent: 4096, tensorBytesRelayed: 4096 },
        },
      ],
      seed: 7,
      firstTokenMs: 210,
      tokensPerSecond: 31.5,
      completionTokens: 21,
    })
  })

  it.each([
    ['no racemesh', undefined],
    ['another type', 5],
    ['a broken route', { route: [{ peerId: 1 }] }],
    [
      'a path of the future',
      { route: [{ peerId, kind: 'tab', layers: [0, 4], link: { path: 'carrier-pigeon' } }] },
    ],
  ])('keeps the text when the report is %s', (_, racemesh) => {
    const chunk = { choices: [{ delta: { content: 'Hi' } }], racemesh }
    const update = parseCompletionChunk(JSON.stringify(chunk))
    expect([update.text, update.stages]).toEqual(['Hi', undefined])
  })

  it('knows no work of a stage that did not report', () => {
    const stage = { peerId, kind: 'tab', layers: [0, 8], link: null, prefill_ms: null, decode_step_ms: null }
    const chunk = { choices: [], racemesh: { stages: [{ ...stage, tensor_bytes_sent: null }] } }
    expect(parseCompletionChunk(JSON.stringify(chunk)).stages).toEqual([
      { peerId, kind: 'tab', layers: { start: 0, end: 8 }, link: null, work: null },
    ])
  })

  it('takes a chunk without choices, as the usage chunk is', () => {
    expect(parseCompletionChunk('{"choices":[],"usage":{"completion_tokens":3}}')).toMatchObject({
      text: '',
      completionTokens: 3,
    })
  })

  it.each(['[DONE]', 'null', '"text"'])('refuses %s', (data) => {
    expect(() => parseCompletionChunk(data)).toThrow()
  })
})

describe('readApiError', () => {
  it('splits the message into what happened and what to do', () => {
    const body = {
      error: { message: 'Nobody holds layers 4-8 of guide.\nA tab left.', type: 'x', code: 'no_route' },
    }
    expect(readApiError(body)).toEqual({
      name: 'GatewayError',
      shortMessage: 'Nobody holds layers 4-8 of guide.',
      metaMessages: ['A tab left.'],
      data: { code: 'NO_ROUTE' },
    })
  })

  it('names the layers that are missing', () => {
    const body = {
      error: {
        message: 'Layers 2-4 of this model have no awake peer. Try again.',
        type: 'server_error',
        code: 'no_route',
      },
      racemesh: {
        missing: [
          [2, 4],
          [6, 8],
        ],
      },
    }
    expect(readApiError(body)).toEqual({
      name: 'GatewayError',
      shortMessage: 'Nobody holds layers 2-4, 6-8 of this model.',
      metaMessages: ['The peers that held them have left, or nobody has joined yet.'],
      data: { code: 'NO_ROUTE' },
    })
  })

  it('falls back to the type', () => {
    expect(readApiError({ error: { message: 'No.', type: 'server_error', code: null } })?.data.code).toBe(
      'SERVER_ERROR',
    )
  })

  it.each([null, 'text', {}, { error: 'text' }])('%o is no error body', (body) => {
    expect(readApiError(body)).toBeNull()
  })
})
