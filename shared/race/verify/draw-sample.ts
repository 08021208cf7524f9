import { sha256 } from '@noble/hashes/sha2.js'
import { fromHex } from '../../protocol/ids.ts'
import type { RaceCommitment } from '../../protocol/race-proof/race-proof.ts'
import { chacha20Block } from '../generator.ts'
import { RaceError } from '../race-error.ts'

const RANDOMNESS_BYTES = 32
/** Beside the four streams of the Race itself. @see docs/race.md, section 4 */
const SAMPLE_DOMAIN = 5
const WORDS_PER_BLOCK = 16

/**
 * Positions of the claims that are checked, ascending: `count` of them, or all where there are no more.
 *
 * @param randomness 32 bytes that nobody knew when the commitment was made, such as the beacon of the next epoch
 * @throws RaceError `BAD_SEED`
 * @see docs/race-proof.md, section 5
 */
export function drawSample(
  randomness: Uint8Array,
  commitment: Pick<RaceCommitment, 'root' | 'publicKey' | 'claimCount'>,
  count: number,
): number[] {
  const total = commitment.claimCount
  if (count >= total) return Array.from({ length: total }, (_, i) => i)
  const words = wordStream(sampleSeed(randomness, commitment))
  // The first steps of a Fisher-Yates shuffle; only places that moved are kept.
  const moved = new Map<number, number>()
  const drawn: number[] = []
  for (let i = 0; i < count; i++) {
    const place = i + uniform(words, total - i)
    drawn.push(moved.get(place) ?? place)
    moved.set(place, moved.get(i) ?? i)
  }
  return drawn.sort((a, b) => a - b)
}

function sampleSeed(
  randomness: Uint8Array,
  { root, publicKey, claimCount }: Pick<RaceCommitment, 'root' | 'publicKey' | 'claimCount'>,
): Uint8Array {
  if (randomness.length !== RANDOMNESS_BYTES) {
    throw new RaceError(
      `The randomness of a sample has ${RANDOMNESS_BYTES} bytes, not ${randomness.length}.`,
      {
        data: { code: 'BAD_SEED', expectedBytes: `${RANDOMNESS_BYTES}`, actualBytes: randomness.length },
        metaMessages: ['It was cut, or is not a beacon.', 'Pass 32 bytes.'],
        docsPath: 'docs/race.md',
      },
    )
  }
  const label = new TextEncoder().encode('racemesh/race-sample/1')
  const bytes = new Uint8Array(label.length + 3 * 32 + 4)
  bytes.set(label)
  bytes.set(randomness, label.length)
  bytes.set(fromHex(root), label.length + 32)
  bytes.set(fromHex(publicKey), label.length + 64)
  new DataView(bytes.buffer).setUint32(label.length + 96, claimCount, true)
  return sha256(bytes)
}

function* wordStream(key: Uint8Array): Generator<number, never> {
  for (let block = 0; ; block++) {
    const words = chacha20Block(key, { block, index: 0, reserved: 0, domain: SAMPLE_DOMAIN })
    for (let i = 0; i < WORDS_PER_BLOCK; i++) yield words[i]!
  }
}

/** A number of `[0, bound)`; words that would favour small ones are passed over. */
function uniform(words: Generator<number, never>, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound)
  for (;;) {
    const word = words.next().value
    if (word < limit) return word % bound
  }
}
