import type { RaceClassName } from './race-class.ts'
import type { TraceEntry } from './race-path.ts'

/** A file of golden vectors in `vectors/`: `micro.json`, `tab.json` and `paper.json`, made by `npm run race:vectors`. Hex is lower case. */
export interface RaceVectors {
  readonly class: RaceClassName
  readonly beacon: string
  readonly publicKey: string
  readonly raceSeed: string
  readonly nodeSeed: string
  readonly inputKey: string
  /** [width] */
  readonly target: readonly number[]
  /** SHA-256 of each weight matrix of layer 0, in the order of tensor numbers. */
  readonly firstLayerSha256: readonly string[]
  /** Nonces with everything that is needed to name the operator at which an implementation parts. */
  readonly traced: readonly TracedNonce[]
  readonly scored: readonly ScoredNonce[]
}

export interface ScoredNonce {
  readonly nonce: number
  readonly dot: number
  readonly squaredLength: number
  readonly isHit: boolean
  /** SHA-256 of the output as bytes. */
  readonly outputSha256: string
}

export interface TracedNonce extends ScoredNonce {
  /** [width] */
  readonly output: readonly number[]
  /** [width]: coordinate `i` of the output goes to place `permutation[i]`. */
  readonly permutation: readonly number[]
  readonly trace: readonly TraceEntry[]
}
