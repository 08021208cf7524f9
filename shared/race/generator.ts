import { POSITIONS, TENSOR_NAMES, tensorShape, type RaceClass, type TensorName } from './race-class.ts'
import type { InputKey, RaceSeed } from './seeds.ts'

/** Bytes of one generator block. */
export const BLOCK_BYTES = 64

const BLOCK_WORDS = 16
const ROUNDS = 20
/** "expand 32-byte k", RFC 8439 section 2.3. */
const CONSTANTS = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] as const
const DOMAIN = { weights: 1, target: 2, input: 3, permutation: 4 } as const

/** The four words of state that are neither constant nor key. */
interface BlockAddress {
  readonly block: number
  readonly index: number
  readonly reserved: number
  readonly domain: number
}

/**
 * Computes one ChaCha20 block: 16 words from a 32-byte key and four words of address.
 *
 * @see RFC 8439, section 2.3; docs/race.md, section 4
 */
export function chacha20Block(key: Uint8Array, address: BlockAddress): Uint32Array<ArrayBuffer> {
  const input = new Uint32Array(BLOCK_WORDS)
  input.set(CONSTANTS, 0)
  const keyBytes = new DataView(key.buffer, key.byteOffset, key.byteLength)
  for (let i = 0; i < 8; i++) input[4 + i] = keyBytes.getUint32(4 * i, true)
  input.set([address.block, address.index, address.reserved, address.domain], 12)

  const state = input.slice()
  for (let round = 0; round < ROUNDS; round += 2) {
    quarterRound(state, 0, 4, 8, 12)
    quarterRound(state, 1, 5, 9, 13)
    quarterRound(state, 2, 6, 10, 14)
    quarterRound(state, 3, 7, 11, 15)
    quarterRound(state, 0, 5, 10, 15)
    quarterRound(state, 1, 6, 11, 12)
    quarterRound(state, 2, 7, 8, 13)
    quarterRound(state, 3, 4, 9, 14)
  }
  for (let i = 0; i < BLOCK_WORDS; i++) state[i]! += input[i]!
  return state
}

/** One weight matrix, row-major, each row the inputs of one output. */
export function generateTensor(
  raceClass: RaceClass,
  raceSeed: RaceSeed,
  layer: number,
  tensor: TensorName,
): Int8Array<ArrayBuffer> {
  const { rows, columns } = tensorShape(raceClass, tensor)
  const index = layer * 8 + TENSOR_NAMES.indexOf(tensor)
  return symmetric(stream(raceSeed, DOMAIN.weights, index, rows * columns))
}

/** The vector that outputs are compared with, [width]. */
export function generateTarget(raceClass: RaceClass, raceSeed: RaceSeed): Int8Array<ArrayBuffer> {
  return symmetric(stream(raceSeed, DOMAIN.target, 0, raceClass.width))
}

/** The raw input of a nonce, [positions][width], before its norm. */
export function generateInput(
  raceClass: RaceClass,
  inputKey: InputKey,
  nonce: number,
): Int8Array<ArrayBuffer> {
  return symmetric(stream(inputKey, DOMAIN.input, nonce, POSITIONS * raceClass.width))
}

/** The words whose order is the permutation of a nonce, [width]. */
export function generatePermutationWords(
  raceClass: RaceClass,
  inputKey: InputKey,
  nonce: number,
): Uint32Array<ArrayBuffer> {
  const bytes = stream(inputKey, DOMAIN.permutation, nonce, 4 * raceClass.width)
  const view = new DataView(bytes.buffer)
  return Uint32Array.from({ length: raceClass.width }, (_, i) => view.getUint32(4 * i, true))
}

/** The first `length` bytes of a stream; `length` is a multiple of the block. */
function stream(key: Uint8Array, domain: number, index: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  for (let block = 0; block < length / BLOCK_BYTES; block++) {
    const words = chacha20Block(key, { block, index, reserved: 0, domain })
    for (let i = 0; i < BLOCK_WORDS; i++) view.setUint32(block * BLOCK_BYTES + 4 * i, words[i]!, true)
  }
  return bytes
}

/** Reads bytes as signed; -128 becomes 0, so that values are symmetric about zero. */
function symmetric(bytes: Uint8Array<ArrayBuffer>): Int8Array<ArrayBuffer> {
  const values = new Int8Array(bytes.buffer)
  for (let i = 0; i < values.length; i++) if (values[i] === -128) values[i] = 0
  return values
}

function quarterRound(state: Uint32Array, a: number, b: number, c: number, d: number): void {
  state[a]! += state[b]!
  state[d] = rotateLeft(state[d]! ^ state[a]!, 16)
  state[c]! += state[d]
  state[b] = rotateLeft(state[b]! ^ state[c]!, 12)
  state[a]! += state[b]
  state[d] = rotateLeft(state[d] ^ state[a]!, 8)
  state[c]! += state[d]
  state[b] = rotateLeft(state[b] ^ state[c]!, 7)
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
