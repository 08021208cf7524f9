import { describe, expect, it } from 'vitest'
import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { layerCount } from '../protocol/layer-range.ts'
import { createRandom } from '../protocol/testing/create-random.fixture.ts'
import {
  planAssignments,
  type AssignmentInput,
  type AssignmentModel,
  type AssignmentPeer,
} from './assignment.ts'
import { memoryBytes } from './window-plan.ts'

const MODEL: AssignmentModel = {
  id: 'ab'.repeat(32) as ModelId, // 64 hex digits
  layerCount: 8,
  layerBytes: new Array<number>(8).fill(100),
  embeddingBytes: 50,
  headBytes: 50,
  layerCacheBytes: 0,
  encoding: 'q8',
}
const WHOLE_BYTES = 900

function peer(name: string, overrides: Partial<AssignmentPeer> = {}): AssignmentPeer {
  return {
    peerId: name as PeerIdText, // opaque to the planner
    joinedAtMs: name.charCodeAt(0),
    kind: 'tab',
    isBackstop: false,
    budgetBytes: 10_000,
    encodings: ['q4', 'q8'],
    pinnedLayers: null,
    current: null,
    decodeStepMs: null,
    ...overrides,
  }
}

function range(text: string): LayerRange {
  const [start, end] = text.split('-').map(Number)
  return { start: start ?? 0, end: end ?? 0 }
}

/** `{ a: '0-4', b: null }`, the form in which the tables below are written. */
function plan(
  peers: readonly AssignmentPeer[],
  options?: AssignmentInput['options'],
  model = MODEL,
): Record<string, string | null> {
  const assignments = planAssignments({ model, peers, options })
  expect(assignments.map(({ peerId }) => peerId)).toEqual(peers.map(({ peerId }) => peerId))
  return Object.fromEntries(
    assignments.map(({ peerId, layers }) => [
      peerId,
      layers === null ? null : `${layers.start}-${layers.end}`,
    ]),
  )
}

/** The peers after they have done what the plan says; their time per layer stays what it was. */
function settle(peers: readonly AssignmentPeer[], input: Omit<AssignmentInput, 'peers'>): AssignmentPeer[] {
  const assignments = planAssignments({ ...input, peers })
  return peers.map((before, index) => {
    const current = assignments[index]?.layers ?? null
    const perLayerMs =
      before.decodeStepMs === null || before.current === null
        ? null
        : before.decodeStepMs / layerCount(before.current)
    return {
      ...before,
      current,
      decodeStepMs: perLayerMs === null || current === null ? null : perLayerMs * layerCount(current),
    }
  })
}

describe('tabs that join', () => {
  it.each<[number, string[]]>([
    [0, []],
    [1, ['0-8']],
    [2, ['0-4', '4-8']],
    [3, ['0-4', '4-8', '0-4']],
    [4, ['0-4', '4-8', '0-4', '4-8']],
    [8, ['0-4', '4-8', '0-4', '4-8', '0-4', '4-8', '0-4', '4-8']],
  ])('gives %i equal tabs that come at once few fat stages', (count, expected) => {
    const peers = Array.from({ length: count }, (_, index) => peer(String.fromCharCode(97 + index)))
    expect(Object.values(plan(peers))).toEqual(expected)
  })

  it('moves nobody but the lone first tab when eight join one after the other', () => {
    let peers: AssignmentPeer[] = []
    for (let index = 0; index < 8; index++) {
      const before = peers
      peers = settle([...peers, peer(String.fromCharCode(97 + index))], { model: MODEL })
      for (const [at, old] of before.entries()) {
        if (index === 1) continue
        expect(peers[at]?.current, `tab ${at} after ${index + 1} tabs`).toEqual(old.current)
      }
    }
    expect(peers.map(({ current }) => current?.start)).toEqual([0, 4, 0, 4, 0, 4, 0, 4])
  })

  it('lets the first tab keep a half that it has downloaded', () => {
    expect(plan([peer('a', { current: range('0-8') }), peer('b')])).toEqual({ a: '0-4', b: '4-8' })
    // Whoever came first: the subset of what is held costs nothing, the other half has to be fetched.
    expect(plan([peer('a'), peer('b', { current: range('0-4') })])).toEqual({ a: '4-8', b: '0-4' })
    expect(plan([peer('a'), peer('b', { current: range('0-5') })])).toEqual({ a: '4-8', b: '0-4' })
  })

  it('finds the placement with the least download even where the first choice stands in its way', () => {
    const peers = [
      peer('a', { current: range('0-8') }),
      peer('b', { current: range('0-3') }),
      peer('c', { current: range('6-8') }),
    ]
    // b saves three layers in 0-4, so a, for whom both halves are free, has to take the other one.
    expect(plan(peers.slice(0, 2))).toEqual({ a: '4-8', b: '0-4' })
    // And c, for whom that half is nearer, doubles it.
    expect(plan(peers)).toEqual({ a: '4-8', b: '0-4', c: '4-8' })
  })

  it('counts what a peer saves where it leaves, not only what it fetches where it goes', () => {
    // a alone takes 0-4 for 10 bytes. Then b could fetch 25 for 4-8; but b in 0-4 (20) and a in 4-8 (10) are 5 less.
    const model = {
      ...MODEL,
      layerBytes: [10, 10, 10, 10, 10, 10, 15, 10],
      embeddingBytes: 0,
      headBytes: 0,
    }
    const peers = [peer('a', { current: range('1-7') }), peer('b', { current: range('2-6') })]
    expect(plan(peers, {}, model)).toEqual({ a: '4-8', b: '0-4' })
  })
})

