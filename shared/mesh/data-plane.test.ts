import { describe, expect, it } from 'vitest'
import { stageIdOf } from '../engine/compute-engine.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import type { DataPlaneEvent, SessionPeer, StageSessionSpec } from './data-plane-api.ts'
import { DataPlane, SILENCE_LIMIT_MS } from './data-plane.ts'
import { memoryChannelPair, type MemoryChannelPair } from './testing/memory-channel.fixture.ts'
import { ToyEngine, toyAnswer } from './testing/toy-engine.fixture.ts'
import { VirtualClock } from './testing/virtual-clock.fixture.ts'

const LAYER_COUNT = 6
const HIDDEN_SIZE = 8
const GENERATION = 7

interface Stage {
  readonly peer: SessionPeer
  readonly engine: ToyEngine
  readonly plane: DataPlane
  readonly layers: LayerRange
  readonly events: DataPlaneEvent[]
}

/** A pipeline of data planes in one process on virtual time; every pair of neighbours is linked. */
async function pipeline(
  ranges: readonly (readonly [number, number])[],
  options: { stepMs?: number; delayMs?: number } = {},
) {
  const clock = new VirtualClock()
  const stages = ranges.map(([start, end], index): Stage => {
    const layers = { start, end }
    const peer = { peerId: `peer-${index}` as PeerIdText, generation: GENERATION }
    const engine = new ToyEngine({
      layers,
      layerCount: LAYER_COUNT,
      hiddenSize: HIDDEN_SIZE,
      clock,
      stepMs: options.stepMs ?? 1,
    })
    const events: DataPlaneEvent[] = []
    const plane = new DataPlane({
      engine,
      clock,
      self: peer.peerId,
      generation: GENERATION,
      onEvent: (event) => events.push(event),
    })
    return { peer, engine, plane, layers, events }
  })
  const pipes: { hot: MemoryChannelPair; beat: MemoryChannelPair }[] = []
  const pairs = stages.map((stage, index) => [stage, stages[(index + 1) % stages.length]] as const)
  for (const [from, to] of stages.length === 1 ? [] : stages.length === 2 ? pairs.slice(0, 1) : pairs) {
    if (to === undefined) continue
    const hot = memoryChannelPair(clock, options.delayMs ?? 1)
    const beat = memoryChannelPair(clock, options.delayMs ?? 1)
    pipes.push({ hot, beat })
    await Promise.all([
      from.plane.addLink(to.peer.peerId, 'main-channel', hot.a, beat.a, true),
      to.plane.addLink(from.peer.peerId, 'main-channel', hot.b, beat.b, true),
    ])
  }
  const open = async (id: number, prompt: readonly number[], change: Partial<StageSessionSpec> = {}) => {
    const sessionId = id.toString(16).padStart(32, '0') as SessionId
    for (const [index, stage] of stages.entries())
      await stage.plane.openSession({
        sessionId,
        stageId: stageIdOf('0'.repeat(64), stage.layers),
        layers: stage.layers,
        hiddenSize: HIDDEN_SIZE,
        previous: stages[index - 1]?.peer ?? null,
        next: stages[index + 1]?.peer ?? null,
        head: stages[0]!.peer,
        last: stages.at(-1)!.peer,
        capacityTokens: 512,
        promptTokenCount: prompt.length,
        maxNewTokens: 20,
        endTokenIds: [],
        deadlineMs: 60_000,
        sampling: null,
        ...change,
      })
    await stages[0]!.plane.prompt(sessionId, prompt)
    return sessionId
  }
  return { clock, stages, pipes, open }
}

function tokensOf(stage: Stage, sessionId: SessionId): number[] {
  return stage.events.flatMap((event) =>
    event.kind === 'token' && event.sessionId === sessionId ? [event.tokenId] : [],
  )
}

function endOf(stage: Stage, sessionId: SessionId): string | undefined {
  return stage.events
    .flatMap((event) =>
      event.kind === 'session-ended' && event.sessionId === sessionId ? [event.reason] : [],
    )
    .at(0)
}

