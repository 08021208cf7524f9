import { describe, expect, it } from 'vitest'
import {
  describeDrift,
  describePath,
  formatBytes,
  formatDuration,
  formatMs,
  formatPlural,
  formatRate,
  formatShare,
  shortPeerId,
} from './format.ts'

describe('formatBytes', () => {
  it.each([
    [0, '0 KB'],
    [12_345, '12 KB'],
    [4_200_000, '4.2 MB'],
    [9_960_000, '10 MB'],
    [48_000_000, '48 MB'],
    [1_300_000_000, '1.3 GB'],
  ])('%i -> %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe('formatMs', () => {
  it.each([
    [0, '0.00 ms'],
    [0.421, '0.42 ms'],
    [0.999, '1.0 ms'],
    [3.66, '3.7 ms'],
    [47.6, '48 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1_780, '1.8 s'],
    [12_400, '12 s'],
  ])('%d -> %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
  })
})

describe('formatDuration', () => {
  it.each([
    [8_000, '8 s'],
    [200_000, '3 min 20 s'],
    [180_000, '3 min'],
    [7_500_000, '2 h 5 min'],
    [3 * 86_400_000, '3 days'],
  ])('%i -> %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('formatShare', () => {
  it.each([
    [0, 0, '0 %'],
    [0, 100, '0 %'],
    [1, 10_000, '< 0.1 %'],
    [3, 1_000, '0.3 %'],
    [42, 100, '42 %'],
    [999, 1_000, '99 %'],
    [5, 5, '100 %'],
  ])('%i of %i -> %s', (part, whole, text) => {
    expect(formatShare(part, whole)).toBe(text)
  })
})

it('tells peers apart by the end of their ids', () => {
  expect(shortPeerId('12D3KooWGrbmR3ukG3Rnmi3bqmQ9v6wSCm3ryMvnbSxe8ZaVL1kN')).toBe('aVL1kN')
})

it('counts with the right noun', () => {
  expect([0, 1, 1_204].map((count) => formatPlural(count, 'token'))).toEqual([
    '0 tokens',
    '1 token',
    '1,204 tokens',
  ])
})

it('prints rates with the digits that matter', () => {
  expect([0.04, 3.44, 9.96, 1_204.4].map(formatRate)).toEqual(['0.0', '3.4', '10', '1,204'])
})

it('calls every rung of the ladder but the last direct', () => {
  expect((['worker-channel', 'main-channel', 'stream', 'relayed-stream'] as const).map(describePath)).toEqual(
    ['direct', 'direct', 'direct', 'through the relay'],
  )
})

it('says how the step time moved', () => {
  expect([0.9, 1.02, 1.2, 1.7].map(describeDrift)).toEqual([
    '10 % faster than at the start',
    'as fast as at the start',
    '20 % slower than at the start',
    '70 % slower than at the start: the device is hot or busy',
  ])
})
