import type { EnginePort } from '../shared/engine/engine-messages.ts'

export interface EngineLimits {
  /** Bytes that stages and caches may take together. */
  readonly memoryBudgetBytes: number
  readonly maxSessionsPerStage?: number | undefined
}

/** What the compute thread starts with. */
export interface EngineWorkerData {
  readonly port: EnginePort
  readonly limits: EngineLimits
}
