import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { weightFileLayouts } from '../model/layout.ts'
import { stageSizeBytes, type LlamaConfig, type ModelManifest } from '../model/manifest.ts'
import { fuzzParameters } from '../model/fuzz-runs.fixture.ts'
import { PLANNED_SESSIONS } from '../model/stage-memory.ts'
import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { assignmentModel } from './assignment-model.ts'
import { planModels, type SharingPeer } from './model-assignment.ts'

/** From models of a few hundred kilobytes to some of which one layer takes hundreds of megabytes. */
const manifests: fc.Arbitrary<ModelManifest[]> = fc.array(
  fc
    .record({
      encoding: fc.constantFrom('q4' as const, 'q8' as const),
      layerCount: fc.integer({ min: 1, max: 24 }),
      blocks: fc.integer({ min: 2, max: 64 }),
      kvHeadCount: fc.constantFrom(1, 2, 8),
      headSize: fc.constantFrom(32, 64, 128),
      contextLength: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom(1024, 8192, 131_072)),
    })
    .map(({ encoding, blocks, ...sizes }) => manifest(encoding, { hiddenSize: 32 * blocks, ...sizes })),
  { minLength: 1, maxLength: 3 },
)

function manifest(
  encoding: ModelManifest['encoding'],
  sizes: Pick<LlamaConfig, 'layerCount' | 'hiddenSize' | 'kvHeadCount' | 'headSize' | 'contextLength'>,
): ModelManifest {
  const config: LlamaConfig = {
    architecture: 'llama',
    intermediateSize: 3 * sizes.hiddenSize,
    headCount: 8,
    vocabSize: 512,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 10_000,
    tiedEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [],
    ...sizes,
  }
  return {
    format: 'racemesh-model/1',
    id: '' as ModelId, // set below, by position
    name: 'random',
    encoding,
    config,
    pieceSizeBytes: 1024 * 1024,
    files: weightFileLayouts(config, encoding).map((file) => ({ ...file, pieces: [] })),
    sideFiles: [],
  }
}

interface RandomPeer {
  /** Of what all models together need: budgets that matter lie around it, wherever it is. */
  readonly share: number
  readonly extraBytes: number
  readonly isBackstop: boolean
  readonly encodings: readonly ('q4' | 'q8')[]
  readonly wish: LayerRange | null
  readonly held: LayerRange | null
}

const ranges = fc
  .tuple(fc.nat(23), fc.integer({ min: 1, max: 24 }))
  .map(([start, length]): LayerRange => ({ start, end: start + length }))
const peers: fc.Arbitrary<RandomPeer[]> = fc.array(
  fc.record({
    share: fc.double({ min: 0, max: 1.2, noNaN: true }),
    extraBytes: fc.nat(4),
    isBackstop: fc.nat(5).map((side) => side === 0),
    encodings: fc.constantFrom(['q4', 'q8'] as const, ['q8'] as const),
    wish: fc.option(ranges, { freq: 2 }),
    held: fc.option(ranges, { freq: 1 }),
  }),
  { minLength: 1, maxLength: 8 },
)

/** What the engine takes of its budget: written from docs/engine.md, not from the planner. */
function takenBytes({ config, files, ...rest }: ModelManifest, layers: LayerRange): number {
  const tokens = Math.min(config.contextLength, 8192)
  const cacheBytes = tokens * (layers.end - layers.start) * 2 * config.kvHeadCount * config.headSize * 4
  return stageSizeBytes({ config, files, ...rest }, layers) + PLANNED_SESSIONS * cacheBytes
}

it('gives no peer more than its budget holds, the caches of the planned sessions included', () => {
  let assigned = 0
  fc.assert(
    fc.property(manifests, peers, (drawn, crowd) => {
      const models = drawn.map((each, index) => ({ ...each, id: String(index).repeat(64) as ModelId })) // its form
      const allBytes = models.reduce(
        (sum, each) => sum + takenBytes(each, { start: 0, end: each.config.layerCount }),
        0,
      )
      const sharing = crowd.map((each, index): SharingPeer => ({
        peerId: String.fromCharCode(97 + index) as PeerIdText, // opaque to the planner
        joinedAtMs: index,
        kind: 'tab',
        isBackstop: each.isBackstop,
        budgetBytes: Math.floor(each.share * allBytes) + each.extraBytes,
        encodings: each.encodings,
        pinnedLayers: each.wish,
        held: new Map(models.map(({ id }) => [id, { current: each.held, decodeStepMs: null }])),
      }))
      const plans = planModels({ models: models.map(assignmentModel), peers: sharing })
      for (const { peerId, budgetBytes } of sharing) {
        const taken = models.reduce((sum, each) => {
          const layers = plans.get(each.id)?.find((one) => one.peerId === peerId)?.layers ?? null
          if (layers === null) return sum
          assigned++
          return sum + takenBytes(each, layers)
        }, 0)
        expect(taken, `peer ${peerId}`).toBeLessThanOrEqual(budgetBytes)
      }
    }),
    fuzzParameters(1_000),
  )
  expect(assigned).toBeGreaterThan(0)
})
