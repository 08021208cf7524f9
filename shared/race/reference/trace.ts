import type { RaceClass } from '../race-class.ts'
import type { TraceEntry, TraceName } from '../race-path.ts'
import type { InputKey } from '../seeds.ts'
import { hashArray } from '../trace-hash.ts'
import { forward, type TensorSource } from './forward.ts'

/** Runs one nonce and hashes every array on the way. */
export async function traceForward(
  raceClass: RaceClass,
  tensors: TensorSource,
  inputKey: InputKey,
  nonce: number,
): Promise<{ readonly output: Int8Array<ArrayBuffer>; readonly trace: readonly TraceEntry[] }> {
  const arrays: { layer: number; name: TraceName; rows: Int8Array<ArrayBuffer> }[] = []
  const output = forward(raceClass, tensors, inputKey, nonce, (layer, name, rows) =>
    arrays.push({ layer, name, rows: rows.slice() }),
  )
  const trace: TraceEntry[] = []
  for (const { layer, name, rows } of arrays) {
    trace.push({ layer, name, sha256: await hashArray(rows) })
  }
  return { output, trace }
}
