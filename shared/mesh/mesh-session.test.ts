import type { Libp2p } from '@libp2p/interface'
import { afterEach, beforeAll, afterAll, describe, expect, it, vi } from 'vitest'
import { peerIdFromString } from '@libp2p/peer-id'
import type { OpenSessionParams } from '../engine/compute-engine.ts'
import { parseSessionId, type SessionId } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  SESSION_LIMITS,
  SESSION_V1,
  type SessionMessage,
} from '../protocol/session/session.ts'
import type { GenerationEvent, GenerationRequest } from './asker.ts'
import { DataPlane } from './data-plane.ts'
import { LinkService } from './link-service.ts'
import { Membership } from './membership.ts'
import { MeshAsker } from './mesh-asker.ts'
import { silentLogger, systemClock } from './ports.ts'
import { SessionService } from './session-service.ts'
import { StageHost } from './stage-host.ts'
import { connectAll, createLoopbackNode, idOf } from './testing/loopback-node.fixture.ts'
import { toyAnswer } from './testing/toy-engine.fixture.ts'
import {
  LoadableToyEngine,
  TOY_LAYERS,
  TOY_MODEL,
  toyAdvert,
  toyManifest,
} from './testing/toy-model.fixture.ts'
import { WireStream } from './wire-stream.ts'

const GENERATION = 7
const NO_WORK = {
  prefillMicros: 0,
  decodeMicros: 0,
  decodeSteps: 0,
  tensorBytesSent: 0,
  tensorBytesRelayed: 0,
}

let nodes: readonly Libp2p[] = []
const cleanups: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  nodes = await Promise.all([0, 1, 2, 3].map(() => createLoopbackNode()))
  await connectAll(nodes)
})
afterAll(async () => {
  for (const libp2p of nodes) await libp2p.stop()
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function node(index: number): Libp2p {
  const found = nodes[index]
  if (found === undefined) throw new Error(`there is no node ${index}`)
  return found
}

/** A whole stage on a node: engine, host, data plane, links over libp2p streams, sessions. */
async function serve(
  index: number,
  layers: LayerRange,
  options: { stepMs?: number; maxSessions?: number } = {},
) {
  const libp2p = node(index)
  const self = idOf(libp2p)
  const engine = new LoadableToyEngine(layers, options.stepMs ?? 0)
  const dataPlane: DataPlane = new DataPlane({
    engine,
    clock: systemClock,
    self,
    generation: GENERATION,
    onEvent: (event) => {
      if (event.kind === 'token' || event.kind === 'session-ended') sessions.onDataPlaneEvent(event)
      else if (event.kind === 'link-closed') links.forget(event.peerId)
    },
  })
  const links = new LinkService({
    libp2p,
    self,
    logger: silentLogger,
    adopter: {
      adoptChannels: () => Promise.reject(new Error('no WebRTC here')),
      adoptStream: (peerId, path, channel) => dataPlane.addLink(peerId, path, channel, null, true),
    },
  })
  const host = new StageHost({
    engine,
    source: {
      manifest: () => Promise.resolve(toyManifest),
      stageFiles: () => Promise.resolve(new Map()),
    },
    logger: silentLogger,
    memoryBudgetBytes: 1_000_000,
    events: {
      onChange() {},
      onFailed(error) {
        throw new Error(error.shortMessage)
      },
      onUnloading: (stageId) => dataPlane.closeSessions(stageId, 'leaving'),
    },
  })
  const sessions = new SessionService({
    libp2p,
    self: { peerId: self, generation: GENERATION },
    host,
    links,
    dataPlane,
    maxSessions: options.maxSessions ?? 4,
    logger: silentLogger,
    onActivity() {},
  })
  await links.start()
  await sessions.start()
  await host.offer({ modelId: TOY_MODEL, modelName: 'toy', layers, leastMemoryBytes: null })
  await vi.waitFor(() => expect(host.readyStage(TOY_MODEL, layers)).not.toBeNull())
  cleanups.push(async () => {
    await sessions.stop()
    await links.stop()
    await host.stop()
    dataPlane.dispose()
  })
  return { peerId: self, engine, dataPlane, sessions, layers }
}

/** A stage that says whatever a test wants it to. */
async function script(
  index: number,
  act: (stream: WireStream, raw: { send(data: Uint8Array): unknown }) => void,
) {
  await node(index).handle(SESSION_V1, (raw) => {
    const stream = new WireStream(raw, SESSION_LIMITS.maxBytes)
    void stream.next().then(() => act(stream, raw))
  })
  cleanups.push(() => node(index).unhandle(SESSION_V1))
  return idOf(node(index))
}

function asker(adverts: readonly ReturnType<typeof toyAdvert>[]) {
  const membership = new Membership()
  for (const advert of adverts) membership.applyAdvert(advert, 0)
  return new MeshAsker({
    libp2p: node(0),
    membership,
    layerCountOf: (modelId) => (modelId === TOY_MODEL ? TOY_LAYERS : null),
    logger: silentLogger,
  })
}

let sessionCount = 0
function request(change: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    sessionId: parseSessionId((++sessionCount).toString(16).padStart(32, '0')),
    modelId: TOY_MODEL,
    promptTokenIds: [3, 1, 4, 1, 5],
    maxNewTokens: 20,
    endTokenIds: [],
    sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 1 },
    deadlineMs: 10_000,
    ...change,
  }
}

