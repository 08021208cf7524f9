import type { TraceEntry, TraceName } from '../race-path.ts'

/** Where two forward passes part. */
export interface TraceDifference {
  readonly layer: number
  readonly name: TraceName
}

/**
 * The first array in which a claimed trace differs from a recomputed one: the operator that made it was computed wrongly,
 * because everything before it is equal. Null if all of the recomputed trace is there.
 *
 * Entries that are missing, doubled or out of order differ at their place.
 *
 * @see docs/race.md, section 8
 */
export function firstDifference(
  claimed: readonly TraceEntry[],
  recomputed: readonly TraceEntry[],
): TraceDifference | null {
  for (const [i, { layer, name, sha256 }] of recomputed.entries()) {
    const entry = claimed[i]
    if (entry?.layer !== layer || entry.name !== name || entry.sha256 !== sha256) return { layer, name }
  }
  return null
}
