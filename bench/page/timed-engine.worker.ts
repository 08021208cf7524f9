/// <reference lib="webworker" />
import { serveEngine } from '../../shared/engine/serve-engine.ts'
import type { StageId } from '../../shared/engine/compute-engine.ts'
import { TimedEngine } from './timed-engine.ts'

declare const self: DedicatedWorkerGlobalScope

/** Page -> worker, once. */
export interface TimedEngineInit {
  readonly port: MessagePort
  readonly stepMs: number
  readonly hiddenSize: number
  readonly lastStages: readonly StageId[]
}

self.addEventListener('message', ({ data }: MessageEvent<TimedEngineInit>) => {
  serveEngine(data.port, new TimedEngine(data))
})
