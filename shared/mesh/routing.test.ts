import { describe, expect, it } from 'vitest'
import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { createRandom } from '../protocol/testing/create-random.fixture.ts'
import type { AdvertisedStage, StageAdvert } from '../protocol/stage-advert/stage-advert.ts'
import type { MemberPeer } from './membership.ts'
import { planRoute, ROUTE_COSTS, type RouteInput } from './routing.ts'

const MODEL = 'ab'.repeat(32) as ModelId // 64 hex digits
const OTHER = 'cd'.repeat(32) as ModelId // 64 hex digits

function stage(layers: string, overrides: Partial<AdvertisedStage> = {}): AdvertisedStage {
  const [start, end] = layers.split('-').map(Number)
  return {
    modelId: MODEL,
    layers: { start: start ?? 0, end: end ?? 0 },
    state: 'ready',
    decodeStepMicros: 20_000,
    openSessions: 0,
    maxSessions: 4,
    ...overrides,
  }
}

function peer(
  name: string,
  stages: readonly (string | AdvertisedStage)[],
  overrides: Partial<StageAdvert> = {},
): MemberPeer {
  return {
    firstSeenMs: 0,
    lastHeardMs: 0,
    advert: {
      peerId: name as PeerIdText, // opaque to the planner
      generation: 1,
      sequence: 1,
      kind: 'tab',
      isBackstop: false,
      isAwake: true,
      relayAddresses: [`/dns4/${name}.example/tcp/443/wss`],
      memoryBudgetBytes: 0,
      encodings: ['q8'],
      pinnedLayers: null,
      stages: stages.map((each) => (typeof each === 'string' ? stage(each) : each)),
      links: [],
      ...overrides,
    },
  }
}

function link(to: string, roundTripMs: number, path: 'worker-channel' | 'relayed-stream' = 'worker-channel') {
  return { peerId: to as PeerIdText, path, roundTripMicros: roundTripMs * 1000 } // opaque to the planner
}

function route(peers: readonly MemberPeer[], overrides: Partial<RouteInput> = {}): string {
  const plan = planRoute({ modelId: MODEL, layerCount: 8, peers, ...overrides })
  return plan.kind === 'route'
    ? plan.hops.map(({ peerId, layers }) => `${peerId}:${layers.start}-${layers.end}`).join(' ')
    : `missing ${plan.missing.map(({ start, end }) => `${start}-${end}`).join(' ')}`
}

describe('what can be used', () => {
  it.each<[string, MemberPeer]>([
    ['a peer that sleeps', peer('a', ['0-8'], { isAwake: false })],
    ['a stage that loads', peer('a', [stage('0-8', { state: 'loading' })])],
    ['a stage of another model', peer('a', [stage('0-8', { modelId: OTHER })])],
    ['a stage without a free session', peer('a', [stage('0-8', { openSessions: 4 })])],
    ['a stage beyond the model', peer('a', ['0-9'])],
  ])('leaves out %s', (_title, unusable) => {
    expect(route([unusable])).toBe('missing 0-8')
    expect(route([unusable, peer('b', ['0-8'])])).toBe('b:0-8')
  })

  it('uses the last free session', () => {
    expect(route([peer('a', [stage('0-8', { openSessions: 3 })])])).toBe('a:0-8')
  })

  it('does not enter a stage in the middle', () => {
    expect(route([peer('a', ['0-4']), peer('b', ['3-8'])])).toBe('missing 0-3')
    expect(route([peer('a', ['0-4']), peer('b', ['4-8'])])).toBe('a:0-4 b:4-8')
  })

  it('says what each hop needs to open a session', () => {
    const plan = planRoute({
      modelId: MODEL,
      layerCount: 8,
      peers: [peer('a', ['0-8'], { generation: 7, kind: 'native', isBackstop: true })],
    })
    expect(plan).toEqual({
      kind: 'route',
      costMicros: 20_000 + 8 * ROUTE_COSTS.backstopLayerMicros,
      hops: [
        {
          peerId: 'a',
          generation: 7,
          kind: 'native',
          isBackstop: true,
          layers: { start: 0, end: 8 },
          relayAddresses: ['/dns4/a.example/tcp/443/wss'],
        },
      ],
    })
  })
})