async function collect(events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
  const all: GenerationEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

function tokens(events: readonly GenerationEvent[]): number[] {
  return events.flatMap((event) => (event.kind === 'token' ? [event.tokenId] : []))
}

const never = new AbortController().signal
const opened = encodeSessionMessage({ kind: 'opened', opened: { link: null } })
const token = (position: number): Uint8Array =>
  encodeSessionMessage({ kind: 'tokens', tokens: { position, tokenIds: [9] } })
const ended = (reason: 'length' | 'refused-busy' | 'closed-by-asker'): Uint8Array =>
  encodeSessionMessage({ kind: 'ended', ended: { reason, report: NO_WORK } })
/** A length prefix of two bytes, and two that are no protobuf message. */
const GARBAGE = Uint8Array.of(2, 0, 0, 0, 0xff, 0xff)

describe('a session over libp2p', () => {
  it('answers over three stages as one process does, with the report of every stage, and leaves nothing open', async () => {
    const stages = await Promise.all([
      serve(1, { start: 0, end: 2 }),
      serve(2, { start: 2, end: 5 }),
      serve(3, { start: 5, end: 6 }),
    ])
    const mesh = asker(stages.map(({ peerId, layers }) => toyAdvert(peerId, layers)))
    const prompt = Array.from({ length: 40 }, (_, index) => index * 7)
    const events = await collect(mesh.generate(request({ promptTokenIds: prompt }), never))
    expect(tokens(events)).toEqual(toyAnswer(TOY_LAYERS, prompt, 20))
    expect(events[0]).toMatchObject({
      kind: 'route',
      stages: stages.map(({ peerId }) => ({ peerId, link: { path: 'stream' } })),
    })
    const end = events.at(-1)
    if (end?.kind !== 'end') throw new Error('the answer has no end')
    expect(end.reason).toBe('length')
    // 40 rows of prompt and 19 of decoding, 8 floats each; the last stage sends tokens only.
    expect(end.stages.map(({ tensorBytesSent }) => tensorBytesSent)).toEqual([59 * 32, 59 * 32, 0])
    expect(end.stages.every(({ tensorBytesRelayed }) => tensorBytesRelayed === 0)).toBe(true)
    await vi.waitFor(() => expect(stages.map(({ sessions }) => sessions.openSessions)).toEqual([0, 0, 0]))
    expect(stages.map(({ engine }) => engine.openSessions)).toEqual([0, 0, 0])
    expect(mesh.openGenerations).toBe(0)
  })

  it.each(['aborts', 'leaves the loop'] as const)(
    'frees the caches of all stages when the asker %s',
    async (how) => {
      const stages = await Promise.all([
        serve(1, { start: 0, end: 3 }, { stepMs: 5 }),
        serve(2, { start: 3, end: 6 }, { stepMs: 5 }),
      ])
      const mesh = asker(stages.map(({ peerId, layers }) => toyAdvert(peerId, layers)))
      const abort = new AbortController()
      const run = async (): Promise<void> => {
        for await (const event of mesh.generate(request({ maxNewTokens: 400 }), abort.signal)) {
          if (event.kind !== 'token') continue
          expect(stages.map(({ engine }) => engine.openSessions)).toEqual([1, 1])
          if (how === 'leaves the loop') return
          abort.abort(new Error('enough'))
        }
      }
      if (how === 'aborts') await expect(run()).rejects.toThrow('enough')
      else await run()
      await vi.waitFor(() => expect(stages.map(({ engine }) => engine.openSessions)).toEqual([0, 0]))
      expect(stages.map(({ sessions }) => sessions.openSessions)).toEqual([0, 0])
      expect(mesh.openGenerations).toBe(0)
    },
  )

  it('takes another route when a stage is busy', async () => {
    const busy = await script(1, (stream) => {
      stream.send(ended('refused-busy'))
      stream.close()
    })
    const free = await serve(2, { start: 0, end: 6 })
    const slower = toyAdvert(free.peerId, free.layers)
    const mesh = asker([
      toyAdvert(busy, { start: 0, end: 6 }),
      { ...slower, stages: slower.stages.map((stage) => ({ ...stage, decodeStepMicros: 90_000 })) },
    ])
    const events = await collect(mesh.generate(request(), never))
    expect(events[0]).toMatchObject({ stages: [{ peerId: free.peerId }] })
    expect(tokens(events)).toEqual(toyAnswer(TOY_LAYERS, request().promptTokenIds, 20))
  })

  it('says busy when every stage is', async () => {
    const full = await serve(1, { start: 0, end: 6 }, { maxSessions: 1, stepMs: 5 })
    const mesh = asker([toyAdvert(full.peerId, full.layers)])
    const first = mesh.generate(request({ maxNewTokens: 400 }), never)[Symbol.asyncIterator]()
    expect((await first.next()).value).toMatchObject({ kind: 'route' })
    await expect(collect(mesh.generate(request(), never))).rejects.toMatchObject({
      name: 'SessionError',
      data: { code: 'BUSY' },
    })
    await first.return?.()
  })

  it('names the layers that nobody serves, and is not misled by a peer with more layers than the model', async () => {
    const peer = idOf(node(1))
    const mesh = asker([
      toyAdvert(peer, { start: 0, end: 2 }),
      toyAdvert(idOf(node(2)), { start: 2, end: 60 }),
      toyAdvert(idOf(node(3)), { start: 5, end: 6 }),
    ])
    await expect(collect(mesh.generate(request(), never))).rejects.toMatchObject({
      data: { code: 'NO_ROUTE', missing: [{ start: 2, end: 5 }] },
    })
  })

  it('ends at the deadline while a stage is still silent about the opening', async () => {
    const mute = await script(1, () => {})
    const mesh = asker([toyAdvert(mute, { start: 0, end: 6 })])
    const startMs = performance.now()
    await expect(collect(mesh.generate(request({ deadlineMs: 150 }), never))).rejects.toMatchObject({
      data: { code: 'DEADLINE_PASSED', deadlineMs: 150 },
    })
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })

  it('ends at the deadline in the middle of an answer', async () => {
    const slow = await script(1, (stream) => stream.send(opened))
    const mesh = asker([toyAdvert(slow, { start: 0, end: 6 })])
    await expect(collect(mesh.generate(request({ deadlineMs: 200 }), never))).rejects.toMatchObject({
      data: { code: 'DEADLINE_PASSED' },
    })
  })

  it('ends with PEER_LOST when the mesh says that a peer of the route is gone', async () => {
    const silent = await script(1, (stream) => stream.send(opened))
    const mesh = asker([toyAdvert(silent, { start: 0, end: 6 })])
    const run = (async () => {
      for await (const event of mesh.generate(request(), never))
        if (event.kind === 'route') mesh.peerLost(silent)
    })()
    await expect(run).rejects.toMatchObject({ data: { code: 'PEER_LOST', peerId: silent } })
  })

  it('does not wait for a peer that is lost during the opening', async () => {
    let heard = (): void => {}
    const asked = new Promise<void>((resolve) => {
      heard = resolve
    })
    const silent = await script(1, () => heard())
    const mesh = asker([toyAdvert(silent, { start: 0, end: 6 })])
    const run = collect(mesh.generate(request({ deadlineMs: 3_000 }), never))
    void asked.then(() => mesh.peerLost(silent))
    await expect(run).rejects.toMatchObject({ data: { code: 'PEER_LOST', peerId: silent } })
  })

  it('ends with PEER_LOST when a stage resets its stream', async () => {
    const gone = await script(1, (stream) => {
      stream.send(opened)
      setTimeout(() => stream.abort(new Error('gone')), 50)
    })
    const mesh = asker([toyAdvert(gone, { start: 0, end: 6 })])
    await expect(collect(mesh.generate(request(), never))).rejects.toMatchObject({
      data: { code: 'PEER_LOST', peerId: gone },
    })
  })

  it('hands out a whole answer that has arrived although a peer is lost behind it', async () => {
    const quick = await script(1, (stream) => {
      stream.send(opened)
      stream.send(token(5))
      stream.send(ended('length'))
      stream.close()
    })
    const mesh = asker([toyAdvert(quick, { start: 0, end: 6 })])
    const seen: string[] = []
    for await (const event of mesh.generate(request(), never)) {
      seen.push(event.kind)
      if (event.kind !== 'route') continue
      await new Promise((resolve) => setTimeout(resolve, 100))
      mesh.peerLost(quick)
    }
    expect(seen).toEqual(['route', 'token', 'end'])
  })

  it.each([
    [
      'as its answer to the opening',
      'whole',
      (_: WireStream, raw: { send(data: Uint8Array): unknown }) => raw.send(GARBAGE),
    ],
    [
      'as the last stage',
      'whole',
      (stream: WireStream, raw: { send(data: Uint8Array): unknown }) => {
        stream.send(opened)
        raw.send(GARBAGE)
      },
    ],
    [
      'as the first of two stages',
      'split',
      (stream: WireStream, raw: { send(data: Uint8Array): unknown }) => {
        stream.send(opened)
        raw.send(GARBAGE)
      },
    ],
    ['of the wrong kind', 'whole', (stream: WireStream) => stream.send(token(5))],
  ] as const)('ends with a clear error when a stage sends garbage %s', async (_, route, act) => {
    const hostile = await script(1, act)
    const mute = await script(2, (stream) => stream.send(opened))
    const mesh = asker(
      route === 'whole'
        ? [toyAdvert(hostile, { start: 0, end: 6 })]
        : [toyAdvert(hostile, { start: 0, end: 3 }), toyAdvert(mute, { start: 3, end: 6 })],
    )
    await expect(collect(mesh.generate(request(), never))).rejects.toMatchObject({
      name: 'SessionError',
      data: { code: 'STAGE_FAILED', peerId: hostile, reason: 'refused-malformed' },
    })
    expect(mesh.openGenerations).toBe(0)
  })

  it('ends when a stage in the middle closes its session by itself', async () => {
    const lazy = await script(1, (stream) => {
      stream.send(opened)
      stream.send(ended('closed-by-asker'))
    })
    const mute = await script(2, (stream) => stream.send(opened))
    const mesh = asker([toyAdvert(lazy, { start: 0, end: 3 }), toyAdvert(mute, { start: 3, end: 6 })])
    await expect(collect(mesh.generate(request({ deadlineMs: 3_000 }), never))).rejects.toMatchObject({
      data: { code: 'STAGE_FAILED', peerId: lazy },
    })
  })
})

describe('SessionService', () => {
  async function dial(to: number) {
    const raw = await node(0).dialProtocol(peerIdFromString(idOf(node(to))), SESSION_V1)
    return { raw, stream: new WireStream(raw, SESSION_LIMITS.maxBytes) }
  }

  function openMessage(
    peerId: ReturnType<typeof idOf>,
    sessionId: SessionId,
    layers: LayerRange,
  ): Uint8Array {
    const message: SessionMessage = {
      kind: 'open',
      open: {
        sessionId,
        modelId: TOY_MODEL,
        stageIndex: 0,
        route: [{ peerId, generation: GENERATION, layers, relayAddresses: [] }],
        capacityTokens: 100,
        promptTokenCount: 1,
        maxNewTokens: 90,
        endTokenIds: [],
        deadlineMs: 5_000,
        sampling: { ...request().sampling, historyTokenIds: [] },
      },
    }
    return encodeSessionMessage(message)
  }

  async function kinds(stream: WireStream): Promise<string[]> {
    const all: string[] = []
    for (let bytes = await stream.next(); bytes !== null; bytes = await stream.next()) {
      const message = decodeSessionMessage(bytes)
      all.push(message.kind === 'ended' ? message.ended.reason : message.kind)
    }
    return all
  }

  it.each([
    ['garbage', () => Uint8Array.of(0xff, 0xff), 'refused-malformed'],
    ['a message that opens nothing', () => opened, 'refused-malformed'],
    [
      'layers that it does not serve',
      (peer: ReturnType<typeof idOf>) => openMessage(peer, request().sessionId, { start: 0, end: 5 }),
      'refused-not-serving',
    ],
    [
      'another peer',
      () => openMessage(idOf(node(3)), request().sessionId, { start: 0, end: 6 }),
      'refused-not-serving',
    ],
  ] as const)('refuses %s and keeps nothing', async (_, bytes, reason) => {
    const stage = await serve(1, { start: 0, end: 6 })
    const { stream } = await dial(1)
    stream.send(bytes(stage.peerId))
    expect(await kinds(stream)).toEqual([reason])
    expect(stage.sessions.openSessions).toBe(0)
    expect(stage.engine.openSessions).toBe(0)
  })

  it('frees the cache when the asker sends garbage in the middle', async () => {
    const stage = await serve(1, { start: 0, end: 6 })
    const { stream, raw } = await dial(1)
    stream.send(openMessage(stage.peerId, request().sessionId, stage.layers))
    await vi.waitFor(() => expect(stage.engine.openSessions).toBe(1))
    raw.send(GARBAGE)
    expect(await kinds(stream)).toEqual(['opened', 'closed-by-asker'])
    expect(stage.sessions.openSessions).toBe(0)
    expect(stage.engine.openSessions).toBe(0)
  })

  it('frees the cache of a session whose asker left while it was opened', async () => {
    const stage = await serve(1, { start: 0, end: 6 })
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const open = stage.engine.openSession.bind(stage.engine)
    const entered = vi.fn()
    vi.spyOn(stage.engine, 'openSession').mockImplementation(async (params: OpenSessionParams) => {
      entered()
      await gate
      await open(params)
    })
    const { stream } = await dial(1)
    stream.send(openMessage(stage.peerId, request().sessionId, stage.layers))
    await vi.waitFor(() => expect(entered).toHaveBeenCalledOnce())
    stream.abort(new Error('the tab was closed'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    release()
    await vi.waitFor(() => expect(stage.sessions.openSessions).toBe(0))
    expect(stage.engine.openSessions).toBe(0)
  })

  it('survives tokens for an asker that has just gone', async () => {
    const stage = await serve(1, { start: 0, end: 6 })
    const { stream } = await dial(1)
    const { sessionId } = request()
    stream.send(openMessage(stage.peerId, sessionId, stage.layers))
    await vi.waitFor(() => expect(stage.engine.openSessions).toBe(1))
    vi.spyOn(stage.dataPlane, 'closeSession').mockResolvedValue()
    stream.abort(new Error('the tab was closed'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(() =>
      stage.sessions.onDataPlaneEvent({ kind: 'token', sessionId, position: 1, tokenId: 1 }),
    ).not.toThrow()
    vi.restoreAllMocks()
    await stage.dataPlane.closeSession(sessionId, 'closed-by-asker')
  })
})
