import type { Libp2p, PeerId } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { describe, expect, it, vi } from 'vitest'
import { Membership } from '../shared/mesh/membership.ts'
import { silentLogger } from '../shared/mesh/ports.ts'
import { toyAdvert, toyManifest } from '../shared/mesh/testing/toy-model.fixture.ts'
import { VirtualClock } from '../shared/mesh/testing/virtual-clock.fixture.ts'
import { WireStream } from '../shared/mesh/wire-stream.ts'
import type { ModelManifest } from '../shared/model/manifest.ts'
import { stageMemoryBytes } from '../shared/model/stage-memory.ts'
import { parseModelId, type PeerIdText } from '../shared/protocol/ids.ts'
import {
  decodeStageOffer,
  encodeStageOfferReply,
  STAGE_OFFER_LIMITS,
  type StageOfferReply,
} from '../shared/protocol/stage-offer/stage-offer.ts'
import { Assigner } from './assigner.ts'

const A = '12D3KooWGJLpnPd9NRCCR1bntU1Ct3dDotBwLodcYV9PqvvToLL7' as PeerIdText // a well-formed id
const B = '12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE' as PeerIdText // a well-formed id

type Answer = StageOfferReply['status'] | 'garbage' | 'hangs up'

function setUp(
  options: {
    answer?: (peerId: string) => Answer
    isLocal?: (peerId: PeerIdText) => boolean
    models?: readonly ModelManifest[]
  } = {},
) {
  const clock = new VirtualClock()
  const membership = new Membership()
  const offers: { peerId: string; layers: string }[] = []
  const libp2p = {
    async dialProtocol(peerId: PeerId) {
      const [mine, theirs] = await streamPair()
      const stream = new WireStream(theirs, STAGE_OFFER_LIMITS.maxBytes)
      void stream.next().then((bytes) => {
        if (bytes === null) return
        const { layers, leastMemoryBytes } = decodeStageOffer(bytes)
        const why = leastMemoryBytes === null ? '' : `, takes ${leastMemoryBytes}`
        offers.push({
          peerId: peerId.toString(),
          layers: layers === null ? `none${why}` : `${layers.start}-${layers.end}`,
        })
        const answer = options.answer?.(peerId.toString()) ?? 'accepted'
        if (answer === 'garbage') stream.send(Uint8Array.of(0xff, 0xff))
        else if (answer !== 'hangs up') stream.send(encodeStageOfferReply({ status: answer }))
        stream.close()
      })
      return mine
    },
  }
  const assigner = new Assigner({
    libp2p: libp2p as unknown as Libp2p, // all that an assigner calls
    membership,
    models: options.models ?? [toyManifest],
    minStages: 2,
    isLocal: options.isLocal ?? (() => true),
    clock,
    logger: silentLogger,
  })
  assigner.start()
  let sequence = 0
  const advertise = (peerId: PeerIdText, change: Parameters<typeof toyAdvert>[2] = {}): void => {
    membership.applyAdvert(toyAdvert(peerId, null, { sequence: ++sequence, ...change }), clock.now())
  }
  const plan = async (afterMs = 250): Promise<void> => {
    await clock.advance(afterMs)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  return { clock, assigner, membership, offers, advertise, plan }
}

describe('Assigner', () => {
  it('asks nobody for more than its budget holds of all models together', async () => {
    const other = { ...toyManifest, id: parseModelId('cd'.repeat(32)), name: 'other' }
    const { assigner, offers, advertise, plan } = setUp({ models: [toyManifest, other] })
    // The second half takes more than the first, by what the head is larger than the embedding.
    const halfBytes = stageMemoryBytes(toyManifest, { start: 3, end: 6 })
    advertise(A, { memoryBudgetBytes: halfBytes })
    advertise(B, { memoryBudgetBytes: halfBytes })
    await plan()
    expect(offers.map(({ layers }) => layers).sort()).toEqual(['0-3', '3-6'])
    advertise(A, { memoryBudgetBytes: 2 * halfBytes })
    advertise(B, { memoryBudgetBytes: 2 * halfBytes })
    await plan()
    expect(offers.map(({ layers }) => layers).sort()).toEqual(['0-3', '0-3', '3-6', '3-6'])
    assigner.stop()
  })

  it('says once to a peer with room for no layer what the smallest stage of the smallest model takes', async () => {
    const large = {
      ...toyManifest,
      id: parseModelId('cd'.repeat(32)),
      name: 'large',
      config: { ...toyManifest.config, kvHeadCount: 8 },
    }
    const { assigner, offers, advertise, plan } = setUp({ models: [large, toyManifest] })
    // A layer in the middle has neither embedding nor head.
    const leastBytes = stageMemoryBytes(toyManifest, { start: 1, end: 2 })
    for (const afterMs of [250, 250, 40_000]) {
      advertise(A, { memoryBudgetBytes: leastBytes - 1 })
      await plan(afterMs)
      expect(offers).toEqual([{ peerId: A, layers: `none, takes ${leastBytes}` }])
    }
    advertise(B, { memoryBudgetBytes: leastBytes })
    await plan()
    expect(offers.slice(1)).toEqual([{ peerId: B, layers: expect.stringMatching(/^[1-4]-[2-5]$/) as string }])
    assigner.stop()
  })

  it('does not tell a peer that cannot run a model that it lacks memory', async () => {
    const { assigner, offers, advertise, plan } = setUp()
    advertise(A, { memoryBudgetBytes: 1, encodings: ['q4'] })
    await plan()
    expect(offers).toEqual([])
    assigner.stop()
  })

  it('plans two peers that join together as one: halves, each asked once', async () => {
    const { assigner, offers, advertise, plan } = setUp()
    advertise(A)
    advertise(B)
    await plan()
    expect(offers.map(({ layers }) => layers).sort()).toEqual(['0-3', '3-6'])
    advertise(A)
    advertise(B)
    await plan()
    expect(offers).toHaveLength(2)
    assigner.stop()
  })

  it('does not nag a peer that refused, and asks again after half a minute', async () => {
    const { assigner, offers, advertise, plan } = setUp({ answer: () => 'refused-paused' })
    advertise(A)
    await plan()
    const first = offers.length
    expect(first).toBe(1)
    advertise(A)
    await plan()
    expect(offers).toHaveLength(first)
    await plan(30_000)
    advertise(A)
    await plan()
    expect(offers).toHaveLength(first + 1)
    assigner.stop()
  })

  it.each(['garbage', 'hangs up'] as const)(
    'asks again at the next advert when a peer answers with %s',
    async (answer) => {
      const { assigner, offers, advertise, plan } = setUp({ answer: () => answer })
      advertise(A)
      await plan()
      advertise(A)
      await plan()
      expect(offers).toHaveLength(2)
      assigner.stop()
    },
  )

  it('leaves peers of other relays and sleeping peers alone', async () => {
    const { assigner, offers, advertise, plan } = setUp({ isLocal: (peerId) => peerId === A })
    advertise(A, { isAwake: false })
    advertise(B)
    await plan()
    expect(offers).toEqual([])
    assigner.stop()
  })

  it('is not misled by a peer that advertises more layers than the model has', async () => {
    const { assigner, offers, advertise, plan } = setUp()
    advertise(A, { stages: toyAdvert(A, { start: 3, end: 600 }).stages })
    advertise(B)
    await plan()
    expect(offers.map(({ layers }) => layers).sort()).toEqual(['0-3', '3-6'])
    assigner.stop()
  })

  it('plans nothing once stopped, and again once started', async () => {
    const { assigner, offers, advertise, plan } = setUp()
    advertise(A)
    assigner.stop()
    await plan()
    expect(offers).toEqual([])
    assigner.start()
    advertise(A)
    await plan()
    await vi.waitFor(() => expect(offers).toHaveLength(1))
    assigner.stop()
  })
})
