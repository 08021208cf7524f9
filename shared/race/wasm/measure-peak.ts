import type { WasmLane } from './wasm-lane.ts'

/** As in assembly/gemm.ts. */
const MACS_PER_ITERATION = 96
/** A few milliseconds. */
const ITERATIONS = 1_000_000
const RUNS = 9

/** Multiply-accumulates per second of int8 products on registers alone, on all lanes at once; the best of a few runs. */
export async function measureLanesPeak(
  lanes: readonly WasmLane[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let best = 0
  for (let run = 0; run < RUNS; run++) {
    signal?.throwIfAborted()
    const startMs = performance.now()
    await Promise.all(lanes.map((lane) => lane.call('measurePeak', [ITERATIONS])))
    const seconds = (performance.now() - startMs) / 1000
    best = Math.max(best, (lanes.length * ITERATIONS * MACS_PER_ITERATION) / seconds)
  }
  return best
}
