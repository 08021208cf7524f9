import type { LoadedStage, LoadStageParams } from '../../engine/compute-engine.ts'
import { stageIdOf } from '../../engine/compute-engine.ts'
import type { ModelManifest } from '../../model/manifest.ts'
import { parseModelId } from '../../protocol/ids.ts'
import type { LayerRange } from '../../protocol/layer-range.ts'
import type { StageAdvert } from '../../protocol/stage-advert/stage-advert.ts'
import { systemClock } from '../ports.ts'
import { TOY_VOCABULARY, ToyEngine } from './toy-engine.fixture.ts'

export const TOY_LAYERS = 6
export const TOY_HIDDEN_SIZE = 8
export const TOY_CONTEXT = 512
export const TOY_MODEL = parseModelId('ab'.repeat(32))

/** Layers of 100 bytes each, an embedding of 50 and a head of 70. */
export const toyManifest: ModelManifest = {
  format: 'racemesh-model/1',
  id: TOY_MODEL,
  name: 'toy',
  encoding: 'q8',
  config: {
    architecture: 'llama',
    layerCount: TOY_LAYERS,
    hiddenSize: TOY_HIDDEN_SIZE,
    intermediateSize: 16,
    headCount: 1,
    kvHeadCount: 1,
    headSize: 8,
    vocabSize: TOY_VOCABULARY,
    contextLength: TOY_CONTEXT,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 10_000,
    tiedEmbeddings: false,
    bosTokenId: null,
    eosTokenIds: [],
  },
  pieceSizeBytes: 1024 * 1024,
  files: [
    { path: 'embedding.bin', role: { kind: 'embedding' }, sizeBytes: 50, tensors: [], pieces: [] },
    ...Array.from({ length: TOY_LAYERS }, (_, layer) => ({
      path: `layer-${layer}.bin`,
      role: { kind: 'layer' as const, layer },
      sizeBytes: 100,
      tensors: [],
      pieces: [],
    })),
    { path: 'head.bin', role: { kind: 'head' }, sizeBytes: 70, tensors: [], pieces: [] },
  ],
  sideFiles: [],
}

/** A toy engine whose stage counts as loaded when a host asks for it. */
export class LoadableToyEngine extends ToyEngine {
  constructor(layers: LayerRange, stepMs: number) {
    super({ layers, layerCount: TOY_LAYERS, hiddenSize: TOY_HIDDEN_SIZE, clock: systemClock, stepMs })
  }

  override loadStage(params?: LoadStageParams): Promise<LoadedStage> {
    if (params === undefined) throw new Error('a host says what it loads')
    const stageId = stageIdOf(params.manifest.id, params.layers)
    return Promise.resolve({ stageId, weightBytes: 1, loadMs: 1, decodeStepMs: 1 })
  }
}

/** What a peer that serves `layers` says of itself. */
export function toyAdvert(
  peerId: StageAdvert['peerId'],
  layers: LayerRange | null,
  change: Partial<StageAdvert> = {},
): StageAdvert {
  return {
    peerId,
    generation: 7,
    sequence: 1,
    kind: 'tab',
    isBackstop: false,
    isAwake: true,
    relayAddresses: [],
    memoryBudgetBytes: 1_000_000,
    encodings: ['q8'],
    pinnedLayers: null,
    stages:
      layers === null
        ? []
        : [
            {
              modelId: TOY_MODEL,
              layers,
              state: 'ready',
              decodeStepMicros: 1_000,
              openSessions: 0,
              maxSessions: 4,
            },
          ],
    links: [],
    ...change,
  }
}
