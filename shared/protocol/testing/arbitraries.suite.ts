import fc from 'fast-check'
import { toHex, type ModelId, type PeerIdText, type SessionId } from '../ids.ts'
import type { LayerRange } from '../layer-range.ts'
import { LINK_PATHS, type LinkPath } from '../stage-advert/stage-advert.ts'

// Cheap on purpose: one draw where one is enough, because a hundred thousand cases per message have to run in seconds.

/** `fc.record` without its null prototypes: no decoder makes such objects, and strict equality tells them apart. */
export function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true })
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** One of many peer ids of all legal lengths. */
export const arbitraryPeerId: fc.Arbitrary<PeerIdText> = fc.nat().map((number) => {
  const digits = Array.from(
    { length: 40 + (number % 41) },
    (_, at) => BASE58[(number + 7 * at * (number % 57)) % 58],
  )
  return digits.join('') as PeerIdText // of the alphabet and length that parsePeerIdText checks
})

export const arbitraryModelId: fc.Arbitrary<ModelId> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => toHex(bytes) as ModelId) // 32 bytes are 64 digits

export const arbitrarySessionId: fc.Arbitrary<SessionId> = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => toHex(bytes) as SessionId) // 16 bytes are 32 digits

export const arbitraryUint32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const arbitraryMicros = fc.integer({ min: 0, max: 3_600_000_000 })
export const arbitraryTokenId = fc.integer({ min: 0, max: 0x7fff_ffff })
export const arbitraryPath: fc.Arbitrary<LinkPath> = fc.constantFrom(...LINK_PATHS)

export const arbitraryLayers: fc.Arbitrary<LayerRange> = fc.nat(1024 * 1024 - 1).map((number) => {
  const start = Math.floor(number / 1024)
  return { start, end: start + 1 + (number % (1024 - start)) }
})

export const arbitraryAddresses: fc.Arbitrary<string[]> = fc.array(
  fc
    .nat()
    .map((number) => `/dns4/relay-${number}.example/tcp/443/wss`.padEnd(number % 257, 'x').slice(0, 256)),
  { maxLength: 4 },
)
