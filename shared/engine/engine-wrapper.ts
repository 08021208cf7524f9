import type { SessionId } from '../protocol/ids.ts'
import type {
  ComputeEngine,
  EngineCapabilities,
  ForwardParams,
  ForwardResult,
  LoadedStage,
  LoadStageParams,
  OpenSessionParams,
  StageId,
} from './compute-engine.ts'

/** Something put around the steps of an engine; all else is handed on. */
export abstract class EngineWrapper implements ComputeEngine {
  protected readonly inner: ComputeEngine

  constructor(inner: ComputeEngine) {
    this.inner = inner
  }

  abstract forward(params: ForwardParams): Promise<ForwardResult>

  capabilities(): Promise<EngineCapabilities> {
    return this.inner.capabilities()
  }

  loadStage(params: LoadStageParams): Promise<LoadedStage> {
    return this.inner.loadStage(params)
  }

  unloadStage(stageId: StageId): Promise<void> {
    return this.inner.unloadStage(stageId)
  }

  openSession(params: OpenSessionParams): Promise<void> {
    return this.inner.openSession(params)
  }

  closeSession(stageId: StageId, sessionId: SessionId): Promise<void> {
    return this.inner.closeSession(stageId, sessionId)
  }

  dispose(): Promise<void> {
    return this.inner.dispose()
  }
}
