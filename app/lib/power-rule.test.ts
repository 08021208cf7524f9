import { describe, expect, it } from 'vitest'
import type { Power } from '../mesh-contributor.ts'
import { describeReasons, dutyOf, type SlowReason } from './power-rule.ts'

describe('dutyOf', () => {
  it.each<[Power, SlowReason[], number]>([
    ['full', [], 1],
    ['balanced', [], 0.5],
    ['quiet', [], 0.25],
    ['full', ['hidden'], 0.5],
    ['full', ['hidden', 'battery'], 0.25],
    ['full', ['hidden', 'battery', 'metered'], 0.1],
    ['quiet', ['battery'], 0.1],
    ['quiet', ['hidden', 'battery', 'metered'], 0.1],
  ])('of %s with %j is %d', (power, reasons, duty) => {
    expect(dutyOf(power, reasons)).toBe(duty)
  })
})

describe('describeReasons', () => {
  it.each<[SlowReason[], string | null]>([
    [[], null],
    [['hidden'], 'this tab is in the background'],
    [['battery', 'metered'], 'this device runs on its battery and its connection is metered'],
    [
      ['hidden', 'battery', 'metered'],
      'this tab is in the background, this device runs on its battery and its connection is metered',
    ],
  ])('of %j is %j', (reasons, text) => {
    expect(describeReasons(reasons)).toBe(text)
  })
})
