import { Worker, type Transferable, type WorkerOptions } from 'node:worker_threads'
import { EngineError } from '../shared/engine/engine-error.ts'
import type { RunningEngine } from '../shared/engine/restarting-engine.ts'
import { WorkerEngine } from '../shared/engine/worker-engine.ts'
import type { EngineLimits, EngineWorkerData } from './engine-worker-data.ts'

/**
 * Starts ONNX Runtime on a thread of its own: a step of a big stage takes longer than a neighbour waits for a beat.
 * @param onFailed called once when the thread dies or stays silent for a minute
 */
export function startEngineWorker(
  { memoryBudgetBytes, maxSessionsPerStage }: EngineLimits,
  onFailed: (error: EngineError) => void,
): RunningEngine {
  const { port1, port2 } = new MessageChannel()
  const workerData: EngineWorkerData = { port: port2, limits: { memoryBudgetBytes, maxSessionsPerStage } }
  const worker = startThread({
    name: 'racemesh-compute',
    workerData,
    transferList: [port2 as unknown as Transferable], // the global MessagePort is Node's own, with the DOM's type
  })
  let isOver = false
  const fail = (error: EngineError): void => {
    if (isOver) return
    isOver = true
    engine.fail(error)
    onFailed(error)
  }
  const engine = new WorkerEngine(port1, { onFailed: fail })
  worker.once('error', (cause) => fail(died(cause.message, cause)))
  worker.once('exit', (code) => fail(died(`it ended with code ${code}`)))
  return {
    engine,
    async end() {
      isOver = true
      engine.fail(died('it was ended'))
      port1.close()
      await worker.terminate()
    },
  }
}

/** The bundle has the thread's script beside it; run from source, it is TypeScript, which Node cannot load in a thread. */
function startThread(options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./engine-worker.mjs', import.meta.url), options)
  const script = new URL('./engine-worker.ts', import.meta.url).href
  const code = `import('tsx/esm/api').then(({ tsImport }) => tsImport('${script}', '${script}'))`
  return new Worker(code, { ...options, eval: true })
}

function died(why: string, cause?: unknown): EngineError {
  return new EngineError(`The compute thread stopped: ${why}.`, {
    data: { code: 'WORKER_FAILED' },
    metaMessages: ['Too little memory is the usual cause.'],
    cause,
  })
}
