import fc from 'fast-check'
import { arbitraryUint32, plainRecord } from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import { decodeBeat, encodeBeat, type Beat } from './beat.ts'

fuzzCodec<Beat>({
  name: 'beat',
  arbitrary: plainRecord({
    kind: fc.constantFrom('beat', 'beat-reply'),
    generation: arbitraryUint32,
    sequence: arbitraryUint32,
    sentAtMicros: fc.maxSafeNat(),
  }),
  encode: encodeBeat,
  decode: decodeBeat,
  prefixes: [
    [1, 1, 0, 0],
    [1, 2, 0, 0],
  ],
})
