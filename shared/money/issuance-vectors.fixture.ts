import type { IssuanceState } from './issuance.ts'
import { ISSUANCE_GENESIS, releaseCoins } from './issuance.ts'

declare const process: { readonly argv: readonly string[] }

const STEPS = 1300
const COIN = 10n ** 18n

/**
 * A walk through all twelve batches: fees from single wei to whole batches, days that repeat, pass and skip years, and
 * caps that bind. One array per column, decimal strings, so that Forge reads them with one call each.
 */
export function issuanceVectors(): Record<string, string[]> {
  const columns: Record<string, string[]> = {
    day: [],
    fees: [],
    dailyCap: [],
    subsidy: [],
    minimum: [],
    issued: [],
    remainder: [],
    issuedToday: [],
  }
  const random = seededBigint(20_261_120n)
  let state: IssuanceState = ISSUANCE_GENESIS
  let day = 0n
  for (let step = 0; step < STEPS; step++) {
    if (random(4n) === 0n) day += random(10n) === 0n ? random(200n) : 1n
    const fees = random(10n ** (random(26n) + 1n))
    const dailyCap = random(5n) === 0n ? random(2_000_000n * COIN) : 2n ** 100n
    const release = releaseCoins(state, { fees, day, dailyCap })
    state = release.state
    const row = { fees, dailyCap, ...release.state, subsidy: release.subsidy, minimum: release.minimum }
    for (const [name, column] of Object.entries(columns)) {
      column.push(String(row[name as keyof typeof row])) // the columns are names of `row`
    }
  }
  return columns
}

/** Numbers below a bound from a 64-bit linear congruential generator (Knuth, MMIX constants). */
function seededBigint(seed: bigint): (bound: bigint) => bigint {
  let x = seed
  const next = (): bigint => {
    x = (x * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n
    return x >> 32n
  }
  return (bound) => ((next() << 64n) | (next() << 32n) | next()) % bound
}

if (process.argv[1]?.endsWith('issuance-vectors.fixture.ts') === true) {
  console.log(JSON.stringify(issuanceVectors(), null, 1))
}
