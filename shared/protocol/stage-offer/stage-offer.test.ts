import { describe, expect, it } from 'vitest'
import type { ModelId } from '../ids.ts'
import { outcome, testGoldenVectors } from '../testing/golden.suite.ts'
import * as pb from './pb/stage-offer.ts'
import {
  decodeStageOffer,
  decodeStageOfferReply,
  encodeStageOffer,
  encodeStageOfferReply,
  STAGE_OFFER_LIMITS,
  type StageOfferReply,
} from './stage-offer.ts'
import offers from './vectors/stage-offer.json' with { type: 'json' }
import replies from './vectors/stage-offer-reply.json' with { type: 'json' }

describe('offer', () => testGoldenVectors(offers, encodeStageOffer, decodeStageOffer))
describe('reply', () => testGoldenVectors(replies, encodeStageOfferReply, decodeStageOfferReply))

const GOOD = {
  version: 1,
  modelId: new Uint8Array(32),
  modelName: 'guide',
  layers: { start: 0, end: 8 },
}

describe('decodeStageOffer', () => {
  it.each<[string, Partial<Record<keyof pb.StageOffer, unknown>>, string]>([
    ['an offer', {}, 'ok'],
    ['a drop', { layers: undefined }, 'ok'],
    ['a model id of 31 bytes', { modelId: new Uint8Array(31) }, 'BAD_ID'],
    ['a model id of 33 bytes', { modelId: new Uint8Array(33) }, 'BAD_ID'],
    ['no model id', { modelId: undefined }, 'MISSING_FIELD'],
    ['no name', { modelName: undefined }, 'MISSING_FIELD'],
    ['an empty name', { modelName: '' }, 'OUT_OF_RANGE'],
    ['a name of 128 characters', { modelName: '🙂'.repeat(128) }, 'ok'],
    ['a name of 129 characters', { modelName: 'x'.repeat(129) }, 'OUT_OF_RANGE'],
    ['a name with a line break', { modelName: 'a\nb' }, 'OUT_OF_RANGE'],
    ['the last layer', { layers: { start: 1023, end: 1024 } }, 'ok'],
    ['a layer beyond it', { layers: { start: 0, end: 1025 } }, 'OUT_OF_RANGE'],
    ['an empty range', { layers: { start: 4, end: 4 } }, 'OUT_OF_RANGE'],
    ['a reversed range', { layers: { start: 5, end: 4 } }, 'OUT_OF_RANGE'],
    ['too little memory', { layers: undefined, leastMemoryBytes: 1 }, 'ok'],
    ['the largest need', { layers: undefined, leastMemoryBytes: 2 ** 46 }, 'ok'],
    ['a larger one', { layers: undefined, leastMemoryBytes: 2 ** 46 + 1 }, 'OUT_OF_RANGE'],
    ['a need of nothing', { layers: undefined, leastMemoryBytes: 0 }, 'OUT_OF_RANGE'],
    ['layers, and too little memory for any', { leastMemoryBytes: 1 }, 'OUT_OF_RANGE'],
    ['a range without a start', { layers: { end: 4 } }, 'MISSING_FIELD'],
    ['a range without an end', { layers: { start: 4 } }, 'MISSING_FIELD'],
    ['no version', { version: undefined }, 'MISSING_FIELD'],
    ['another version', { version: 9 }, 'UNKNOWN_VERSION'],
  ])('%s', (_title, overrides, expected) => {
    const wire = { ...GOOD, ...overrides } as pb.StageOffer // the generated types know no undefined
    expect(outcome(() => decodeStageOffer(pb.StageOffer.encode(wire)))).toBe(expected)
  })

  it('refuses what is larger than any offer, unread', () => {
    const { maxBytes } = STAGE_OFFER_LIMITS
    expect(outcome(() => decodeStageOffer(new Uint8Array(maxBytes + 1)))).toBe('TOO_LARGE')
    expect(outcome(() => decodeStageOffer(new Uint8Array(maxBytes)))).not.toBe('TOO_LARGE')
    expect(outcome(() => decodeStageOfferReply(new Uint8Array(maxBytes + 1)))).toBe('TOO_LARGE')
  })

  it('refuses to encode what it would not decode', () => {
    const modelId = 'ab'.repeat(32) as ModelId // 64 digits
    const offer = { modelId, modelName: 'guide', layers: null, leastMemoryBytes: null }
    expect(outcome(() => encodeStageOffer(offer))).toBe('ok')
    expect(outcome(() => encodeStageOffer({ ...offer, modelName: '\ud800' }))).toBe('OUT_OF_RANGE')
    expect(outcome(() => encodeStageOffer({ ...offer, modelId: 'AB'.repeat(32) as ModelId }))).toBe('BAD_ID')
    expect(outcome(() => encodeStageOffer({ ...offer, layers: { start: 0, end: 1025 } }))).toBe(
      'OUT_OF_RANGE',
    )
    expect(outcome(() => encodeStageOffer({ ...offer, leastMemoryBytes: 1.5 }))).toBe('OUT_OF_RANGE')
  })
})

describe('decodeStageOfferReply', () => {
  it.each<[string, readonly number[], string]>([
    ['accepted', [8, 1, 16, 100], 'ok'],
    ['the unused status', [8, 1, 16, 0], 'OUT_OF_RANGE'],
    ['a status that nobody defined', [8, 1, 16, 101], 'OUT_OF_RANGE'],
    ['no status', [8, 1], 'MISSING_FIELD'],
    ['nothing', [], 'MISSING_FIELD'],
    ['another version', [8, 2, 16, 100], 'UNKNOWN_VERSION'],
  ])('%s', (_title, bytes, expected) => {
    expect(outcome(() => decodeStageOfferReply(Uint8Array.from(bytes)))).toBe(expected)
  })

  it('refuses to encode a status that it does not know', () => {
    const status = 'toString' as StageOfferReply['status'] // what a caller without types could pass
    expect(outcome(() => encodeStageOfferReply({ status }))).toBe('OUT_OF_RANGE')
  })
})
