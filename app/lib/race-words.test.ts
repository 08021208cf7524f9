import { describe, expect, it } from 'vitest'
import type { ContestProgress } from '../../shared/race/contest/contest.ts'
import { formatOperations, raceSentence } from './race-words.ts'

it.each([
  [850e6, '850', 'million/s'],
  [16.84e9, '16.8', 'billion/s'],
  [999.9e9, '1,000', 'billion/s'],
  [4.2e12, '4.2', 'trillion/s'],
])('writes %d operations a second', (perSecond, value, unit) => {
  expect(formatOperations(perSecond)).toEqual({ value, unit })
})

describe('what the tab does', () => {
  const progress: ContestProgress = {
    phase: 'racing',
    pathName: 'wasm',
    adapter: 'SIMD, 1 thread',
    preparedShare: 0.5,
    noncesTried: 1_204,
    hits: 1,
    noncesPerSecond: 20,
    multiplyAccumulatesPerSecond: 1e9,
    shareOfPeak: null,
    remainingMs: 1_000,
    deviceLosses: 0,
  }

  it.each([
    ['racing', 'This tab races on your CPU. 1 hit in 1,204 nonces so far.'],
    ['preparing', "Making the network's weights, 50 %."],
    ['yielding', 'An answer for a user goes first; the Race waits. 1 hit in 1,204 nonces so far.'],
    ['paused', 'Paused. The clock goes on. 1 hit in 1,204 nonces so far.'],
  ] as const)('while %s', (phase, sentence) => {
    expect(raceSentence({ ...progress, phase }, { counts: true })).toBe(sentence)
  })

  it('is told without figures to those who hear it', () => {
    expect(raceSentence(progress, { counts: false })).toBe('This tab races on your CPU.')
    expect(raceSentence(null, { counts: false })).toBe('The code of the Race is on its way.')
  })
})
