import type { PreparedRace, RunOptions } from '../race-path.ts'
import type { NodeSeed } from '../seeds.ts'

/** A claim that is no hit, and what its nonce gives. */
export interface FalseHit {
  /** Place in the list of nonces. */
  readonly at: number
  readonly nonce: number
  readonly dot: number
  readonly squaredLength: number
}

export interface RerunOptions extends RunOptions {
  /** Called after each batch. */
  readonly onProgress?: ((checked: number, total: number) => void) | undefined
}

/** Runs claimed nonces again, a device full at a time, up to the first that is no hit. */
export async function findFalseHit(
  race: PreparedRace,
  nodeSeed: NodeSeed,
  nonces: readonly number[],
  { onProgress, ...options }: RerunOptions,
): Promise<FalseHit | null> {
  for (let start = 0; start < nonces.length; start += race.batchNonces) {
    const batch = Uint32Array.from(nonces.slice(start, start + race.batchNonces))
    const { dots, squaredLengths, hits } = await race.evaluate({ nodeSeed, nonces: batch }, options)
    const i = hits.indexOf(0)
    if (i >= 0) return { at: start + i, nonce: batch[i]!, dot: dots[i]!, squaredLength: squaredLengths[i]! }
    onProgress?.(start + batch.length, nonces.length)
  }
  return null
}
