import type * as fc from 'fast-check'

declare const process: { readonly env: Readonly<Record<string, string | undefined>> }

/** Reads FUZZ_RUNS, FUZZ_SEED and FUZZ_PATH, so that a failure printed by one run can be replayed. */
export function fuzzParameters(defaultRuns: number): fc.Parameters<unknown> {
  const { FUZZ_RUNS, FUZZ_SEED, FUZZ_PATH } = process.env
  const seed = FUZZ_SEED === undefined ? Date.now() % 2 ** 31 : Number(FUZZ_SEED)
  console.log(`fuzz seed ${seed}`)
  return {
    numRuns: FUZZ_RUNS === undefined ? defaultRuns : Number(FUZZ_RUNS),
    seed,
    ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH }),
  }
}
