import type { MeshErrorObject } from '../../shared/errors.ts'
import type { ContestProgress, ContestResult } from '../../shared/race/contest/contest.ts'
import type { RaceClassName } from '../../shared/race/race-class.ts'
import type { RaceVerdict } from '../../shared/race/verify/verdict.ts'

/** What the page asks of the race worker. One worker runs one contest; the first message starts it. */
export type RaceCommand =
  | {
      readonly kind: 'start'
      readonly raceClass: RaceClassName
      /** 32 bytes. */
      readonly beacon: Uint8Array<ArrayBuffer>
      readonly durationMs: number
      /** Share of the time to compute, above 0 and at most 1. */
      readonly duty: number
    }
  | { readonly kind: 'pause' | 'resume' | 'stop' }
  | { readonly kind: 'set-duty'; readonly duty: number }
  /** Runs the claims of the finished proof again. */
  | { readonly kind: 'verify' }

/** What the race worker tells the page. */
export type RaceReport =
  | { readonly kind: 'progress'; readonly progress: ContestProgress }
  | { readonly kind: 'scores'; readonly scores: BatchScores }
  | {
      readonly kind: 'ended'
      readonly result: Pick<ContestResult, 'outcome' | 'nonceCount' | 'claimCount'>
      /** The signed proof as `racemesh race verify` reads it. */
      readonly proof: Uint8Array<ArrayBuffer>
    }
  | { readonly kind: 'checked'; readonly checked: number; readonly total: number }
  | { readonly kind: 'verdict'; readonly verdict: RaceVerdict; readonly words: readonly string[] }
  | { readonly kind: 'failed'; readonly error: MeshErrorObject }

/** How near to the target each nonce of a batch came. */
export interface BatchScores {
  /** Cosines between output and target, -1 to 1. */
  readonly cosines: Float32Array<ArrayBuffer>
  readonly hits: Uint8Array<ArrayBuffer>
  /** When the batch ran, milliseconds since the start. */
  readonly fromMs: number
  readonly toMs: number
}

/** Where whoever computes for a user's request says so, and the Race on the same device hears it, in all tabs of this site. */
export const DEVICE_CHANNEL = 'racemesh.device'

/** The device is taken for so long from now; 0 gives it back. */
export interface DeviceLease {
  readonly leaseMs: number
}

/** Longest lease that is believed: a worker that died in the middle of an answer must not hold the Race for ever. */
export const MAX_LEASE_MS = 10_000

/** Takes a message of the channel; null for anything that is none of ours. */
export function readLease(data: unknown): number | null {
  const leaseMs = (data as Partial<DeviceLease> | null)?.leaseMs
  return typeof leaseMs === 'number' && leaseMs >= 0 && leaseMs <= MAX_LEASE_MS ? leaseMs : null
}
