import type { RaceClassName } from '../race-class.ts'
import type { RaceVectors } from '../race-vectors.ts'
import micro from '../vectors/micro.json' with { type: 'json' }
import paper from '../vectors/paper.json' with { type: 'json' }
import tab from '../vectors/tab.json' with { type: 'json' }
import type { VectorShare } from './check-path.ts'

/** For each class that runs: how many nonces, and how many of them traced. */
export type ConformanceShare = Partial<Record<RaceClassName, { nonces: number; traces: number }>>

// The files are made and checked by our own script; JSON knows no literal types.
const VECTORS = { micro, tab, paper } as unknown as Record<RaceClassName, RaceVectors>

export function conformanceVectors(share: ConformanceShare): VectorShare[] {
  return Object.entries(share).map(([name, { nonces, traces }]) => ({
    vectors: VECTORS[name as RaceClassName], // keys of ConformanceShare
    nonces,
    traces,
  }))
}
