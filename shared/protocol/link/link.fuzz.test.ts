import fc from 'fast-check'
import { plainRecord } from '../testing/arbitraries.suite.ts'
import { fuzzCodec } from '../testing/fuzz-codec.suite.ts'
import { decodeLinkMessage, encodeLinkMessage, type LinkMessage } from './link.ts'

const channelId = fc.integer({ min: 0, max: 1022 })

fuzzCodec<LinkMessage>({
  name: 'link message',
  arbitrary: fc.oneof(
    plainRecord({ kind: fc.constantFrom('request' as const, 'ready' as const, 'refused' as const) }),
    fc
      .tuple(channelId, channelId)
      .filter(([hot, beat]) => hot !== beat)
      .map(([hotChannelId, beatChannelId]) => ({ kind: 'open' as const, hotChannelId, beatChannelId })),
  ),
  encode: encodeLinkMessage,
  decode: decodeLinkMessage,
  prefixes: [
    [8, 1],
    [8, 1, 16, 0xad, 2],
  ],
})
