import { expect, it } from 'vitest'
import { packRandomModel } from '../engine/packed-model.fixture.ts'
import { stageSizeBytes } from './manifest.ts'
import { kvBytesPerToken, maxSessionTokens, stageMemoryBytes } from './stage-memory.ts'

it('counts keys and values of every layer and position, for two sessions, beside the weights', async () => {
  const { manifest } = await packRandomModel('q8', { layerCount: 3, contextLength: 100 })
  const layers = { start: 1, end: 3 }
  // 2 layers x keys and values x 2 heads x 16 floats.
  expect(kvBytesPerToken(manifest.config, layers)).toBe(512)
  expect(stageMemoryBytes(manifest, layers) - stageSizeBytes(manifest, layers)).toBe(2 * 100 * 512)
})

it.each([
  [1, 1],
  [8192, 8192],
  [8193, 8192],
  [131_072, 8192],
])('lets a session of a model with a context of %i have %i positions', async (contextLength, tokens) => {
  const { manifest } = await packRandomModel('q8', { layerCount: 1, contextLength })
  expect(maxSessionTokens(manifest.config)).toBe(tokens)
})
