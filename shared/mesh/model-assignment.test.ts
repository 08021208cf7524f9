import { describe, expect, it } from 'vitest'
import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import { createRandom } from '../protocol/testing/create-random.fixture.ts'
import type { AssignmentModel } from './assignment.ts'
import { planModels, type ModelAssignments, type SharingPeer } from './model-assignment.ts'
import { memoryBytes } from './window-plan.ts'

/** Eight layers of 100 bytes; 900 with embedding and head. */
const model = (digit: string, change: Partial<AssignmentModel> = {}): AssignmentModel => ({
  id: digit.repeat(64) as ModelId, // the form of a model id
  layerCount: 8,
  layerBytes: new Array<number>(8).fill(100),
  embeddingBytes: 50,
  headBytes: 50,
  layerCacheBytes: 0,
  encoding: 'q8',
  ...change,
})
const A = model('a')
const B = model('b')

function peer(name: string, budgetBytes: number, change: Partial<SharingPeer> = {}): SharingPeer {
  return {
    peerId: name as PeerIdText, // opaque to the planner
    joinedAtMs: name.charCodeAt(0),
    kind: 'tab',
    isBackstop: false,
    budgetBytes,
    encodings: ['q4', 'q8'],
    pinnedLayers: null,
    held: new Map(),
    ...change,
  }
}

/** `{ p: 'a0-4 b4-8' }` */
function shown(plans: ModelAssignments): Record<string, string> {
  const rows: Record<string, string[]> = {}
  for (const [modelId, plan] of plans)
    for (const { peerId, layers } of plan)
      (rows[peerId] ??= []).push(layers === null ? '' : `${modelId[0]}${layers.start}-${layers.end}`)
  return Object.fromEntries(
    Object.entries(rows).map(([peerId, held]) => [peerId, held.filter((text) => text !== '').join(' ')]),
  )
}

/** The peers once they have done what the plan says. */
function follow(peers: readonly SharingPeer[], plans: ModelAssignments): SharingPeer[] {
  return peers.map((each) => ({
    ...each,
    held: new Map(
      [...plans].map(([modelId, plan]) => [
        modelId,
        {
          current: plan.find(({ peerId }) => peerId === each.peerId)?.layers ?? null,
          decodeStepMs: null,
        },
      ]),
    ),
  }))
}

/** Whether a chain of assigned ranges leads from the first layer to the last. */
function isServed(target: AssignmentModel, plans: ModelAssignments): boolean {
  const ranges = (plans.get(target.id) ?? []).flatMap(({ layers }) => (layers === null ? [] : [layers]))
  const leadsOn = (from: number): boolean =>
    from === target.layerCount || ranges.some(({ start, end }) => start === from && leadsOn(end))
  return leadsOn(0)
}

describe('planModels', () => {
  it('plans one model as before', () => {
    const peers = [peer('p', 10_000), peer('q', 10_000)]
    expect(shown(planModels({ models: [A], peers }))).toEqual({ p: 'a0-4', q: 'a4-8' })
  })

  it('gives peers that are large enough a window of each model', () => {
    const peers = [peer('p', 900), peer('q', 900)]
    expect(shown(planModels({ models: [A, B], peers }))).toEqual({ p: 'a0-4 b0-4', q: 'a4-8 b4-8' })
  })

  it('shares the peers where no budget has room for two models', () => {
    const peers = ['p', 'q', 'r', 's'].map((name) => peer(name, 500))
    expect(shown(planModels({ models: [A, B], peers }))).toEqual({
      p: 'a0-4',
      q: 'b0-4',
      r: 'a4-8',
      s: 'b4-8',
    })
  })

  it('serves the first model whole where there is not enough for both', () => {
    const peers = [peer('p', 500), peer('q', 500)]
    expect(shown(planModels({ models: [A, B], peers }))).toEqual({ p: 'a0-4', q: 'a4-8' })
  })

  it('gives a backstop what fits of each model, the first one first', () => {
    const backstop = { kind: 'native', isBackstop: true } as const
    expect(shown(planModels({ models: [A, B], peers: [peer('n', 2_000, backstop)] }))).toEqual({
      n: 'a0-8 b0-8',
    })
    expect(shown(planModels({ models: [A, B], peers: [peer('n', 1_200, backstop)] }))).toEqual({
      n: 'a0-8 b1-4',
    })
  })

  it('deals anew when the peers of a model have left', () => {
    const peers = ['p', 'q', 'r', 's', 't', 'u'].map((name) => peer(name, 500))
    const plans = planModels({ models: [A, B], peers })
    const left = follow(peers, plans).filter(({ peerId }) => !['p', 'r', 't'].includes(peerId))
    expect(shown(plans)).toMatchObject({ q: 'b0-4', s: 'b4-8' })
    const joined = [...left, peer('v', 500)]
    const next = planModels({ models: [A, B], peers: joined })
    expect([A, B].map((each) => isServed(each, next))).toEqual([true, true])
  })

  it('leaves a model alone that a peer cannot run', () => {
    const peers = [peer('p', 2_000, { encodings: ['q8'] }), peer('q', 2_000, { encodings: ['q8'] })]
    const plans = planModels({ models: [model('c', { encoding: 'q4' }), A], peers })
    expect(shown(plans)).toEqual({ p: 'a0-4', q: 'a4-8' })
  })

  it('passes no budget, and settles after a few rounds without serving fewer models on the way', () => {
    const random = createRandom(11)
    const upTo = (limit: number): number => Math.floor(random() * limit)
    for (let round = 0; round < 1_000; round++) {
      const models = [A, B, model('c', { layerBytes: new Array<number>(8).fill(60) })]
        .slice(0, 1 + upTo(3))
        .map((each) => ({ ...each, layerCacheBytes: upTo(2) * upTo(100) }))
      const peers = Array.from({ length: 1 + upTo(7) }, (_, index) =>
        peer(String.fromCharCode(100 + index), 100 + upTo(1_500), {
          isBackstop: upTo(8) === 0,
          encodings: upTo(6) === 0 ? ['q4'] : ['q8'],
          pinnedLayers: upTo(8) === 0 ? { start: 0, end: 1 + upTo(8) } : null,
        }),
      )
      let following: SharingPeer[] = peers
      let before = ''
      let servedBefore = 0
      let rounds = 0
      for (;;) {
        const plans = planModels({ models, peers: following })
        for (const each of peers) {
          const used = models.reduce((sum, one) => {
            const layers = plans.get(one.id)?.find(({ peerId }) => peerId === each.peerId)?.layers ?? null
            return layers === null ? sum : sum + memoryBytes(one, layers)
          }, 0)
          expect(used, `round ${round}, ${each.peerId}`).toBeLessThanOrEqual(each.budgetBytes)
        }
        const served = models.filter((one) => isServed(one, plans)).length
        expect(served, `round ${round}`).toBeGreaterThanOrEqual(servedBefore)
        const now = JSON.stringify(shown(plans))
        if (now === before) break
        expect(++rounds, `round ${round}`).toBeLessThanOrEqual(3)
        before = now
        servedBefore = served
        following = follow(peers, plans)
      }
    }
  })
})
