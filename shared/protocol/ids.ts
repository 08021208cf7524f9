import { ProtocolError } from './protocol-error.ts'

/** A model's content root: 64 lower-case hex digits (SHA-256 Merkle root of the packed model). */
export type ModelId = string & { readonly __brand: 'ModelId' }
/** A libp2p peer id in its base58btc or base36 text form. */
export type PeerIdText = string & { readonly __brand: 'PeerIdText' }
/** One generation: 32 lower-case hex digits (128 random bits chosen by the asker). */
export type SessionId = string & { readonly __brand: 'SessionId' }

const HEX_64 = /^[0-9a-f]{64}$/
const HEX_32 = /^[0-9a-f]{32}$/
// Ed25519 ids are 52 characters, RSA and CIDv1 forms up to 64; nothing of libp2p is longer than 80.
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,80}$/

/** Parses a model id. @throws ProtocolError `BAD_ID` */
export function parseModelId(value: unknown): ModelId {
  if (typeof value !== 'string' || !HEX_64.test(value)) throw badId('model id', '64 lower-case hex digits')
  return value as ModelId // checked above
}

/** Parses a session id. @throws ProtocolError `BAD_ID` */
export function parseSessionId(value: unknown): SessionId {
  if (typeof value !== 'string' || !HEX_32.test(value)) throw badId('session id', '32 lower-case hex digits')
  return value as SessionId // checked above
}

/** Parses the text form of a peer id. @throws ProtocolError `BAD_ID` */
export function parsePeerIdText(value: unknown): PeerIdText {
  if (typeof value !== 'string' || !PEER_ID.test(value)) throw badId('peer id', '40 to 80 base58 characters')
  return value as PeerIdText // checked above
}

function badId(what: string, expected: string): ProtocolError {
  return new ProtocolError(`This is not a ${what}: ${expected} were expected.`, { data: { code: 'BAD_ID' } })
}

// Every frame of the data plane names its session, so this runs per token and hop: a table, not a conversion.
const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes to lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_OF_BYTE[byte]
  return text
}

/** Lower-case hex of even length to bytes; the caller has checked the alphabet. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Draws a new session id from 128 random bits. */
export function createSessionId(): SessionId {
  return toHex(crypto.getRandomValues(new Uint8Array(16))) as SessionId // 16 bytes are 32 digits
}
