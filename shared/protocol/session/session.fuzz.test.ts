import fc from 'fast-check'
import {
  arbitraryAddresses,
  arbitraryMicros,
  arbitraryModelId,
  arbitraryPath,
  arbitraryPeerId,
  arbitrarySessionId,
  arbitraryTokenId,
  arbitraryUint32,
  plainRecord,
} from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import {
  decodeSessionMessage,
  encodeSessionMessage,
  SESSION_END_REASONS,
  SESSION_LIMITS,
  type SessionMessage,
} from './session.ts'

const tokenIds = fc.array(arbitraryTokenId, { maxLength: 12 })
const someTokenIds = fc.array(arbitraryTokenId, { minLength: 1, maxLength: 12 })
const positive = fc.integer({ min: 1, max: SESSION_LIMITS.maxTokens })
const ratio = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)

const sampling = plainRecord({
  temperature: fc.double({ min: 0, max: 10, noNaN: true }).map((value) => value + 0),
  topK: arbitraryTokenId,
  topP: fc.double({ min: Number.MIN_VALUE, max: 1, noNaN: true }),
  minP: ratio,
  repetitionPenalty: fc.double({ min: 0.1, max: 10, noNaN: true }),
  seed: arbitraryUint32,
  historyTokenIds: tokenIds,
})

const open = plainRecord({
  sessionId: arbitrarySessionId,
  modelId: arbitraryModelId,
  hops: fc.array(
    plainRecord({
      peerId: arbitraryPeerId,
      generation: arbitraryUint32,
      layers: fc.integer({ min: 1, max: 200 }),
      relayAddresses: arbitraryAddresses,
    }),
    { minLength: 1, maxLength: 5 },
  ),
  stage: fc.nat(),
  capacityTokens: positive,
  prompt: fc.nat(),
  maxNewTokens: positive,
  endTokenIds: tokenIds,
  deadlineMs: fc.integer({ min: 1, max: SESSION_LIMITS.maxDeadlineMs }),
  sampling,
}).map(({ hops, stage, prompt, ...rest }) => {
  const stageIndex = stage % hops.length
  let end = 0
  return {
    ...rest,
    stageIndex,
    route: hops.map(({ layers, ...hop }) => ({ ...hop, layers: { start: end, end: (end += layers) } })),
    promptTokenCount: 1 + (prompt % rest.capacityTokens),
    sampling: stageIndex === hops.length - 1 ? rest.sampling : null,
  }
})

const report = plainRecord({
  prefillMicros: fc.maxSafeNat(),
  decodeMicros: fc.maxSafeNat(),
  decodeSteps: arbitraryUint32,
  tensorBytesSent: fc.maxSafeNat(),
  tensorBytesRelayed: fc.maxSafeNat(),
}).map((each) => ({ ...each, tensorBytesRelayed: Math.min(each.tensorBytesRelayed, each.tensorBytesSent) }))

fuzzCodec<SessionMessage>({
  name: 'session message',
  arbitrary: fc.oneof(
    plainRecord({ kind: fc.constant('open' as const), open }),
    plainRecord({
      kind: fc.constant('opened' as const),
      opened: plainRecord({
        link: fc.option(plainRecord({ path: arbitraryPath, roundTripMicros: arbitraryMicros }), {
          nil: null,
        }),
      }),
    }),
    plainRecord({ kind: fc.constant('prompt' as const), prompt: plainRecord({ tokenIds: someTokenIds }) }),
    plainRecord({
      kind: fc.constant('tokens' as const),
      tokens: plainRecord({
        position: fc.integer({ min: 0, max: SESSION_LIMITS.maxTokens - 1 }),
        tokenIds: someTokenIds,
      }),
    }),
    plainRecord({
      kind: fc.constant('ended' as const),
      ended: plainRecord({ reason: fc.constantFrom(...SESSION_END_REASONS), report }),
    }),
  ),
  encode: encodeSessionMessage,
  decode: decodeSessionMessage,
  prefixes: [
    [8, 1],
    [8, 1, 18],
    [8, 1, 26],
    [8, 1, 34],
    [8, 1, 42],
    [8, 1, 50],
  ],
})
