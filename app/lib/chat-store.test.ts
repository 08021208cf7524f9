import { describe, expect, it } from 'vitest'
import {
  completionRequest,
  DEFAULT_SETTINGS,
  parseConversation,
  parseSettings,
  type Answer,
  type ChatMessage,
} from './chat-store.ts'

const answer: Answer = {
  id: 2,
  role: 'assistant',
  model: 'guide',
  state: 'done',
  text: 'A mesh of tabs.',
  pieces: 4,
  stages: [
    {
      peerId: '12D3KooWabc',
      kind: 'tab',
      layers: { start: 0, end: 8 },
      link: null,
      work: { prefillMs: 4, decodeStepMs: 2, tensorBytesSent: 0, tensorBytesRelayed: 0 },
    },
  ],
  firstTokenMs: 200,
  tokensPerSecond: 30,
  seed: 7,
  finishReason: 'stop',
  error: null,
}
const conversation: readonly ChatMessage[] = [{ id: 1, role: 'user', text: 'What is this?' }, answer]

describe('parseConversation', () => {
  it('brings a kept conversation back', () => {
    expect(parseConversation(JSON.parse(JSON.stringify(conversation)))).toEqual(conversation)
  })

  it('shows an answer that a reload cut off as stopped', () => {
    const cut = parseConversation([conversation[0], { ...answer, state: 'streaming' }])
    expect(cut[1]).toEqual({ ...answer, state: 'stopped' })
  })

  it.each([undefined, null, 'text', [{ role: 'system' }], [{ ...answer, stages: 'all' }]])(
    'starts empty from %o',
    (value) => {
      expect(parseConversation(value)).toEqual([])
    },
  )
})

describe('parseSettings', () => {
  it.each([
    [undefined, DEFAULT_SETTINGS],
    [{ temperature: 0.2 }, { ...DEFAULT_SETTINGS, temperature: 0.2 }],
    [{ temperature: 3 }, DEFAULT_SETTINGS],
    [{ maxTokens: 0 }, DEFAULT_SETTINGS],
    [{ seed: 4_294_967_295 }, { ...DEFAULT_SETTINGS, seed: 4_294_967_295 }],
    [{ seed: 4_294_967_296 }, DEFAULT_SETTINGS],
  ])('reads %o', (value, settings) => {
    expect(parseSettings(value)).toEqual(settings)
  })
})

describe('completionRequest', () => {
  it('sends the conversation without empty answers, and only what was set', () => {
    const messages = [
      ...conversation,
      { ...answer, id: 3, text: '' },
      { id: 4, role: 'user' as const, text: 'More?' },
    ]
    expect(completionRequest('guide', messages, DEFAULT_SETTINGS)).toEqual({
      model: 'guide',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'user', content: 'What is this?' },
        { role: 'assistant', content: 'A mesh of tabs.' },
        { role: 'user', content: 'More?' },
      ],
      temperature: 0.7,
      top_p: 0.95,
      max_tokens: 256,
    })
  })

  it('puts the system prompt first and the seed in', () => {
    const settings = { ...DEFAULT_SETTINGS, systemPrompt: ' Be brief. ', seed: 0 }
    expect(completionRequest('guide', conversation.slice(0, 1), settings)).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is this?' },
      ],
      seed: 0,
    })
  })
})
