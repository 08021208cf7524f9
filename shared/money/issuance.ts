/**
 * New coins for those who worked, as the contract `Issuance` releases them: to the wei, sentence for sentence.
 *
 * @see Race paper, Appendices E and F; `contracts/src/libraries/IssuanceSchedule.sol` is the other half.
 */

/** One coin in wei. */
const COIN = 10n ** 18n

/** Coins (wei) of one of the twelve batches: 5 % of the billion. */
export const ISSUANCE_BATCH = 50_000_000n * COIN

/** Coins (wei) of all batches together. */
export const ISSUANCE_TOTAL = 12n * ISSUANCE_BATCH

const DAYS_PER_YEAR = 365n
const WHOLE_BPS = 10_000n

export interface IssuanceState {
  /** Coins (wei) released so far from the 600 million, against fees and as daily minimum together. */
  readonly issued: bigint
  /** Numerator that the last division left over, so that splitting a fee changes nothing. */
  readonly remainder: bigint
  /** Last day (counted from genesis) with work. */
  readonly day: bigint
  /** False until the first day with work. */
  readonly worked: boolean
  /** Coins (wei) released against fees on that day. */
  readonly issuedToday: bigint
}

export interface Release {
  readonly state: IssuanceState
  /** New coins (wei) against the fees of this release. */
  readonly subsidy: bigint
  /** New coins (wei) that complete the minimum of the last day with work, once that day is over. */
  readonly minimum: bigint
}

export const ISSUANCE_GENESIS: IssuanceState = {
  issued: 0n,
  remainder: 0n,
  day: 0n,
  worked: false,
  issuedToday: 0n,
}

/** Releases coins against `fees` (wei) on `day`, at most `dailyCap` (wei) of them a day. */
export function releaseCoins(
  state: IssuanceState,
  { fees, day, dailyCap }: { fees: bigint; day: bigint; dailyCap: bigint },
): Release {
  let next = state
  let minimum = 0n
  if (next.worked && day > next.day) ({ state: next, minimum } = completeDay(next))
  if (!next.worked || day > next.day) next = { ...next, worked: true, day, issuedToday: 0n }
  // INVARIANT: a day releases at most its cap against fees.
  const room = dailyCap > next.issuedToday ? dailyCap - next.issuedToday : 0n
  const { issued, remainder, subsidy } = subsidise(next, fees, room)
  return {
    state: { ...next, issued, remainder, issuedToday: next.issuedToday + subsidy },
    subsidy,
    minimum,
  }
}

/**
 * The subsidy of batch `index` (from 0): `granted` coins for every `paid` coins of fees.
 * The subsidy is s = 9/10 x (4/5)^index of what providers are paid in total, and a fee f releases f x s / (1 - s).
 */
export function issuanceRate(index: bigint): { granted: bigint; paid: bigint } {
  const granted = 9n * 4n ** index
  return { granted, paid: 10n * 5n ** index - granted }
}

/** Coins (wei) that a day with work releases at least: 5 % of the cap in the first year, half each year. */
export function minimumOfDay(day: bigint): bigint {
  return (ISSUANCE_BATCH >> (day / DAYS_PER_YEAR)) / DAYS_PER_YEAR
}

/**
 * Splits new coins (wei) between the training fund and those who worked.
 * The fund's share is one of the whole revenue, fees and new coins, and is taken from the new coins; rounded down.
 */
export function splitReleased(
  released: bigint,
  { fees, trainingShareBps }: { fees: bigint; trainingShareBps: bigint },
): { reward: bigint; training: bigint } {
  const share = ((fees + released) * trainingShareBps) / WHOLE_BPS
  // INVARIANT: the training fund never takes more than was released.
  const training = share > released ? released : share
  return { reward: released - training, training }
}

/**
 * Shares `amount` (wei) out in proportion to `works` (any unit), so that the parts add up to the whole exactly.
 * Differences of a running total: no part is more than one wei away from its fair share. Nothing is shared among nobody.
 */
export function shareByWork(amount: bigint, works: readonly bigint[]): bigint[] {
  const total = works.reduce((sum, work) => sum + work, 0n)
  if (total === 0n) return works.map(() => 0n)
  let workBefore = 0n
  let sharedBefore = 0n
  return works.map((work) => {
    workBefore += work
    const shared = (amount * workBefore) / total
    const share = shared - sharedBefore
    sharedBefore = shared
    return share
  })
}

function completeDay(state: IssuanceState): { state: IssuanceState; minimum: bigint } {
  // INVARIANT: a day with work releases at least its minimum while coins are left.
  const floor = minimumOfDay(state.day)
  if (state.issuedToday >= floor) return { state, minimum: 0n }
  const missing = floor - state.issuedToday
  const left = ISSUANCE_TOTAL - state.issued
  const minimum = missing < left ? missing : left
  const issued = state.issued + minimum
  // The remainder is a numerator over the old batch's rate; in a new batch it has no meaning.
  const isNewBatch = issued / ISSUANCE_BATCH !== state.issued / ISSUANCE_BATCH
  return { state: { ...state, issued, remainder: isNewBatch ? 0n : state.remainder }, minimum }
}

function subsidise(
  state: IssuanceState,
  fees: bigint,
  room: bigint,
): { issued: bigint; remainder: bigint; subsidy: bigint } {
  let { issued, remainder } = state
  let subsidy = 0n
  // INVARIANT: coins released never exceed 600 million.
  while (fees > 0n && room > 0n && issued < ISSUANCE_TOTAL) {
    const index = issued / ISSUANCE_BATCH
    const { granted, paid } = issuanceRate(index)
    const leftOfBatch = ISSUANCE_BATCH * (index + 1n) - issued
    const left = leftOfBatch < room ? leftOfBatch : room
    // INVARIANT: below the daily cap, a fee paid in parts releases what the whole fee releases.
    const numerator = fees * granted + remainder
    const coins = numerator / paid
    if (coins < left) return { issued: issued + coins, remainder: numerator % paid, subsidy: subsidy + coins }
    // The batch (or the day) is used up: only as much of the fee as that took is spent on it.
    const needed = left * paid - remainder
    fees -= (needed + granted - 1n) / granted
    issued += left
    remainder = 0n
    subsidy += left
    room -= left
  }
  return { issued, remainder, subsidy }
}