describe('tabs that leave', () => {
  it('gives the last tab the whole model', () => {
    expect(plan([peer('a', { current: range('4-8') })])).toEqual({ a: '0-8' })
  })

  it('moves one of the peers that are doubled, the latest to join, into a gap', () => {
    const half = { current: range('0-4') }
    expect(plan([peer('a', half), peer('b', half), peer('c', half)])).toEqual({
      a: '0-4',
      b: '0-4',
      c: '4-8',
    })
  })

  it('passes a window on where the doubled peers are too small for the gap', () => {
    // Windows of 250, 200, 200 and 250 bytes. The gap 6-8 needs 250, which only b can hold, and only c can follow b.
    const peers = [
      peer('a', { current: range('0-2'), budgetBytes: 250 }),
      peer('b', { current: range('2-4'), budgetBytes: 250 }),
      peer('c', { current: range('4-6'), budgetBytes: 200 }),
      peer('d', { current: range('4-6'), budgetBytes: 200 }),
    ]
    expect(plan(peers)).toEqual({ a: '0-2', b: '6-8', c: '4-6', d: '2-4' })
  })
})

describe('budgets', () => {
  it.each<[string, number[], string[]]>([
    ['everything just fits', [WHOLE_BYTES], ['0-8']],
    ['one byte too few for everything', [WHOLE_BYTES - 1], ['0-4']],
    ['halves just fit', [450, 450], ['0-4', '4-8']],
    ['one byte too few for halves', [449, 449, 449], ['0-2', '2-5', '5-8']],
    ['quarters', [250, 250, 250, 250], ['0-2', '2-4', '4-6', '6-8']],
    ['one that can and one that cannot', [WHOLE_BYTES, 100], ['0-8', 'null']],
    ['half of the peers are small', [450, 450, 250, 250], ['0-4', '4-8', 'null', 'null']],
    [
      'two large ones, but most peers are small',
      [900, 900, 250, 250, 250, 250],
      ['0-2', '2-4', '4-6', '6-8', '2-4', '4-6'],
    ],
    ['most peers are small', [900, 250, 250, 250, 250], ['0-2', '2-4', '4-6', '6-8', '2-4']],
  ])('fits the windows to the typical peer: %s', (_title, budgets, expected) => {
    const peers = budgets.map((budgetBytes, index) => peer(String.fromCharCode(97 + index), { budgetBytes }))
    const layers = Object.values(plan(peers)).map(String)
    expect(layers).toEqual(expected)
  })

  it.each<[string, number[], string[]]>([
    ['everything just fits', [WHOLE_BYTES + 8 * 40], ['0-8']],
    ['one byte too few for everything', [WHOLE_BYTES + 8 * 40 - 1], ['0-4']],
    ['the weights of everything, without caches', [WHOLE_BYTES], ['0-4']],
    ['halves just fit', [450 + 4 * 40, 450 + 4 * 40], ['0-4', '4-8']],
    ['the weights of halves, without caches', [450, 450], ['0-2', '2-5']],
    ['a layer just fits', [100 + 40], ['3-4']],
    ['the weights of a layer, without its cache', [100 + 39], ['null']],
  ])('leaves room for the caches of sessions: %s', (_title, budgets, expected) => {
    const peers = budgets.map((budgetBytes, index) => peer(String.fromCharCode(97 + index), { budgetBytes }))
    expect(Object.values(plan(peers, {}, { ...MODEL, layerCacheBytes: 40 })).map(String)).toEqual(expected)
  })

  it('lets neither a wish nor a backstop keep layers without room for their caches', () => {
    const model = { ...MODEL, layerCacheBytes: 40 }
    const wish = { pinnedLayers: range('0-4') }
    expect(plan([peer('a', { ...wish, budgetBytes: 610 })], {}, model)).toEqual({ a: '0-4' })
    expect(plan([peer('a', { ...wish, budgetBytes: 609 })], {}, model)).not.toEqual({ a: '0-4' })
    const backstop = { isBackstop: true, current: range('0-4') }
    expect(plan([peer('a', { ...backstop, budgetBytes: 610 })], {}, model)).toEqual({ a: '0-4' })
    expect(plan([peer('a', { ...backstop, budgetBytes: 609 })], {}, model)).toEqual({ a: '1-5' })
  })

  it('gives nothing to a peer that cannot run the encoding or hold a layer', () => {
    expect(plan([peer('a', { encodings: ['q4'] }), peer('b', { budgetBytes: 99 }), peer('c')])).toEqual({
      a: null,
      b: null,
      c: '0-8',
    })
  })

  it('moves a peer whose budget has shrunk below what it holds', () => {
    expect(plan([peer('a', { current: range('0-8'), budgetBytes: 899 })])).toEqual({ a: '0-4' })
  })

  it('cuts deeper if asked to, as far as there are peers', () => {
    const three = ['a', 'b', 'c'].map((name) => peer(name))
    expect(plan(three, { minStages: 3 })).toEqual({ a: '0-2', b: '2-5', c: '5-8' })
    expect(plan(three.slice(0, 2), { minStages: 3 })).toEqual({ a: '0-4', b: '4-8' })
    expect(plan(three, { minStages: 1 })).toEqual({ a: '0-8', b: '0-8', c: '0-8' })
  })
})

