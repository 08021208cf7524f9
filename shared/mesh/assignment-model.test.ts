import * as ort from 'onnxruntime-web'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { stageIdOf, type StageId } from '../engine/compute-engine.ts'
import { InThreadEngine } from '../engine/ort-engine.ts'
import { packRandomModel, type PackedModel } from '../engine/packed-model.fixture.ts'
import { createWasmBackend } from '../engine/wasm-backend.ts'
import { stageFiles, stageSizeBytes } from '../model/manifest.ts'
import { maxSessionTokens, PLANNED_SESSIONS, stageMemoryBytes } from '../model/stage-memory.ts'
import type { PeerIdText, SessionId } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { assignmentModel } from './assignment-model.ts'
import { planAssignments } from './assignment.ts'

const WHOLE = { start: 0, end: 4 }
const session = (index: number): SessionId => index.toString(16).repeat(32) as SessionId // the form of a session id

describe('a plan and the engine that follows it', () => {
  let model: PackedModel
  let engine: InThreadEngine | null = null

  beforeAll(async () => {
    ort.env.wasm.numThreads = 1
    model = await packRandomModel('q8', { contextLength: 64 })
  })
  afterEach(async () => {
    await engine?.dispose()
    engine = null
  })

  const plan = (budgetBytes: number): LayerRange | null => {
    const peer = {
      peerId: 'a' as PeerIdText, // opaque to the planner
      joinedAtMs: 0,
      kind: 'tab' as const,
      isBackstop: false,
      budgetBytes,
      encodings: ['q8' as const],
      pinnedLayers: null,
      current: null,
      decodeStepMs: null,
    }
    return planAssignments({ model: assignmentModel(model.manifest), peers: [peer] })[0]?.layers ?? null
  }
  const load = async (budgetBytes: number, layers: LayerRange): Promise<StageId> => {
    engine = new InThreadEngine({ backend: createWasmBackend(ort), memoryBudgetBytes: budgetBytes })
    const files = new Map(
      stageFiles(model.manifest, layers).map(({ path }) => [path, model.files.get(path)!.slice()]), // packed
    )
    await engine.loadStage({ manifest: model.manifest, layers, files })
    return stageIdOf(model.manifest.id, layers)
  }
  const open = (stageId: StageId, index: number, capacityTokens: number): Promise<void> =>
    engine!.openSession({ stageId, sessionId: session(index), capacityTokens }) // loaded before

  it('gives all layers where weights and caches fit, and the engine then has room for the sessions to the byte', async () => {
    const budgetBytes = stageMemoryBytes(model.manifest, WHOLE)
    expect(plan(budgetBytes)).toEqual(WHOLE)
    const stageId = await load(budgetBytes, WHOLE)
    for (let index = 0; index < PLANNED_SESSIONS; index++)
      await open(stageId, index, maxSessionTokens(model.manifest.config))
    await expect(open(stageId, PLANNED_SESSIONS, 1)).rejects.toMatchObject({
      data: { code: 'OUT_OF_BUDGET', availableBytes: 0 },
    })
  })

  it('gives fewer layers for one byte less, with which the engine would refuse the last session', async () => {
    const budgetBytes = stageMemoryBytes(model.manifest, WHOLE) - 1
    expect(plan(budgetBytes)).toEqual({ start: 0, end: 2 })
    const stageId = await load(budgetBytes, WHOLE)
    const capacityTokens = maxSessionTokens(model.manifest.config)
    for (let index = 1; index < PLANNED_SESSIONS; index++) await open(stageId, index, capacityTokens)
    const cacheBytes = (budgetBytes + 1 - stageSizeBytes(model.manifest, WHOLE)) / PLANNED_SESSIONS
    await expect(open(stageId, PLANNED_SESSIONS, capacityTokens)).rejects.toMatchObject({
      data: { code: 'OUT_OF_BUDGET', neededBytes: cacheBytes, availableBytes: cacheBytes - 1 },
    })
  })

  it('gives fewer layers where the weights alone fit, with which the engine would refuse every session', async () => {
    const budgetBytes = stageSizeBytes(model.manifest, WHOLE)
    const layers = plan(budgetBytes)
    expect(layers).toEqual({ start: 0, end: 2 })
    const tooMuch = await load(budgetBytes, WHOLE)
    await expect(open(tooMuch, 0, 1)).rejects.toMatchObject({
      data: { code: 'OUT_OF_BUDGET', availableBytes: 0 },
    })
    await engine?.dispose()
    const stageId = await load(budgetBytes, layers!) // seen above
    for (let index = 0; index < PLANNED_SESSIONS; index++)
      await open(stageId, index, maxSessionTokens(model.manifest.config))
  })
})
