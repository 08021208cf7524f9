import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SessionId } from '../protocol/ids.ts'
import { stageFiles, type ModelManifest } from '../model/manifest.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { stageIdOf, type ComputeEngine, type StageInput } from './compute-engine.ts'
import { generate, GENERATE, GREEDY } from './generate.fixture.ts'
import { packRandomModel, type PackedModel } from './packed-model.fixture.ts'
import { seededInput } from './seeded-input.ts'

const BUDGET_BYTES = 2 * 1024 * 1024
const WHOLE = { start: 0, end: 2 }
const FIRST = { start: 0, end: 1 }
const LAST = { start: 1, end: 2 }
const session = (digit: string): SessionId => digit.repeat(32) as SessionId // the form of a session id

/**
 * What every {@link ComputeEngine} does. `create` makes one with this budget and 3 sessions per stage; `close` gives back
 * what the engine itself does not own.
 */
export function describeComputeEngine(
  name: string,
  create: (limits: { memoryBudgetBytes: number; maxSessionsPerStage: number }) => Promise<{
    engine: ComputeEngine
    close: () => Promise<void>
  }>,
): void {
  describe(name, () => {
    let engine: ComputeEngine
    let close: () => Promise<void>
    let model: PackedModel

    beforeAll(async () => {
      model = await packRandomModel('q8', GENERATE.shape)
      ;({ engine, close } = await create({ memoryBudgetBytes: BUDGET_BYTES, maxSessionsPerStage: 3 }))
    })
    afterAll(async () => {
      await engine.dispose()
      await close()
    })

    const filesOf = (manifest: ModelManifest, layers: LayerRange): Map<string, Uint8Array<ArrayBuffer>> =>
      new Map(stageFiles(manifest, layers).map(({ path }) => [path, model.files.get(path)!.slice()])) // packed
    const load = (layers: LayerRange, change?: (files: Map<string, Uint8Array<ArrayBuffer>>) => void) => {
      const files = filesOf(model.manifest, layers)
      change?.(files)
      return engine.loadStage({ manifest: model.manifest, layers, files })
    }
    const tokens = (...ids: number[]): StageInput => ({ kind: 'tokens', tokenIds: Int32Array.from(ids) })
    const stageId = (layers: LayerRange) => stageIdOf(model.manifest.id, layers)
    const open = (layers: LayerRange, sessionId: SessionId, capacityTokens = 16) =>
      engine.openSession({
        stageId: stageId(layers),
        sessionId,
        capacityTokens,
        sampling: { params: GREEDY, historyTokenIds: [] },
      })

    it('says what it can do', async () => {
      expect(await engine.capabilities()).toMatchObject({
        backend: 'wasm',
        encodings: ['q8', 'q4'],
        memoryBudgetBytes: BUDGET_BYTES,
        maxSessionsPerStage: 3,
      })
    })

    it('loads a stage, measures it, and generates', async () => {
      const report = await load(WHOLE)
      expect(report.stageId).toBe(stageId(WHOLE))
      expect(report.weightBytes).toBe(model.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0))
      expect(report.decodeStepMs).toBeGreaterThan(0)
      const request = { ...GENERATE.request, ranges: [WHOLE] }
      const answer = await generate({ engine, model, ...request })
      expect(answer).toHaveLength(8)
      expect(await generate({ engine, model, ...GENERATE.request })).toEqual(answer)
    })

    it('keeps sessions apart that take turns', async () => {
      await load(WHOLE)
      const run = async (sessionId: SessionId, prompt: number[]): Promise<number[]> => {
        await open(WHOLE, sessionId)
        const answer: number[] = []
        let next = prompt
        let position = 0
        for (let step = 0; step < 5; step++) {
          const result = await engine.forward({
            stageId: stageId(WHOLE),
            sessionId,
            position,
            input: tokens(...next),
            want: 'token',
          })
          if (result.kind !== 'token') throw new Error(`Wanted a token, got ${result.kind}.`)
          position += next.length
          next = [result.tokenId]
          answer.push(result.tokenId)
        }
        await engine.closeSession(stageId(WHOLE), sessionId)
        return answer
      }
      const alone = [await run(session('1'), [5, 6, 7]), await run(session('2'), [100, 3])]
      expect(alone[0]).not.toEqual(alone[1])
      expect(await Promise.all([run(session('3'), [5, 6, 7]), run(session('4'), [100, 3])])).toEqual(alone)
    })

    it('gives hidden states, logits or nothing, as asked', async () => {
      await load(FIRST)
      await load(LAST)
      await open(FIRST, session('5'))
      await open(LAST, session('5'))
      const first = { stageId: stageId(FIRST), sessionId: session('5') }
      const last = { stageId: stageId(LAST), sessionId: session('5') }
      const hidden = await engine.forward({ ...first, position: 0, input: tokens(1, 2, 3), want: 'hidden' })
      if (hidden.kind !== 'hidden') throw new Error(`Wanted hidden states, got ${hidden.kind}.`)
      expect(hidden.hidden).toHaveLength(3 * 64)
      const input = { kind: 'hidden', tokenCount: 3, hidden: hidden.hidden } as const
      const logits = await engine.forward({ ...last, position: 0, input, want: 'logits' })
      expect(logits.kind === 'logits' && logits.logits.length).toBe(288)
      const none = await engine.forward({ ...first, position: 3, input: tokens(4), want: 'none' })
      expect(none).toMatchObject({ kind: 'none', computeMs: expect.any(Number) as number })
    })

    it.each<[string, () => Promise<unknown>, object]>([
      ['an unknown stage', () => open({ start: 0, end: 7 }, session('6')), { code: 'UNKNOWN_STAGE' }],
      ['an unknown session', () => forward({ sessionId: session('9') }), { code: 'UNKNOWN_SESSION' }],
      ['a gap in the positions', () => forward({ position: 1 }), { code: 'BAD_POSITION' }],
      ['no tokens', () => forward({ input: tokens() }), { code: 'BAD_SHAPE' }],
      ['a token beyond the vocabulary', () => forward({ input: tokens(288) }), { code: 'BAD_SHAPE' }],
      ['a negative token', () => forward({ input: tokens(-1) }), { code: 'BAD_SHAPE' }],
      [
        'hidden states for the first stage',
        () => forward({ input: { kind: 'hidden', tokenCount: 1, hidden: new Float32Array(64) } }),
        { code: 'BAD_SHAPE' },
      ],
      [
        'more than the capacity',
        () => forward({ input: tokens(...Array<number>(17).fill(1)) }),
        { code: 'CONTEXT_FULL' },
      ],
      ['a session beyond the context', () => open(WHOLE, session('7'), 257), { code: 'CONTEXT_FULL' }],
      ['sampling parameters out of range', () => openBadly(), { code: 'BAD_SAMPLING' }],
    ])('refuses %s and goes on working', async (_, act, data) => {
      await load(WHOLE)
      await open(WHOLE, session('6'))
      await expect(act()).rejects.toMatchObject({ data })
      expect(await forward({})).toMatchObject({ kind: 'token' })
      await engine.closeSession(stageId(WHOLE), session('6'))
    })

    const forward = (change: Partial<Parameters<ComputeEngine['forward']>[0]>) =>
      engine.forward({
        stageId: stageId(WHOLE),
        sessionId: session('6'),
        position: 0,
        input: tokens(1),
        want: 'token',
        ...change,
      })
    const openBadly = () =>
      engine.openSession({
        stageId: stageId(WHOLE),
        sessionId: session('7'),
        capacityTokens: 8,
        sampling: { params: { ...GREEDY, topP: 2 }, historyTokenIds: [] },
      })

    it('refuses hidden states of the wrong size, and ones that are not finite', async () => {
      await load(LAST)
      await open(LAST, session('8'))
      const step = (hidden: Float32Array<ArrayBuffer>, tokenCount = 1) =>
        engine.forward({
          stageId: stageId(LAST),
          sessionId: session('8'),
          position: 0,
          input: { kind: 'hidden', tokenCount, hidden },
          want: 'token',
        })
      await expect(step(new Float32Array(64), 2)).rejects.toMatchObject({ data: { code: 'BAD_SHAPE' } })
      const bad = seededInput(64)
      bad[63] = NaN
      await expect(step(bad)).rejects.toMatchObject({ data: { code: 'NOT_FINITE' } })
      expect(await step(seededInput(64))).toMatchObject({ kind: 'token' })
      await engine.closeSession(stageId(LAST), session('8'))
    })

    it('limits the sessions of a stage, and frees their places', async () => {
      await load(WHOLE)
      for (const digit of ['a', 'b', 'c']) await open(WHOLE, session(digit))
      await expect(open(WHOLE, session('d'))).rejects.toMatchObject({ data: { code: 'TOO_MANY_SESSIONS' } })
      await open(WHOLE, session('c'))
      await engine.closeSession(stageId(WHOLE), session('a'))
      await open(WHOLE, session('d'))
      for (const digit of ['a', 'b', 'c', 'd']) await engine.closeSession(stageId(WHOLE), session(digit))
    })

    it('keeps to its budget, says what was missing, and takes the bytes back', async () => {
      for (const layers of [WHOLE, FIRST, LAST]) await engine.unloadStage(stageId(layers))
      const big = await packRandomModel('q8', { layerCount: 1, vocabSize: 20_000 })
      const loading = engine.loadStage({ manifest: big.manifest, layers: FIRST, files: new Map(big.files) })
      await expect(loading).rejects.toMatchObject({
        data: { code: 'OUT_OF_BUDGET', availableBytes: BUDGET_BYTES },
      })
      const { weightBytes } = await load(WHOLE)
      // A cache takes 2 layers x keys and values x 2 heads x 16 floats a token.
      const left = Math.floor((BUDGET_BYTES - weightBytes) / 512)
      for (let round = 0; round < 20; round++) {
        await open(WHOLE, session('e'), 256)
        await engine.closeSession(stageId(WHOLE), session('e'))
      }
      expect(left).toBeGreaterThan(256)
      await engine.unloadStage(stageId(WHOLE))
      expect(await load(WHOLE)).toMatchObject({ weightBytes })
    })

    it.each<[string, (files: Map<string, Uint8Array<ArrayBuffer>>) => void, RegExp]>([
      ['missing', (files) => files.delete('layer-000.bin'), /layer-000\.bin was not given/],
      ['cut short', (files) => files.set('head.bin', new Uint8Array(64)), /head\.bin has 64 bytes/],
      [
        'not finite',
        (files) => new DataView(files.get('layer-001.bin')!.buffer).setFloat32(4, Infinity, true),
        /Infinity in attention_norm, element 1/,
      ],
    ])('refuses weights that are %s', async (_, change, message) => {
      await engine.unloadStage(stageId(WHOLE))
      const loading = load(WHOLE, change)
      await expect(loading).rejects.toThrow(message)
      await expect(loading).rejects.toMatchObject({ name: 'EngineError', data: { code: 'BAD_WEIGHTS' } })
    })

    it('ignores what is not there to be closed, and refuses a layer range that the model lacks', async () => {
      await engine.unloadStage(stageId({ start: 5, end: 6 }))
      await engine.closeSession(stageId(WHOLE), session('f'))
      await expect(load({ start: 1, end: 3 })).rejects.toMatchObject({ data: { code: 'BAD_SHAPE' } })
    })
  })
}
