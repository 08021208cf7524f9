import type { Clock } from '../../mesh/ports.ts'
import { RacePathError } from '../race-path-error.ts'
import type { PreparedRace, RaceParams, RacePath } from '../race-path.ts'

/** A path on virtual time: every `hitEvery`-th nonce is a hit, and each dispatch of a batch takes its time. */
export class FakePath implements RacePath {
  readonly name = 'reference'
  readonly adapter = 'virtual'
  readonly measurePeak?: () => Promise<number>
  readonly batches: { readonly first: number; readonly count: number; readonly atMs: number }[] = []
  prepared = 0
  disposed = 0
  /** The next batch ends with this error. */
  failWith: Error | null = null

  constructor(
    readonly clock: Clock,
    readonly behaviour: {
      readonly batchNonces?: number
      readonly hitEvery?: number
      /** Of one nonce in one dispatch; every nonce needs four, and a dispatch holds at most `batchNonces`. */
      readonly msPerNonce?: number
      readonly peak?: number
    } = {},
  ) {
    const { peak } = behaviour
    if (peak !== undefined) this.measurePeak = () => Promise.resolve(peak)
  }

  prepare(params: RaceParams): Promise<PreparedRace> {
    this.prepared++
    const { batchNonces = 100, hitEvery = 10, msPerNonce = 0.1 } = this.behaviour
    const run: PreparedRace['findHits'] = async ({ nonces }, { signal, checkpoint } = {}) => {
      this.batches.push({ first: nonces[0]!, count: nonces.length, atMs: this.clock.now() })
      for (let left = 4 * nonces.length; left > 0; left -= Math.min(batchNonces, nonces.length)) {
        const held = Math.min(batchNonces, nonces.length, left)
        await new Promise<void>((resolve) => this.clock.after(held * msPerNonce, resolve))
        if (this.failWith !== null) {
          const error = this.failWith
          this.failWith = null
          throw error
        }
        await checkpoint?.()
        signal?.throwIfAborted()
      }
      return [...nonces].filter((nonce) => nonce % hitEvery === 0)
    }
    return Promise.resolve({
      ...params,
      batchNonces,
      findHits: run,
      evaluate: async (batch, options) => {
        const hits = new Set(await run(batch, options))
        return {
          outputs: new Int8Array(0),
          dots: new Int32Array(batch.nonces.length),
          squaredLengths: new Int32Array(batch.nonces.length).fill(1),
          hits: Uint8Array.from(batch.nonces, (nonce) => (hits.has(nonce) ? 1 : 0)),
        }
      },
      trace: () => Promise.resolve([]),
      dispose: () => undefined,
    })
  }

  dispose(): Promise<void> {
    this.disposed++
    return Promise.resolve()
  }
}

/** What a path throws when the GPU is gone. */
export function deviceLost(): RacePathError {
  return new RacePathError('The GPU was lost.', { data: { code: 'DEVICE_LOST' } })
}