const SPLITS: [string, [number, number][]][] = [
  ['one stage', [[0, 6]]],
  [
    'two stages',
    [
      [0, 3],
      [3, 6],
    ],
  ],
  [
    'three stages',
    [
      [0, 1],
      [1, 4],
      [4, 6],
    ],
  ],
  [
    'six stages',
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
    ],
  ],
]

describe('DataPlane', () => {
  it.each(SPLITS)(
    'answers over %s exactly as one process does, prompts beyond 48 tokens too',
    async (_, ranges) => {
      const { clock, stages, open } = await pipeline(ranges)
      for (const length of [1, 15, 16, 17, 49, 130]) {
        const prompt = Array.from({ length }, (_, index) => (index * 37 + length) % 500)
        const sessionId = await open(length, prompt)
        await clock.advance(2_000)
        expect(tokensOf(stages.at(-1)!, sessionId), `prompt of ${length}`).toEqual(
          toyAnswer(LAYER_COUNT, prompt, 20),
        )
        expect(endOf(stages.at(-1)!, sessionId)).toBe('length')
      }
    },
  )

  it('keeps many sessions apart and frees their caches when they end', async () => {
    const { clock, stages, open } = await pipeline([
      [0, 2],
      [2, 4],
      [4, 6],
    ])
    const sessions = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const prompt = Array.from({ length: 5 + index * 7 }, (_, token) => (token * 11 + index) % 400)
        return { prompt, id: await open(100 + index, prompt) }
      }),
    )
    await clock.advance(5_000)
    for (const { prompt, id } of sessions)
      expect(tokensOf(stages.at(-1)!, id)).toEqual(toyAnswer(LAYER_COUNT, prompt, 20))
    for (const { id } of sessions)
      for (const stage of stages) await stage.plane.closeSession(id, 'closed-by-asker')
    expect(stages.map((stage) => stage.engine.openSessions)).toEqual([0, 0, 0])
  })

  it('ends with end-token when the model says so, and does not report that token', async () => {
    const { clock, stages, open } = await pipeline([
      [0, 3],
      [3, 6],
    ])
    const prompt = [3, 1, 4]
    const whole = toyAnswer(LAYER_COUNT, prompt, 20)
    const sessionId = await open(1, prompt, { endTokenIds: [whole[5]!] })
    await clock.advance(1_000)
    expect(tokensOf(stages[1]!, sessionId)).toEqual(whole.slice(0, whole.indexOf(whole[5]!)))
    expect(endOf(stages[1]!, sessionId)).toBe('end-token')
  })

  it('overlaps prefill: three stages take less than the sum of their times', async () => {
    const { clock, stages, open } = await pipeline(
      [
        [0, 2],
        [2, 4],
        [4, 6],
      ],
      { stepMs: 10, delayMs: 0 },
    )
    const prompt = Array.from({ length: 160 }, (_, index) => index)
    const sessionId = await open(1, prompt, { maxNewTokens: 1 })
    const startMs = clock.now()
    while (endOf(stages[2]!, sessionId) === undefined) await clock.advance(10)
    // 10 chunks of 10 ms over 3 stages: 300 ms one after the other, 120 ms overlapped.
    expect(clock.now() - startMs).toBeLessThanOrEqual(150)
  })

  it('keeps a slower next stage from being flooded during prefill', async () => {
    const { clock, stages, open, pipes } = await pipeline([
      [0, 3],
      [3, 6],
    ])
    let unacked = 0
    let most = 0
    pipes[0]!.hot.tamper((message) => {
      const kind = message[1]
      if (kind === 1 && message[2] === 1) most = Math.max(most, ++unacked)
      if (kind === 3) unacked--
      return message
    })
    const sessionId = await open(
      1,
      Array.from({ length: 320 }, (_, index) => index % 99),
    )
    await clock.advance(3_000)
    expect(endOf(stages[1]!, sessionId)).toBe('length')
    expect(most).toBeLessThanOrEqual(5)
  })

  it('ends the session as bad-tensor when a neighbour sends a hidden state of the wrong shape', async () => {
    const { clock, stages, open, pipes } = await pipeline([
      [0, 3],
      [3, 6],
    ])
    pipes[0]!.hot.tamper((message) => {
      if (message[1] !== 1) return message
      const view = new DataView(message.buffer)
      view.setUint32(24, view.getUint32(24, true) + 1, true) // another position
      return message
    })
    const sessionId = await open(1, [1, 2, 3])
    await clock.advance(500)
    expect(endOf(stages[1]!, sessionId)).toBe('bad-tensor')
  })

  it('ends the session as bad-tensor when a neighbour sends NaN', async () => {
    const { clock, stages, open, pipes } = await pipeline([
      [0, 3],
      [3, 6],
    ])
    pipes[0]!.hot.tamper((message) => {
      if (message[1] === 1) new DataView(message.buffer).setFloat32(48, Number.NaN, true)
      return message
    })
    const sessionId = await open(1, [1, 2, 3])
    await clock.advance(500)
    expect(endOf(stages[1]!, sessionId)).toBe('bad-tensor')
  })

  it('ignores frames of a stale generation', async () => {
    const { clock, stages, open, pipes } = await pipeline([
      [0, 3],
      [3, 6],
    ])
    pipes[0]!.hot.tamper((message) => {
      if (message[1] === 1) new DataView(message.buffer).setUint32(4, GENERATION - 1, true)
      return message
    })
    const sessionId = await open(1, [1, 2, 3])
    await clock.advance(500)
    expect(tokensOf(stages[1]!, sessionId)).toEqual([])
    expect(stages[1]!.engine.forwards).toBe(0)
  })

  it('notices a frozen neighbour within a second and ends its sessions as peer-silent', async () => {
    const { clock, stages, open, pipes } = await pipeline(
      [
        [0, 3],
        [3, 6],
      ],
      { stepMs: 20 },
    )
    const sessionId = await open(1, [1, 2, 3], { maxNewTokens: 400 })
    await clock.advance(500)
    pipes[0]!.hot.cut()
    pipes[0]!.beat.cut()
    await clock.advance(SILENCE_LIMIT_MS + 350)
    expect(endOf(stages[0]!, sessionId)).toBe('peer-silent')
    expect(endOf(stages[1]!, sessionId)).toBe('peer-silent')
    expect(stages[0]!.events.some(({ kind }) => kind === 'peer-silent')).toBe(true)
    expect(stages.map((stage) => stage.engine.openSessions)).toEqual([0, 0])
  })

  it('ends the session at its deadline', async () => {
    const { clock, stages, open } = await pipeline(
      [
        [0, 3],
        [3, 6],
      ],
      { stepMs: 50 },
    )
    const sessionId = await open(1, [1], { maxNewTokens: 400, deadlineMs: 1_000 })
    await clock.advance(1_100)
    expect(endOf(stages[0]!, sessionId)).toBe('deadline')
  })

  it('closes on request in the middle of an answer', async () => {
    const { clock, stages, open } = await pipeline(
      [
        [0, 3],
        [3, 6],
      ],
      { stepMs: 5 },
    )
    const sessionId = await open(1, [1], { maxNewTokens: 400 })
    await clock.advance(200)
    for (const stage of stages) await stage.plane.closeSession(sessionId, 'closed-by-asker')
    const before = stages[1]!.engine.forwards
    await clock.advance(500)
    expect(stages[1]!.engine.forwards).toBeLessThanOrEqual(before + 1)
    expect(stages.map((stage) => endOf(stage, sessionId))).toEqual(['closed-by-asker', 'closed-by-asker'])
  })

  it('fills a pipeline: six sessions over three stages run at the rate of one stage', async () => {
    const { clock, stages, open } = await pipeline(
      [
        [0, 2],
        [2, 4],
        [4, 6],
      ],
      { stepMs: 10, delayMs: 0 },
    )
    const ids: SessionId[] = []
    for (let index = 0; index < 6; index++) ids.push(await open(index + 1, [index], { maxNewTokens: 50 }))
    const startMs = clock.now()
    while (ids.some((id) => endOf(stages[2]!, id) === undefined)) await clock.advance(10)
    const rate = (6 * 50) / (clock.now() - startMs)
    expect(rate / (1 / 10)).toBeGreaterThanOrEqual(0.9)
  })
})
