import { fromHex, toHex } from './ids.ts'
import type { LayerRange } from './layer-range.ts'
import { ProtocolError } from './protocol-error.ts'

// What every codec of this folder needs: each check throws ProtocolError and names the field, never its value,
// because the value is a peer's text. Encoders run the same checks, so that a peer never sends what it would refuse.

/** Every protobuf message carries this; a change of meaning is a new protocol id, not a new number. */
export const WIRE_VERSION = 1
/** No decoder of today has more layers; 1,024 leaves room for eight times the largest open model. */
export const MAX_LAYERS = 1024
/** Token ids fit an int32, which is what the engine takes. */
export const MAX_TOKEN_ID = 0x7fff_ffff
/** Longest duration that a microsecond field states, one hour: the longest deadline too. */
export const MAX_DURATION_MICROS = 3_600_000_000
export const MAX_UINT32 = 0xffff_ffff
/** 64 TiB, more than any machine and far below 2^53. */
export const MAX_MEMORY_BYTES = 2 ** 46

type Code = ProtocolError['data']['code']

/** Builds the error that every check throws. */
export function protocolError(code: Code, shortMessage: string, cause?: unknown): ProtocolError {
  return new ProtocolError(shortMessage, { data: { code }, cause })
}

/** @throws ProtocolError `OUT_OF_RANGE` unless `value` is an integer of `[min, max]` */
export function checkInteger(value: number, field: string, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max || Object.is(value, -0)) {
    throw protocolError('OUT_OF_RANGE', `${field} must be an integer from ${min} to ${max}.`)
  }
}

/** @throws ProtocolError `OUT_OF_RANGE` unless `value` is finite and in `[min, max]` */
export function checkNumber(value: number, field: string, min: number, max: number): void {
  // -0 passes the comparison and would encode to other bytes than 0.
  if (!(value >= min && value <= max) || Object.is(value, -0)) {
    throw protocolError('OUT_OF_RANGE', `${field} must be a number from ${min} to ${max}.`)
  }
}

/** @throws ProtocolError `OUT_OF_RANGE` when there are more than `max` elements */
export function checkCount(list: ArrayLike<unknown>, field: string, max: number): void {
  if (list.length > max) throw protocolError('OUT_OF_RANGE', `${field} has more than ${max} elements.`)
}

/** @throws ProtocolError `OUT_OF_RANGE` unless `0 <= start < end <= MAX_LAYERS` */
export function checkLayerRange(layers: LayerRange, field: string): void {
  checkInteger(layers.end, `${field}.end`, 1, MAX_LAYERS)
  checkInteger(layers.start, `${field}.start`, 0, layers.end - 1)
}

/** Multiaddrs are opaque here; libp2p parses them. @throws ProtocolError `OUT_OF_RANGE` */
export function checkRelayAddresses(addresses: readonly string[], field: string): void {
  checkCount(addresses, field, ADDRESS_LIMITS.maxAddresses)
  for (const address of addresses) {
    if (!ADDRESS.test(address)) {
      throw protocolError(
        'OUT_OF_RANGE',
        `${field} holds an address that is no multiaddr of at most ${ADDRESS_LIMITS.maxChars} characters.`,
      )
    }
  }
}

export const ADDRESS_LIMITS = {
  /** A peer keeps two relays; four allow a change of both. */
  maxAddresses: 4,
  /** `/dns4/<253>/tcp/443/wss/p2p/<52>` of a sane host name is half of this. */
  maxChars: 256,
} as const

// Printable ASCII: what multiaddr text consists of, and it cannot smuggle line breaks into a log.
const ADDRESS = /^\/[!-~]{0,255}$/

/** @throws ProtocolError `MISSING_FIELD` */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw protocolError('MISSING_FIELD', `${field} is missing.`)
  return value
}

/** @throws ProtocolError `MISSING_FIELD`, `UNKNOWN_VERSION` */
export function checkVersion(version: number | undefined): void {
  if (required(version, 'version') !== WIRE_VERSION) {
    throw protocolError('UNKNOWN_VERSION', `Version ${WIRE_VERSION} was expected.`)
  }
}

/** Reads a layer range; the caller's message check bounds it. @throws ProtocolError `MISSING_FIELD` */
export function readLayerRange(
  layers: { start?: number; end?: number } | undefined,
  field: string,
): LayerRange {
  const range = required(layers, field)
  return { start: required(range.start, `${field}.start`), end: required(range.end, `${field}.end`) }
}

/** Hex of an id of exactly `sizeBytes`. @throws ProtocolError `MISSING_FIELD`, `BAD_ID` */
export function readId(bytes: Uint8Array | undefined, field: string, sizeBytes: number): string {
  if (required(bytes, field).length !== sizeBytes) {
    throw protocolError('BAD_ID', `${field} must have exactly ${sizeBytes} bytes.`)
  }
  return toHex(required(bytes, field))
}

