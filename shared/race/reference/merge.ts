import { norm } from './norm.ts'

/** What a merge made: the branch alone, which a trace shows, and the new stream. */
export interface Merged {
  readonly branch: Int8Array<ArrayBuffer>
  readonly stream: Int8Array<ArrayBuffer>
}

/**
 * Adds the normalised branch to the stream with weight two and normalises the sum.
 *
 * @param stream one row [width]
 * @param accumulators the branch's last projection [width]
 * @see docs/race.md, section 5.7
 */
export function merge(stream: Int8Array, accumulators: Int32Array, normConstant: number): Merged {
  const branch = norm(accumulators, normConstant)
  const sum = Int32Array.from(stream, (value, i) => value + 2 * branch[i]!)
  return { branch, stream: norm(sum, normConstant) }
}
