import { expect, it } from 'vitest'
import type { ContributorStatus } from '../mesh-contributor.ts'
import { phaseSentence } from './phase-sentence.ts'

const status: ContributorStatus = {
  phase: 'serving',
  peerId: null,
  backend: 'wasm',
  power: 'balanced',
  slowedBy: [],
  stage: {
    modelName: 'guide',
    layers: { start: 4, end: 8 },
    layerCount: 16,
    weightBytes: 1,
    decodeStepMs: 2,
  },
  shortage: null,
  download: null,
  openSessions: 0,
  tokensServed: 1_204,
  memoryBytes: 0,
  stepTimeDrift: null,
  links: [],
  error: null,
}

it.each<[Partial<ContributorStatus>, string]>([
  [{}, 'This tab holds layers 4-8 of 16 and has answered 1,204 tokens.'],
  [{ tokensServed: 1 }, 'This tab holds layers 4-8 of 16 and has answered 1 token.'],
  [{ tokensServed: 0 }, 'This tab holds layers 4-8 of 16 and waits for the first request.'],
  [{ phase: 'downloading' }, 'This tab is downloading layers 4-8 of 16.'],
  [{ phase: 'downloading', stage: null }, 'This tab is downloading its layers.'],
  [{ phase: 'waiting', stage: null }, 'This tab is connected and waits for layers to hold.'],
  [
    {
      phase: 'waiting',
      stage: null,
      shortage: { modelName: 'big', neededBytes: 412_000_000, budgetBytes: 2 ** 28 },
    },
    'This tab has no room for a layer: with its sessions, the smallest part of big takes 412 MB, and this tab lends ' +
      '268 MB. Stop and start again with more power; beyond Full, only a native node lends more.',
  ],
])('%o', (change, sentence) => {
  expect(phaseSentence({ ...status, ...change })).toBe(sentence)
})