describe('what is missing', () => {
  it.each<[string, string[], string]>([
    ['everything', [], 'missing 0-8'],
    ['the middle', ['0-3', '5-8'], 'missing 3-5'],
    ['two holes', ['0-1', '2-4', '6-8'], 'missing 1-2 4-6'],
    ['the fewest layers where stages overlap', ['0-4', '2-8'], 'missing 0-2'],
    ['one range rather than two of as many layers', ['0-2', '2-4', '1-5', '6-8', '5-7'], 'missing 4-6'],
  ])('%s', (_title, stages, expected) => {
    expect(
      route(
        stages.map((layers, index) => peer(`p${index}`, [layers])),
        {},
      ),
    ).toBe(expected)
  })
})

describe('what is cheaper', () => {
  it('takes the faster stage, and the slower one when the faster has sessions', () => {
    const slow = peer('a', [stage('0-8', { decodeStepMicros: 30_000 })])
    expect(route([slow, peer('b', ['0-8'])])).toBe('b:0-8')
    expect(route([slow, peer('b', [stage('0-8', { openSessions: 1 })])])).toBe('a:0-8')
  })

  it('counts hops against stages', () => {
    // 20 + 20 ms of stages and 2 * 10 ms of unknown hops against one stage.
    const halves = [peer('a', ['0-4']), peer('b', ['4-8'])]
    expect(route([...halves, peer('c', [stage('0-8', { decodeStepMicros: 59_000 })])])).toBe('c:0-8')
    expect(route([...halves, peer('c', [stage('0-8', { decodeStepMicros: 61_000 })])])).toBe('a:0-4 b:4-8')
  })

  it('takes fewer stages where the cost is equal', () => {
    const whole = peer('z', [stage('0-8', { decodeStepMicros: 60_000 })])
    expect(route([peer('a', ['0-4']), peer('b', ['4-8']), whole])).toBe('z:0-8')
  })

  it.each(['head', 'last'])('believes a link that the %s advertises', (who) => {
    const head = peer('h', ['0-4'], who === 'head' ? { links: [link('c', 1)] } : {})
    const near = peer('c', ['4-8'], who === 'last' ? { links: [link('h', 1)] } : {})
    expect(route([head, peer('b', ['4-8']), near])).toBe('h:0-4 c:4-8')
  })

  it('avoids relayed links', () => {
    const head = peer('h', ['0-4'], { links: [link('b', 0, 'relayed-stream')] })
    expect(route([head, peer('b', ['4-8']), peer('c', ['4-8'])])).toBe('h:0-4 c:4-8')
  })

  it('counts the way back to the head', () => {
    // m is near both lasts; only c is near the head.
    const head = peer('h', ['0-2'], { links: [link('c', 1), link('b', 80)] })
    const middle = peer('m', ['2-4'], { links: [link('b', 1), link('c', 1)] })
    expect(route([head, middle, peer('b', ['4-8']), peer('c', ['4-8'])])).toBe('h:0-2 m:2-4 c:4-8')
  })

  it('knows that a peer reaches itself for nothing', () => {
    expect(route([peer('a', ['4-8']), peer('b', ['0-4', '4-8'])])).toBe('b:0-4 b:4-8')
  })

  it('lets tabs take over from a backstop wherever they can', () => {
    const backstop = peer('z', ['0-8', '4-8'], { isBackstop: true })
    const slow = stage('0-4', { decodeStepMicros: 900_000 })
    expect(route([backstop, peer('a', [slow])])).toBe('a:0-4 z:4-8')
    expect(route([backstop, peer('a', [slow]), peer('b', ['4-8'])])).toBe('a:0-4 b:4-8')
    expect(route([backstop])).toBe('z:0-8')
  })

  it('takes the shortest route where the cheapest has too many hops for a session', () => {
    const single = (layer: number) => stage(`${layer}-${layer + 1}`, { decodeStepMicros: 1000 })
    const thin = peer(
      'a',
      Array.from({ length: 65 }, (_, layer) => single(layer)),
    )
    const fat = peer('b', [stage('0-2', { decodeStepMicros: 3_000_000 })])
    const of = (peers: MemberPeer[], layerCount: number) =>
      planRoute({ modelId: MODEL, layerCount, peers, costs: { unknownHopMicros: 1000 } })
    expect(of([thin, fat], 64)).toMatchObject({ kind: 'route', hops: { length: 64 } })
    expect(of([thin, fat], 65)).toMatchObject({
      kind: 'route',
      hops: { length: 64, 0: { peerId: 'b' } },
    })
    expect(of([thin], 65)).toEqual({ kind: 'no-route', missing: [{ start: 0, end: 65 }] })
  })
})