describe('wishes', () => {
  it('honours a wish and cuts the rest around it', () => {
    const pinned = peer('a', { pinnedLayers: range('0-3'), kind: 'native' })
    expect(plan([pinned])).toEqual({ a: '0-3' })
    expect(plan([pinned, peer('b')])).toEqual({ a: '0-3', b: '3-8' })
    // Five layers take longer than three.
    expect(plan([pinned, peer('b'), peer('c')])).toEqual({ a: '0-3', b: '3-8', c: '3-8' })
  })

  it('ignores pins that leave more holes than there are peers to fill them', () => {
    expect(plan([peer('a', { pinnedLayers: range('3-5') }), peer('b')])).toEqual({ a: '3-5', b: '0-8' })
  })

  it('lets free peers double pinned windows', () => {
    const peers = [
      peer('a', { pinnedLayers: range('0-4') }),
      peer('b', { pinnedLayers: range('4-8') }),
      peer('c'),
      peer('d'),
    ]
    expect(plan(peers)).toEqual({ a: '0-4', b: '4-8', c: '0-4', d: '4-8' })
  })

  it.each<[string, Partial<AssignmentPeer>]>([
    ['beyond the model', { pinnedLayers: range('4-9') }],
    ['too large', { pinnedLayers: range('0-4'), budgetBytes: 449 }],
  ])('treats a wish that is %s as none', (_title, overrides) => {
    expect(plan([peer('a', overrides)]).a).not.toBe(null)
    expect(plan([peer('a', overrides)])).toEqual(plan([peer('a', { ...overrides, pinnedLayers: null })]))
  })
})

