import type { LayerRange } from '../protocol/layer-range.ts'
import { GUIDE_SHAPE, type RandomModelShape } from '../model/random-model.fixture.ts'
import { stageFiles } from '../model/manifest.ts'
import type { SessionId } from '../protocol/ids.ts'
import { PREFILL_CHUNK_TOKENS, stageIdOf, type ComputeEngine, type SamplingParams } from './compute-engine.ts'
import type { PackedModel } from './packed-model.fixture.ts'

export const GREEDY: SamplingParams = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  seed: 0,
}

/** The random model that transformers refereed, see scripts/referee.py. */
export const REFEREE_SHAPE: RandomModelShape = { ...GUIDE_SHAPE, layerCount: 4, vocabSize: 512 }

/** A small generation that the tests of every engine share: 50 prompt tokens, then 8 greedy ones, over two stages. */
export const GENERATE = {
  shape: { layerCount: 2, hiddenSize: 64, intermediateSize: 96 },
  request: {
    ranges: [
      { start: 0, end: 1 },
      { start: 1, end: 2 },
    ],
    prompt: Array.from({ length: 50 }, (_, i) => (i * 37 + 5) % 288),
    newTokens: 8,
    chunkTokens: PREFILL_CHUNK_TOKENS,
  },
} as const

/** Generates with a pipeline of stages on one engine, as the mesh does: prefill in chunks, then one token at a time. */
export async function generate({
  engine,
  model,
  ranges,
  prompt,
  newTokens,
  chunkTokens,
  sampling = GREEDY,
}: {
  engine: ComputeEngine
  model: PackedModel
  ranges: readonly LayerRange[]
  prompt: readonly number[]
  newTokens: number
  chunkTokens: number
  sampling?: SamplingParams
}): Promise<number[]> {
  const sessionId = 'f'.repeat(32) as SessionId // the form of a session id
  const stageIds = ranges.map((layers) => stageIdOf(model.manifest.id, layers))
  for (const [index, layers] of ranges.entries()) {
    // A worker takes the buffers away.
    const files = structuredClone(
      new Map(stageFiles(model.manifest, layers).map(({ path }) => [path, model.files.get(path)!])),
    )
    await engine.loadStage({ manifest: model.manifest, layers, files })
    await engine.openSession({
      stageId: stageIds[index]!, // one per range
      sessionId,
      capacityTokens: prompt.length + newTokens,
      sampling: index === ranges.length - 1 ? { params: sampling, historyTokenIds: prompt } : undefined,
    })
  }

  const step = async (
    tokenIds: readonly number[],
    position: number,
    wantToken: boolean,
  ): Promise<number | null> => {
    let hidden: Float32Array<ArrayBuffer> | null = null
    for (const [index, stageId] of stageIds.entries()) {
      const isLast = index === stageIds.length - 1
      const result = await engine.forward({
        stageId,
        sessionId,
        position,
        input:
          hidden === null
            ? { kind: 'tokens', tokenIds: Int32Array.from(tokenIds) }
            : { kind: 'hidden', tokenCount: tokenIds.length, hidden },
        want: isLast ? (wantToken ? 'token' : 'none') : 'hidden',
      })
      if (result.kind === 'token') return result.tokenId
      hidden = result.kind === 'hidden' ? result.hidden : null
    }
    return null
  }

  const tokens: number[] = []
  for (let position = 0; position < prompt.length; position += chunkTokens) {
    const end = Math.min(position + chunkTokens, prompt.length)
    const token = await step(prompt.slice(position, end), position, end === prompt.length)
    if (token !== null) tokens.push(token)
  }
  while (tokens.length < newTokens) {
    const token = await step([tokens.at(-1)!], prompt.length + tokens.length - 1, true) // prefill gave the first
    if (token !== null) tokens.push(token)
  }
  for (const stageId of stageIds) await engine.closeSession(stageId, sessionId)
  return tokens
}
