import * as ort from 'onnxruntime-web'
import { beforeAll, describe, expect, it } from 'vitest'
import { GUIDE_SHAPE } from '../model/random-model.fixture.ts'
import { PREFILL_CHUNK_TOKENS } from './compute-engine.ts'
import { generate } from './generate.fixture.ts'
import { InThreadEngine } from './ort-engine.ts'
import { packRandomModel, type PackedModel } from './packed-model.fixture.ts'
import { createWasmBackend } from './wasm-backend.ts'

// Beyond 48 positions, where attention kernels have gone wrong before, and no multiple of the chunk.
const PROMPT = Array.from({ length: 61 }, (_, i) => (i * 197 + 5) % 2048)
const NEW_TOKENS = 12
const SAMPLED = { temperature: 0.9, topK: 50, topP: 0.95, minP: 0, repetitionPenalty: 1.1, seed: 7 }

describe.each(['q8', 'q4'] as const)('a sharded %s model', (encoding) => {
  let model: PackedModel
  let whole: number[]
  const engine = new InThreadEngine({ backend: createWasmBackend(ort), memoryBudgetBytes: 256 * 1024 * 1024 })
  const run = (
    splits: number[],
    overrides: Partial<Parameters<typeof generate>[0]> = {},
  ): Promise<number[]> =>
    generate({
      engine,
      model,
      ranges: splits.slice(1).map((end, index) => ({ start: splits[index]!, end })), // pairs of neighbours
      prompt: PROMPT,
      newTokens: NEW_TOKENS,
      chunkTokens: PREFILL_CHUNK_TOKENS,
      ...overrides,
    })

  beforeAll(async () => {
    ort.env.wasm.numThreads = 1
    model = await packRandomModel(encoding, GUIDE_SHAPE)
    whole = await run([0, 8])
  })

  it.each([[[0, 4, 8]], [[0, 3, 5, 8]]])(
    'gives the tokens of the whole model when cut at %j',
    async (splits) => {
      expect(new Set(whole).size).toBeGreaterThan(3)
      expect(await run(splits)).toEqual(whole)
    },
  )

  it('gives the sampled tokens of the whole model', async () => {
    const sampled = await run([0, 8], { sampling: SAMPLED })
    expect(sampled).not.toEqual(whole)
    expect(await run([0, 4, 8], { sampling: SAMPLED })).toEqual(sampled)
  })

  it('gives the same tokens however the prompt is cut into steps of several', async () => {
    // None leaves a single position over: its last bits differ, see docs/engine.md.
    for (const chunkTokens of [7, 25, 61]) {
      expect(await run([0, 4, 8], { chunkTokens }), `chunks of ${chunkTokens}`).toEqual(whole)
    }
  })
})