describe('equal routes', () => {
  const peers = ['a', 'b', 'c', 'd'].flatMap((name) => [peer(name, ['0-4']), peer(`${name}2`, ['4-8'])])

  it('are chosen by peer id without a seed, and the same for the same seed', () => {
    expect(route(peers)).toBe('a:0-4 a2:4-8')
    expect(route([...peers].reverse())).toBe('a:0-4 a2:4-8')
    expect(route(peers, { tieSeed: 5 })).toBe(route([...peers].reverse(), { tieSeed: 5 }))
  })

  it('share the load over seeds', () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 4_000; seed++)
      for (const hop of route(peers, { tieSeed: seed }).split(' '))
        counts.set(hop, (counts.get(hop) ?? 0) + 1)
    expect(counts.size).toBe(8)
    // 1,000 each; six standard deviations are 164.
    for (const [hop, count] of counts) expect(Math.abs(count - 1000), hop).toBeLessThan(170)
  })

  it('include those that differ by less than a measurement does', () => {
    const pair = [
      peer('a', [stage('0-8', { decodeStepMicros: 20_100 })]),
      peer('b', [stage('0-8', { decodeStepMicros: 19_900 })]),
    ]
    const chosen = new Set(Array.from({ length: 50 }, (_, seed) => route(pair, { tieSeed: seed })))
    expect(chosen).toEqual(new Set(['a:0-8', 'b:0-8']))
  })
})

/** Every chain, costed from the description and not from the planner's code. */
function bruteForce(
  peers: readonly MemberPeer[],
  layerCount: number,
): { cost: number; stages: number } | null {
  const near = (micros: number): number => Math.round(micros / 500) * 500
  const stages = peers.flatMap((member) =>
    member.advert.stages
      .filter((each) => each.state === 'ready' && each.openSessions < each.maxSessions)
      .map((each) => ({ member, each })),
  )
  const hop = (from: MemberPeer, to: MemberPeer): number => {
    if (from === to) return 0
    const reports = [
      ...from.advert.links.filter(({ peerId }) => peerId === to.advert.peerId),
      ...to.advert.links.filter(({ peerId }) => peerId === from.advert.peerId),
    ].map(({ path, roundTripMicros }) => near(roundTripMicros / 2) + (path === 'relayed-stream' ? 50_000 : 0))
    return reports.length === 0 ? 10_000 : Math.min(...reports)
  }
  let best: { cost: number; stages: number } | null = null
  const walk = (layer: number, chain: typeof stages, cost: number): void => {
    if (layer === layerCount) {
      const [first] = chain
      const last = chain.at(-1)
      if (first === undefined || last === undefined) return
      const total = cost + hop(last.member, first.member)
      if (best === null || total < best.cost || (total === best.cost && chain.length < best.stages))
        best = { cost: total, stages: chain.length }
      return
    }
    for (const next of stages) {
      if (next.each.layers.start !== layer || next.each.layers.end > layerCount) continue
      const last = chain.at(-1)
      const { advert } = next.member
      const own =
        near((next.each.decodeStepMicros || 50_000) * (1 + next.each.openSessions)) +
        (advert.isBackstop ? 1_000_000 * (next.each.layers.end - layer) : 0)
      const reach = last === undefined ? 0 : hop(last.member, next.member)
      walk(next.each.layers.end, [...chain, next], cost + reach + own)
    }
  }
  walk(0, [], 0)
  return best
}

