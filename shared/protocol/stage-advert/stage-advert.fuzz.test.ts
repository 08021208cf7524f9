import fc from 'fast-check'
import {
  arbitraryAddresses,
  arbitraryLayers,
  arbitraryMicros,
  arbitraryModelId,
  arbitraryPath,
  arbitraryPeerId,
  arbitraryUint32,
  plainRecord,
} from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import {
  decodeStageAdvert,
  encodeStageAdvert,
  STAGE_ADVERT_LIMITS,
  type StageAdvert,
} from './stage-advert.ts'

const count = fc.integer({ min: 0, max: STAGE_ADVERT_LIMITS.maxSessions })

fuzzCodec<StageAdvert>({
  name: 'stage advert',
  arbitrary: plainRecord({
    peerId: arbitraryPeerId,
    generation: arbitraryUint32,
    sequence: arbitraryUint32,
    kind: fc.constantFrom('tab', 'native'),
    isBackstop: fc.boolean(),
    isAwake: fc.boolean(),
    relayAddresses: arbitraryAddresses,
    memoryBudgetBytes: fc.integer({ min: 0, max: STAGE_ADVERT_LIMITS.maxMemoryBudgetBytes }),
    encodings: fc.constantFrom([], ['q4'] as const, ['q8'] as const, ['q8', 'q4'] as const),
    pinnedLayers: fc.option(arbitraryLayers, { nil: null }),
    stages: fc.array(
      plainRecord({
        modelId: arbitraryModelId,
        layers: arbitraryLayers,
        state: fc.constantFrom('loading' as const, 'ready' as const),
        decodeStepMicros: arbitraryMicros,
        openSessions: count,
        maxSessions: count,
      }),
      { maxLength: 3 },
    ),
    links: fc.array(
      plainRecord({ peerId: arbitraryPeerId, path: arbitraryPath, roundTripMicros: arbitraryMicros }),
      { maxLength: 3 },
    ),
  }),
  encode: encodeStageAdvert,
  decode: decodeStageAdvert,
  prefixes: [
    [8, 1],
    [8, 1, 98],
  ],
})