describe('backstops', () => {
  const backstop = (overrides: Partial<AssignmentPeer> = {}): AssignmentPeer =>
    peer('z', { isBackstop: true, kind: 'native', ...overrides })

  it('holds the whole model and covers for nobody', () => {
    expect(plan([backstop()])).toEqual({ z: '0-8' })
    expect(plan([backstop(), peer('a')])).toEqual({ z: '0-8', a: '0-8' })
    expect(plan([backstop(), peer('a'), peer('b')])).toEqual({ z: '0-8', a: '0-4', b: '4-8' })
  })

  it('keeps what it holds', () => {
    expect(plan([backstop({ current: range('2-7') }), peer('a')])).toEqual({ z: '2-7', a: '0-8' })
  })

  it('holds as much as fits, where other backstops do not', () => {
    const small = { isBackstop: true, budgetBytes: 450 }
    expect(plan([peer('a', small)])).toEqual({ a: '0-4' })
    expect(plan([peer('a', small), peer('b', small)])).toEqual({ a: '0-4', b: '4-8' })
    expect(plan([peer('a', { isBackstop: true, budgetBytes: 1 })])).toEqual({ a: null })
  })
})

describe('speeds', () => {
  const at = (name: string, layers: string, decodeStepMs: number): AssignmentPeer =>
    peer(name, { current: range(layers), decodeStepMs })

  it('sends a newcomer to the slowest window', () => {
    expect(plan([at('a', '0-4', 10), at('b', '4-8', 30), peer('c')]).c).toBe('4-8')
    expect(plan([at('a', '0-4', 30), at('b', '4-8', 10), peer('c')]).c).toBe('0-4')
  })

  it('moves a server for a gain above the threshold and not for less', () => {
    // Rates 3/10 and 1/10: with one moved, 2/10 each, twice the slowest.
    const peers = [at('a', '0-4', 10), at('b', '0-4', 10), at('c', '0-4', 10), at('d', '4-8', 10)]
    expect(plan(peers)).toEqual({ a: '0-4', b: '0-4', c: '4-8', d: '4-8' })
    expect(plan(peers, { moveGain: 2 })).toEqual({ a: '0-4', b: '0-4', c: '4-8', d: '4-8' })
    expect(plan(peers, { moveGain: 2.01 })).toEqual({ a: '0-4', b: '0-4', c: '0-4', d: '4-8' })
  })

  it('never opens a gap, however slow the other window is', () => {
    const peers = [at('a', '0-4', 1), at('b', '4-8', 10_000)]
    expect(plan(peers)).toEqual({ a: '0-4', b: '4-8' })
  })
})

/** Random meshes with all that the planner looks at. */
function randomInput(random: () => number): AssignmentInput {
  const int = (bound: number): number => Math.floor(random() * bound)
  const layers = 1 + int(12)
  const someRange = (): LayerRange => {
    const start = int(layers)
    return { start, end: start + 1 + int(layers - start) }
  }
  const model: AssignmentModel = {
    ...MODEL,
    layerCount: layers,
    layerBytes: Array.from({ length: layers }, () => 50 + int(100)),
    embeddingBytes: int(300),
    headBytes: int(300),
    layerCacheBytes: int(2) * int(150),
  }
  const peers = Array.from({ length: int(9) }, (_, index) => {
    const current = random() < 0.4 ? null : someRange()
    return peer(String.fromCharCode(97 + index), {
      joinedAtMs: int(5),
      isBackstop: random() < 0.1,
      budgetBytes: random() < 0.5 ? 10_000 : int(1500),
      encodings: random() < 0.1 ? ['q4'] : ['q8'],
      pinnedLayers: random() < 0.15 ? someRange() : null,
      current,
      decodeStepMs: current === null || random() < 0.3 ? null : 1 + int(50),
    })
  })
  return { model, peers, options: { minStages: 1 + int(4), moveGain: 1 + random() } }
}

