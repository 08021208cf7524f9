import type { RaceClass } from './race-class.ts'
import type { NodeSeed, RaceSeed } from './seeds.ts'

/**
 * One way of running the Race network: plain TypeScript, WebAssembly or a GPU. All give the same bits (docs/race.md).
 *
 * @example
 * const race = await path.prepare({ raceClass, raceSeed })
 * try {
 *   const hits = await race.findHits({ nodeSeed, nonces: nonceRange(0, race.batchNonces) })
 * } finally {
 *   race.dispose()
 *   await path.dispose()
 * }
 */
export interface RacePath {
  readonly name: RacePathName
  /** What runs it, in words for a log or a figure: "2 threads", "google swiftshader". Never told to peers. */
  readonly adapter: string
  /**
   * Makes the weights and the target of one Race, and everything that a batch needs. Paths that cannot hold a class's
   * weights make them again in every batch, layer by layer.
   * @throws RacePathError if the class does not fit or the device fails; the signal's reason when aborted
   */
  prepare(race: RaceParams, options?: PrepareOptions): Promise<PreparedRace>
  /**
   * Multiply-accumulates per second of the fastest loop that this path can write for the device, with nothing to load or
   * store: what the Race's share is a share of. Absent where there is no such measurement; nobody guesses one.
   */
  measurePeak?(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>
  /** Ends threads or gives the device back. Prepared races are disposed of first. */
  dispose(): Promise<void>
}

export type RacePathName = 'reference' | 'wasm' | 'webgpu'

export interface RaceParams {
  readonly raceClass: RaceClass
  readonly raceSeed: RaceSeed
}

/** One Race on one path. Calls do not overlap: await one before the next. */
export interface PreparedRace extends RaceParams {
  /** Nonces that fill the device while no dispatch is predicted to run over 100 ms. */
  readonly batchNonces: number
  /** The nonces that are hits, in the order in which they were given. */
  findHits(batch: NonceBatch, options?: RunOptions): Promise<readonly number[]>
  /** Every nonce's score and output vector. */
  evaluate(batch: NonceBatch, options?: RunOptions): Promise<Evaluation>
  /** Hashes of every array of one nonce's forward pass, in order (docs/race.md, section 8). Slow. */
  trace(nodeSeed: NodeSeed, nonce: number, options?: RunOptions): Promise<readonly TraceEntry[]>
  /** Frees weights and buffers. Safe to call twice. */
  dispose(): void
}

/** Nonces of one node, any number in any order: a range to race, or foreign claims to verify. */
export interface NonceBatch {
  readonly nodeSeed: NodeSeed
  readonly nonces: Uint32Array<ArrayBuffer>
}

/** Results of a batch, in the order of its nonces. */
export interface Evaluation {
  /** Output vectors, `[nonces][width]`. */
  readonly outputs: Int8Array<ArrayBuffer>
  /** Scalar products with the permuted target. */
  readonly dots: Int32Array<ArrayBuffer>
  /** Sums of squares of the outputs. */
  readonly squaredLengths: Int32Array<ArrayBuffer>
  /** 1 for a hit, else 0. */
  readonly hits: Uint8Array<ArrayBuffer>
}

/** The SHA-256 of one array of a forward pass; the input has layer -1. */
export interface TraceEntry {
  readonly layer: number
  readonly name: TraceName
  readonly sha256: string
}

export type TraceName =
  | 'input'
  | 'query'
  | 'key'
  | 'value'
  | 'context'
  | 'attention'
  | 'middle'
  | 'hidden'
  | 'feed-forward'
  | 'stream'
  | 'output'

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined
  /** Called with the share of the weights that is made, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * Awaited between dispatches, at least every 100 ms where the device allows it: pause, throttle or let a user's
   * request go first by returning late.
   */
  readonly checkpoint?: (() => Promise<void> | void) | undefined
}

/** The nonces from `first` on. */
export function nonceRange(first: number, count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, i) => first + i)
}
