import { MeshError } from '../errors.ts'

/** What a {@link ComputeEngine} throws. */
export class EngineError extends MeshError<
  | { code: 'OUT_OF_BUDGET'; neededBytes: number; availableBytes: number }
  | { code: 'BAD_WEIGHTS' }
  | { code: 'SELF_TEST_FAILED' }
  | { code: 'UNSUPPORTED' }
  | { code: 'UNKNOWN_STAGE' }
  | { code: 'UNKNOWN_SESSION' }
  | { code: 'TOO_MANY_SESSIONS' }
  | { code: 'BAD_POSITION' }
  | { code: 'BAD_SHAPE' }
  | { code: 'NOT_FINITE' }
  | { code: 'CONTEXT_FULL' }
  | { code: 'DEVICE_LOST' }
  | { code: 'WORKER_FAILED' }
> {
  override readonly name = 'EngineError'
}
