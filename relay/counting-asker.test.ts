import { describe, expect, it } from 'vitest'
import type { Asker, GenerationEvent, GenerationRequest } from '../shared/mesh/asker.ts'
import { toyAdvert, toyManifest } from '../shared/mesh/testing/toy-model.fixture.ts'
import { VirtualClock } from '../shared/mesh/testing/virtual-clock.fixture.ts'
import { parseSessionId } from '../shared/protocol/ids.ts'
import { CountingAsker } from './counting-asker.ts'
import { networkSnapshot } from './snapshot.ts'
import { MODEL_ID, PEER_A, PEER_B, ROUTE } from './testing/relay.fixture.ts'

const request: GenerationRequest = {
  sessionId: parseSessionId('1'.repeat(32)),
  modelId: MODEL_ID,
  promptTokenIds: [1],
  maxNewTokens: 100,
  endTokenIds: [],
  sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 },
  deadlineMs: 1_000,
}
const token = (position: number): GenerationEvent => ({ kind: 'token', tokenId: 1, position })
const end: GenerationEvent = { kind: 'end', reason: 'length', stages: ROUTE }
const never = new AbortController().signal

function counting(events: readonly (GenerationEvent | Error)[]) {
  const clock = new VirtualClock()
  let isReleased = false
  const inner: Asker = {
    async *generate() {
      try {
        for (const event of events) {
          await Promise.resolve()
          if (event instanceof Error) throw event
          yield event
        }
      } finally {
        isReleased = true
      }
    },
  }
  return { clock, asker: new CountingAsker(inner, clock), isReleased: () => isReleased }
}

describe('CountingAsker', () => {
  it('counts tokens, finished answers and what their stages sent', async () => {
    const { clock, asker } = counting([token(1), token(2), end])
    const seen: string[] = []
    for await (const event of asker.generate(request, never)) {
      seen.push(event.kind)
      expect(asker.counters().openSessions).toBe(1)
      await clock.advance(2_000)
    }
    expect(seen).toEqual(['token', 'token', 'end'])
    expect(asker.counters()).toEqual({
      answersTotal: 1,
      tokensTotal: 2,
      openSessions: 0,
      tokensPerSecond: 2 / 6,
      tensorBytesTotal: ROUTE.reduce((sum, stage) => sum + stage.tensorBytesSent, 0),
      tensorBytesRelayedTotal: ROUTE.reduce((sum, stage) => sum + stage.tensorBytesRelayed, 0),
    })
    await clock.advance(61_000)
    expect(asker.counters()).toMatchObject({ tokensPerSecond: 0, tokensTotal: 2 })
  })

  it('counts a failed answer as none and leaves nothing open', async () => {
    const { asker } = counting([token(1), new Error('lost')])
    const run = async (): Promise<void> => {
      for await (const event of asker.generate(request, never)) expect(event.kind).toBe('token')
    }
    await expect(run()).rejects.toThrow('lost')
    expect(asker.counters()).toMatchObject({ answersTotal: 0, tokensTotal: 1, openSessions: 0 })
  })

  it('releases the inner asker when its reader leaves early', async () => {
    const { asker, isReleased } = counting([token(1), token(2), end])
    for await (const event of asker.generate(request, never)) if (event.kind === 'token') break
    expect(isReleased()).toBe(true)
    expect(asker.counters()).toMatchObject({ answersTotal: 0, tokensTotal: 1, openSessions: 0 })
  })
})

describe('networkSnapshot', () => {
  const gapsOf = (adverts: readonly ReturnType<typeof toyAdvert>[]) =>
    networkSnapshot({
      self: 'relay',
      addresses: [],
      uptimeMs: 1.4,
      nowMs: 100,
      models: [toyManifest],
      sizeOf: () => 720,
      peers: adverts.map((advert) => ({ advert, firstSeenMs: 40, lastHeardMs: 90 })),
      counters: counting([]).asker.counters(),
    }).models[0]?.gaps
  const first = toyAdvert(PEER_A, { start: 0, end: 2 })

  it.each([
    ['nobody', [], ['0-6']],
    ['both ends', [first, toyAdvert(PEER_B, { start: 5, end: 6 })], ['2-5']],
    ['more layers than there are', [first, toyAdvert(PEER_B, { start: 2, end: 600 })], []],
    ['nothing that there is', [toyAdvert(PEER_B, { start: 6, end: 9 })], ['0-6']],
    ['everything asleep', [{ ...toyAdvert(PEER_B, { start: 0, end: 6 }), isAwake: false }], ['0-6']],
    [
      'a stage that still loads',
      [{ ...first, stages: first.stages.map((stage) => ({ ...stage, state: 'loading' as const })) }],
      ['0-6'],
    ],
  ])('names the layers without an awake peer when %s is served', (_, adverts, gaps) => {
    expect(gapsOf(adverts)?.map(({ start, end: to }) => `${start}-${to}`)).toEqual(gaps)
  })
})