function randomPeers(random: () => number, layerCount: number): MemberPeer[] {
  const int = (bound: number): number => Math.floor(random() * bound)
  const count = 1 + int(8)
  const range = (): LayerRange => {
    const start = int(layerCount)
    return { start, end: start + 1 + int(layerCount - start) }
  }
  return Array.from({ length: count }, (_, index) => {
    const stages = Array.from({ length: 1 + int(2) }, () => {
      const { start, end } = range()
      return stage(`${start}-${end}`, {
        decodeStepMicros: int(5) === 0 ? 0 : int(60_000),
        openSessions: int(4),
        maxSessions: 3,
        state: int(8) === 0 ? 'loading' : 'ready',
      })
    })
    const links = Array.from({ length: int(4) }, () => int(count))
      .filter((other) => other !== index)
      .map((other) => link(`p${other}`, int(100), int(4) === 0 ? 'relayed-stream' : 'worker-channel'))
    return peer(`p${index}`, stages, { links, isBackstop: int(8) === 0 })
  })
}

it('is as cheap and as short as brute force, and misses as few layers, on 2,000 random meshes', () => {
  const random = createRandom(20260802)
  let routes = 0
  for (let round = 0; round < 2_000; round++) {
    const layerCount = 1 + Math.floor(random() * 6)
    const peers = randomPeers(random, layerCount)
    const expected = bruteForce(peers, layerCount)
    const plan = planRoute({
      modelId: MODEL,
      layerCount,
      peers,
      tieSeed: round % 3 === 0 ? undefined : round,
    })
    if (plan.kind === 'no-route') {
      expect(expected, `round ${round}`).toBeNull()
      const helpers = plan.missing.map(({ start, end }, index) => peer(`x${index}`, [`${start}-${end}`]))
      expect(route([...peers, ...helpers], { layerCount }), `round ${round}`).not.toContain('missing')
      continue
    }
    routes++
    expect({ cost: plan.costMicros, stages: plan.hops.length }, `round ${round}`).toEqual(expected)
    let layer = 0
    for (const { layers } of plan.hops) {
      expect(layers.start, `round ${round}`).toBe(layer)
      layer = layers.end
    }
    expect(layer, `round ${round}`).toBe(layerCount)
  }
  expect(routes).toBeGreaterThan(300)
})

it('plans over 1,000 peers (the time is printed, not held against anything)', () => {
  const random = createRandom(3)
  const int = (bound: number): number => Math.floor(random() * bound)
  const cuts = ['0-8', '8-16', '16-24', '24-32']
  const peers = Array.from({ length: 1_000 }, (_, index) =>
    peer(`p${index}`, [stage(cuts[index % 4] ?? '', { decodeStepMicros: 5_000 + int(20_000) })], {
      links: Array.from({ length: 16 }, () => link(`p${int(1_000)}`, 1 + int(80))),
    }),
  )
  const times: number[] = []
  for (let run = 0; run < 20; run++) {
    const startedAt = performance.now()
    const plan = planRoute({ modelId: MODEL, layerCount: 32, peers, tieSeed: run })
    times.push(performance.now() - startedAt)
    expect(plan.kind === 'route' && plan.hops.length).toBe(4)
  }
  times.sort((a, b) => a - b)
  console.warn(
    `route over 1,000 peers: median ${times[10]?.toFixed(1)} ms, worst ${times[19]?.toFixed(1)} ms`,
  )
})