describe('random meshes', () => {
  it('plans what fits, the same for any order of the peers, and plans it again', () => {
    const random = createRandom(20260801)
    for (let round = 0; round < 5_000; round++) {
      const input = randomInput(random)
      const assignments = planAssignments(input)
      for (const [index, { layers }] of assignments.entries()) {
        const { budgetBytes, encodings } = input.peers[index] ?? peer('?')
        if (layers === null) continue
        expect(memoryBytes(input.model, layers), `round ${round}: budget`).toBeLessThanOrEqual(budgetBytes)
        expect(encodings, `round ${round}: encoding`).toContain('q8')
      }
      const reversed = planAssignments({ ...input, peers: [...input.peers].reverse() })
      expect(reversed.reverse(), `round ${round}: order`).toEqual(assignments)
      const settled = settle(input.peers, input)
      expect(planAssignments({ ...input, peers: settled }), `round ${round}: stable`).toEqual(assignments)
    }
  })

  it('serves every layer wherever a full set of equal windows can be served', () => {
    const random = createRandom(7)
    let coverable = 0
    for (let round = 0; round < 5_000; round++) {
      const { model, peers, options } = randomInput(random)
      const free = peers
        .filter((each) => each.encodings.includes('q8') && !each.isBackstop)
        .map((each) => ({ ...each, pinnedLayers: null }))
      const chain = new Set(
        planAssignments({ model, peers: free, options }).flatMap(({ layers }) =>
          layers === null ? [] : [`${layers.start}-${layers.end}`],
        ),
      )
      // Oracle: try every number of windows and every choice of peers for them.
      const possible = Array.from({ length: model.layerCount }, (_, index) => index + 1).some((parts) => {
        const windows = Array.from({ length: parts }, (_, index) => ({
          start: Math.floor((index * model.layerCount) / parts),
          end: Math.floor(((index + 1) * model.layerCount) / parts),
        }))
        return canServe(
          windows.map((window) => memoryBytes(model, window)),
          free.map(({ budgetBytes }) => budgetBytes),
        )
      })
      if (!possible) continue
      coverable++
      let next = 0
      for (const text of [...chain].sort((a, b) => range(a).start - range(b).start)) {
        expect(range(text).start, `round ${round}`).toBe(next)
        next = range(text).end
      }
      expect(next, `round ${round}`).toBe(model.layerCount)
    }
    expect(coverable).toBeGreaterThan(2_000)
  })

  it('comes to rest without ever opening a gap when peers follow their plans one by one', () => {
    const random = createRandom(99)
    for (let round = 0; round < 500; round++) {
      const input = { model: MODEL, options: {} }
      let peers = settle(
        Array.from({ length: 2 + Math.floor(random() * 6) }, (_, index) =>
          peer(String.fromCharCode(97 + index), { decodeStepMs: null }),
        ),
        input,
      )
      peers = peers
        .filter(() => random() < 0.7)
        .map((each) => ({ ...each, decodeStepMs: 1 + Math.floor(random() * 40) }))
      let moves = 0
      for (;;) {
        const next = settle(peers, input)
        const wanting = peers.flatMap((each, index) =>
          JSON.stringify(each.current) === JSON.stringify(next[index]?.current) ? [] : [index],
        )
        if (wanting.length === 0) break
        const one = wanting[Math.floor(random() * wanting.length)] ?? 0
        peers = peers.map((each, index) => (index === one ? (next[index] ?? each) : each))
        expect(++moves, `round ${round}: moves`).toBeLessThanOrEqual(2 * peers.length)
      }
      const served = new Set(
        peers.flatMap(({ current }) =>
          current === null
            ? []
            : Array.from({ length: layerCount(current) }, (_, index) => current.start + index),
        ),
      )
      expect(served.size, `round ${round}: layers served`).toBe(peers.length === 0 ? 0 : 8)
    }
  })
})

/** Backtracking, so that it shares no idea with the planner. */
function canServe(windows: readonly number[], budgets: readonly number[]): boolean {
  const [first, ...rest] = windows
  if (first === undefined) return true
  return budgets.some(
    (budget, index) =>
      budget >= first &&
      canServe(
        rest,
        budgets.filter((_, other) => other !== index),
      ),
  )
}
