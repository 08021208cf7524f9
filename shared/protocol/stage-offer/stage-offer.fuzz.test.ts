import fc from 'fast-check'
import { arbitraryLayers, arbitraryModelId, plainRecord } from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import {
  decodeStageOffer,
  decodeStageOfferReply,
  encodeStageOffer,
  encodeStageOfferReply,
  type StageOffer,
  type StageOfferReply,
} from './stage-offer.ts'

// Printable, and with characters of one to four bytes in UTF-8.
const name = fc.string({
  unit: fc.constantFrom('a', 'Z', ' ', 'é', '模', '🙂'),
  minLength: 1,
  maxLength: 128,
})

fuzzCodec<StageOffer>({
  name: 'stage offer',
  arbitrary: fc
    .tuple(
      plainRecord({ modelId: arbitraryModelId, modelName: name }),
      fc.oneof(
        arbitraryLayers.map((layers) => ({ layers, leastMemoryBytes: null })),
        fc
          .option(fc.integer({ min: 1, max: 2 ** 46 }), { nil: null })
          .map((leastMemoryBytes) => ({ layers: null, leastMemoryBytes })),
      ),
    )
    .map(([model, rest]) => ({ ...model, ...rest })),
  encode: encodeStageOffer,
  decode: decodeStageOffer,
  prefixes: [
    [8, 1],
    [8, 1, 18, 32],
  ],
})

fuzzCodec<StageOfferReply>({
  name: 'stage offer reply',
  arbitrary: plainRecord({
    status: fc.constantFrom(
      'accepted',
      'refused-budget',
      'refused-encoding',
      'refused-paused',
      'refused-unknown-model',
    ),
  }),
  encode: encodeStageOfferReply,
  decode: decodeStageOfferReply,
  prefixes: [
    [8, 1],
    [8, 1, 16],
  ],
})
