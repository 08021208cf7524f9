import { describe, expect, it } from 'vitest'
import { findGaps, labelStep, placeBars, type TrackBar } from './track-layout.ts'

function bar(key: string, start: number, end: number, state: TrackBar['state'] = 'ready'): TrackBar {
  return { key, peerId: key, layers: { start, end }, state, isYours: false, description: '' }
}

describe('placeBars', () => {
  it('keeps a pipeline on one lane and puts a replica on the next', () => {
    const placed = placeBars([bar('c', 8, 16), bar('b', 4, 12), bar('a', 0, 8)])
    expect(placed.map(({ key, lane }) => [key, lane])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ])
  })

  it('does not depend on the order of the snapshot', () => {
    const bars = [bar('a', 0, 4), bar('b', 0, 4), bar('c', 2, 6), bar('d', 4, 8)]
    expect(placeBars([...bars].reverse())).toEqual(placeBars(bars))
  })

  it('never overlaps two bars of a lane, in as few lanes as the deepest layer needs', () => {
    const bars = Array.from({ length: 40 }, (_, i) =>
      bar(`p${i}`, (i * 7) % 20, ((i * 7) % 20) + 1 + (i % 5)),
    )
    const placed = placeBars(bars)
    const depth = Math.max(
      ...Array.from(
        { length: 25 },
        (_, at) => bars.filter((b) => b.layers.start <= at && at < b.layers.end).length,
      ),
    )
    expect(Math.max(...placed.map((b) => b.lane)) + 1).toBe(depth)
    for (const a of placed) {
      for (const b of placed) {
        const isApart = a.lane !== b.lane || a.layers.end <= b.layers.start || b.layers.end <= a.layers.start
        expect(a === b || isApart, `${a.key} and ${b.key}`).toBe(true)
      }
    }
  })
})

describe('findGaps', () => {
  it.each([
    ['nobody', [], [{ start: 0, end: 8 }]],
    [
      'one bar in the middle',
      [bar('a', 2, 4)],
      [
        { start: 0, end: 2 },
        { start: 4, end: 8 },
      ],
    ],
    ['loading does not count', [bar('a', 0, 4), bar('b', 4, 8, 'loading')], [{ start: 4, end: 8 }]],
    ['full cover in any order', [bar('b', 4, 8), bar('a', 0, 5)], []],
  ])('%s', (_, bars, gaps) => {
    expect(findGaps(bars, 8)).toEqual(gaps)
  })
})

it.each([
  [8, 800, 1],
  [16, 320, 2],
  [80, 600, 4],
  [4, 1, 4],
])('prints %i layers on %i pixels in steps of %i', (layers, width, step) => {
  expect(labelStep(layers, width, 24)).toBe(step)
})
