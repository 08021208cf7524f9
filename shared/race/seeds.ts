import type { RaceClass } from './race-class.ts'
import { RaceError } from './race-error.ts'

/** 32 bytes that fix all weights and the target of one class in one epoch. */
export type RaceSeed = Uint8Array<ArrayBuffer> & { readonly __brand: 'RaceSeed' }
/** 32 bytes that stand for a public key. */
export type NodeSeed = Uint8Array<ArrayBuffer> & { readonly __brand: 'NodeSeed' }
/** 32 bytes; with a nonce, the seed of that nonce's input and permutation. */
export type InputKey = Uint8Array<ArrayBuffer> & { readonly __brand: 'InputKey' }

const SEED_BYTES = 32
/** Ed25519 keys have 32 bytes, uncompressed secp256k1 keys 65. */
const PUBLIC_KEY_BYTES = { min: 32, max: 65 }
const LAST_NONCE = 0xffff_ffff

/** Derives the seed of a class from the epoch's beacon (32 bytes). @throws RaceError `BAD_SEED` @see docs/race.md, section 3 */
export async function deriveRaceSeed(beacon: Uint8Array, raceClass: RaceClass): Promise<RaceSeed> {
  requireBytes(beacon, 'beacon', SEED_BYTES, SEED_BYTES)
  return (await hash('racemesh/race-seed/1', [Uint8Array.of(raceClass.number), beacon])) as RaceSeed // SHA-256: 32 bytes
}

/** Derives a peer's seed from its public key (32 to 65 bytes). @throws RaceError `BAD_SEED` */
export async function deriveNodeSeed(publicKey: Uint8Array): Promise<NodeSeed> {
  requireBytes(publicKey, 'public key', PUBLIC_KEY_BYTES.min, PUBLIC_KEY_BYTES.max)
  return (await hash('racemesh/node-seed/1', [Uint8Array.of(publicKey.length), publicKey])) as NodeSeed // SHA-256: 32 bytes
}

/** Derives the key of a peer's inputs and permutations. @throws RaceError `BAD_SEED` */
export async function deriveInputKey(raceSeed: RaceSeed, nodeSeed: NodeSeed): Promise<InputKey> {
  requireBytes(raceSeed, 'race seed', SEED_BYTES, SEED_BYTES)
  requireBytes(nodeSeed, 'node seed', SEED_BYTES, SEED_BYTES)
  return (await hash('racemesh/input-key/1', [raceSeed, nodeSeed])) as InputKey // SHA-256: 32 bytes
}

/** Takes 32 bytes from outside as a race seed. @throws RaceError `BAD_SEED` */
export function parseRaceSeed(bytes: Uint8Array): RaceSeed {
  requireBytes(bytes, 'race seed', SEED_BYTES, SEED_BYTES)
  return bytes.slice() as RaceSeed // checked above
}

/** Takes 32 bytes from outside as a node seed. @throws RaceError `BAD_SEED` */
export function parseNodeSeed(bytes: Uint8Array): NodeSeed {
  requireBytes(bytes, 'node seed', SEED_BYTES, SEED_BYTES)
  return bytes.slice() as NodeSeed // checked above
}

/** Accepts whole numbers from 0 to 2^32 - 1. @throws RaceError `BAD_NONCE` */
export function parseNonce(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LAST_NONCE) return value
  throw new RaceError('This is not a nonce: a whole number from 0 to 4294967295 was expected.', {
    data: { code: 'BAD_NONCE' },
    metaMessages: ['A damaged or hostile proof has such values.', 'Leave this proof aside.'],
    docsPath: 'docs/race.md',
  })
}

async function hash(label: string, parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const labelBytes = new TextEncoder().encode(label)
  const length = parts.reduce((sum, part) => sum + part.length, labelBytes.length)
  const message = new Uint8Array(length)
  let offset = 0
  for (const part of [labelBytes, ...parts]) {
    message.set(part, offset)
    offset += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', message))
}

function requireBytes(bytes: Uint8Array, what: string, min: number, max: number): void {
  if (bytes.length >= min && bytes.length <= max) return
  const expectedBytes = min === max ? `${min}` : `${min} to ${max}`
  throw new RaceError(`The ${what} has ${bytes.length} bytes instead of ${expectedBytes}.`, {
    data: { code: 'BAD_SEED', expectedBytes, actualBytes: bytes.length },
    metaMessages: [
      'Text was probably passed where its bytes belong, or a proof is cut off.',
      'Pass the decoded bytes.',
    ],
    docsPath: 'docs/race.md',
  })
}
