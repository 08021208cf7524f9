import fc from 'fast-check'
import { arbitraryPeerId, arbitraryUint32, plainRecord } from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import { decodePeerNotice, encodePeerNotice, type PeerNotice } from './peer-notice.ts'

fuzzCodec<PeerNotice>({
  name: 'peer notice',
  arbitrary: plainRecord({
    kind: fc.constant('left' as const),
    peerId: arbitraryPeerId,
    generation: arbitraryUint32,
  }),
  encode: encodePeerNotice,
  decode: decodePeerNotice,
  prefixes: [
    [8, 1],
    [8, 1, 16, 100],
  ],
})