/** Bytes of a hex id that its parser has accepted. */
export function writeId(hex: string): Uint8Array<ArrayBuffer> {
  return fromHex(hex)
}

/**
 * Names of an enum on this side against the generated enum's names, both ways.
 * `decode` throws ProtocolError `MISSING_FIELD`, or `OUT_OF_RANGE` for the unused zero value.
 */
export class WireEnum<Name extends string, Wire extends string> {
  readonly #toWire: Readonly<Record<Name, Wire>>
  readonly #toName: ReadonlyMap<Wire, Name>
  readonly #field: string

  constructor(field: string, toWire: Readonly<Record<Name, Wire>>) {
    this.#field = field
    this.#toWire = toWire
    // Object.entries widens the keys that the parameter's type has fixed.
    this.#toName = new Map((Object.entries(toWire) as [Name, Wire][]).map(([name, wire]) => [wire, name]))
  }

  /** @throws ProtocolError `OUT_OF_RANGE` for a name that the type does not know */
  encode(name: Name): Wire {
    if (!Object.hasOwn(this.#toWire, name)) throw protocolError('OUT_OF_RANGE', `${this.#field} is unknown.`)
    return this.#toWire[name]
  }

  decode(wire: Wire | undefined): Name {
    const name = this.#toName.get(required(wire, this.#field))
    if (name === undefined) throw protocolError('OUT_OF_RANGE', `${this.#field} is unknown.`)
    return name
  }
}

/** @throws ProtocolError `OUT_OF_RANGE` unless there are `min` to `max` ids, each of `[0, MAX_TOKEN_ID]` */
export function checkTokenIds(tokenIds: readonly number[], field: string, min: number, max: number): void {
  if (tokenIds.length < min || tokenIds.length > max) {
    throw protocolError('OUT_OF_RANGE', `${field} must have ${min} to ${max} token ids.`)
  }
  for (const tokenId of tokenIds) checkInteger(tokenId, field, 0, MAX_TOKEN_ID)
}

/**
 * Token ids as 4 bytes each, little-endian. protons neither writes nor reads packed repeated fields, and one tag per
 * id would cost as much as this while a limit would be checked a hundred thousand times.
 */
export function writeTokenIds(tokenIds: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(tokenIds.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < tokenIds.length; i++) view.setUint32(4 * i, tokenIds[i] ?? 0, true)
  return bytes
}

/** Reverses {@link writeTokenIds}. @throws ProtocolError `MISSING_FIELD`, `MALFORMED`, `OUT_OF_RANGE` above `max` ids */
export function readTokenIds(bytes: Uint8Array | undefined, field: string, max: number): number[] {
  const present = required(bytes, field)
  if (present.length % 4 !== 0) throw protocolError('MALFORMED', `${field} must have 4 bytes per token id.`)
  if (present.length > 4 * max)
    throw protocolError('OUT_OF_RANGE', `${field} has more than ${max} token ids.`)
  const view = new DataView(present.buffer, present.byteOffset, present.byteLength)
  const tokenIds: number[] = []
  for (let offset = 0; offset < present.length; offset += 4) tokenIds.push(view.getUint32(offset, true))
  return tokenIds
}

/**
 * Runs a generated decoder under a size limit and turns whatever it throws into a ProtocolError.
 * @throws ProtocolError `TOO_LARGE` (bytes or repeated elements), `TRUNCATED`, `OUT_OF_RANGE` (enum), `MALFORMED`
 */
export function decodeProtobuf<T>(bytes: Uint8Array, maxBytes: number, decode: (bytes: Uint8Array) => T): T {
  if (bytes.length > maxBytes)
    throw protocolError('TOO_LARGE', `The message is larger than ${maxBytes} bytes.`)
  try {
    return decode(bytes)
  } catch (cause) {
    // The runtime throws bare Errors: only the name or the text tells them apart. protons-runtime is pinned, and the
    // tests of each message hold these three.
    const { name, message } = cause as Error
    if (name === 'MaxLengthError') throw protocolError('TOO_LARGE', 'A list has too many elements.', cause)
    if (message.startsWith('index out of range')) {
      throw protocolError('TRUNCATED', 'The message ends inside a field.', cause)
    }
    if (message === 'Invalid enum value') throw protocolError('OUT_OF_RANGE', 'An enum is unknown.', cause)
    // Among these is the stack overflow of a message that consists of nested group tags.
    throw protocolError('MALFORMED', 'The message is no valid protobuf.', cause)
  }
}

/** @throws ProtocolError `TOO_LARGE` */
export function checkEncodedSize<T extends Uint8Array>(bytes: T, maxBytes: number): T {
  if (bytes.length > maxBytes)
    throw protocolError('TOO_LARGE', `The message is larger than ${maxBytes} bytes.`)
  return bytes
}
