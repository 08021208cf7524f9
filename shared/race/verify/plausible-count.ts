import type { RaceCommitment } from '../../protocol/race-proof/race-proof.ts'
import { countMultiplyAccumulates, type RaceClass } from '../race-class.ts'

/** Hits among so many nonces, a little above the specified 1 in 900 (1.0008 in 900, docs/race.md, section 7). */
const MAX_HIT_RATE = 1.001 / 900
/** Once in 10^12 honest proofs something this unlikely happens. */
const LOG_UNLIKELY = Math.log(1e-12)
/**
 * Multiply-accumulates per second of more than any one peer: a server of eight of the fastest accelerators of 2025 reaches
 * about 2 * 10^16 with 8-bit integers.
 */
export const MAX_MULTIPLY_ACCUMULATES_PER_SECOND = 1e17
/** A clock that is read twice within a tick makes no time of nothing. */
const MIN_WINDOW_MS = 1

/**
 * False for counts that no honest peer can have: more hits than chance allows among the nonces tried (Chernoff's bound of
 * the Poisson distribution), or more work than any device does in the window. Costs nothing, so it comes before any
 * nonce is run.
 */
export function isCountPlausible(
  raceClass: RaceClass,
  { claimCount, nonceCount }: Pick<RaceCommitment, 'claimCount' | 'nonceCount'>,
  windowMs: number,
): boolean {
  const mean = nonceCount * MAX_HIT_RATE
  const logChance = claimCount > mean ? claimCount - mean - claimCount * Math.log(claimCount / mean) : 0
  if (logChance < LOG_UNLIKELY) return false
  const work = (claimCount / MAX_HIT_RATE) * countMultiplyAccumulates(raceClass)
  return work <= (MAX_MULTIPLY_ACCUMULATES_PER_SECOND * Math.max(MIN_WINDOW_MS, windowMs)) / 1000
}
