import type { ComputeEngine, EngineCapabilities, ForwardResult, LoadedStage } from './compute-engine.ts'

/**
 * Makes an engine that is still being created usable at once: calls wait for it, and fail with its error if it cannot
 * be created.
 */
export function deferEngine(engine: Promise<ComputeEngine>): ComputeEngine {
  // The error goes to whoever calls; that nobody has called yet is no error of its own.
  engine.catch(() => undefined)
  return {
    capabilities: async (): Promise<EngineCapabilities> => (await engine).capabilities(),
    loadStage: async (params): Promise<LoadedStage> => (await engine).loadStage(params),
    unloadStage: async (stageId): Promise<void> => (await engine).unloadStage(stageId),
    openSession: async (params): Promise<void> => (await engine).openSession(params),
    closeSession: async (stageId, sessionId): Promise<void> =>
      (await engine).closeSession(stageId, sessionId),
    forward: async (params): Promise<ForwardResult> => (await engine).forward(params),
    dispose: async (): Promise<void> => (await engine).dispose(),
  }
}
