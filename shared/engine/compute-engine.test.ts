import { Worker } from 'node:worker_threads'
import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { describeComputeEngine } from './compute-engine.suite.ts'
import type { ComputeEngine } from './compute-engine.ts'
import type { SessionId } from '../protocol/ids.ts'
import { deferEngine } from './deferred-engine.ts'
import { EngineError } from './engine-error.ts'
import { InThreadEngine, type EngineBackend } from './ort-engine.ts'
import { packRandomModel } from './packed-model.fixture.ts'
import { serveEngine } from './serve-engine.ts'
import { createWasmBackend } from './wasm-backend.ts'
import { WorkerEngine } from './worker-engine.ts'

ort.env.wasm.numThreads = 1

describeComputeEngine('InThreadEngine', (limits) =>
  Promise.resolve({
    engine: new InThreadEngine({ backend: createWasmBackend(ort), ...limits }),
    close: () => Promise.resolve(),
  }),
)

describeComputeEngine('WorkerEngine over a message channel', (limits) => {
  const { port1, port2 } = new MessageChannel()
  serveEngine(port2, new InThreadEngine({ backend: createWasmBackend(ort), ...limits }))
  return Promise.resolve({
    engine: new WorkerEngine(port1),
    close: () => {
      port1.close()
      return Promise.resolve()
    },
  })
})

describeComputeEngine('WorkerEngine with a thread of its own', async (limits) => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(await bundleWorker(), {
    eval: true,
    workerData: { port: port2, ...limits },
    transferList: [port2 as never],
  }) // Node's own port class has the DOM's shape
  await new Promise((resolve) => worker.once('online', resolve))
  return {
    engine: new WorkerEngine(port1),
    async close() {
      port1.close()
      await worker.terminate()
    },
  }
})

describe('a worker that fails', () => {
  it('fails open and later calls when it stays silent, and tells its owner once', async () => {
    const { port1 } = new MessageChannel()
    const failures: EngineError[] = []
    const engine = new WorkerEngine(port1, { silenceLimitMs: 40, onFailed: (error) => failures.push(error) })
    await expect(engine.capabilities()).rejects.toMatchObject({ data: { code: 'WORKER_FAILED' } })
    await expect(engine.capabilities()).rejects.toMatchObject({ data: { code: 'WORKER_FAILED' } })
    expect(failures).toHaveLength(1)
    port1.close()
  })

  it('waits as long as pings are answered', async () => {
    const { port1, port2 } = new MessageChannel()
    const slow = {
      capabilities: () => new Promise((resolve) => setTimeout(() => resolve({ backend: 'wasm' }), 200)),
    }
    serveEngine(port2, slow as unknown as ComputeEngine) // only this call is made
    const engine = new WorkerEngine(port1, { silenceLimitMs: 60 })
    expect(await engine.capabilities()).toEqual({ backend: 'wasm' })
    port1.close()
  })

  it('passes on why the engine could not be created', async () => {
    const { port1, port2 } = new MessageChannel()
    const error = new EngineError('No device.', { data: { code: 'UNSUPPORTED' } })
    serveEngine(port2, deferEngine(Promise.reject(error)))
    await expect(new WorkerEngine(port1).capabilities()).rejects.toMatchObject({
      name: 'EngineError',
      shortMessage: 'No device.',
      data: { code: 'UNSUPPORTED' },
    })
    port1.close()
  })

  it('does not mind messages of others on its port', async () => {
    const { port1, port2 } = new MessageChannel()
    serveEngine(port2, new InThreadEngine({ backend: createWasmBackend(ort), memoryBudgetBytes: 1 }))
    port1.postMessage({ kind: 'init' })
    port2.postMessage({ kind: 'ready' })
    expect(await new WorkerEngine(port1).capabilities()).toMatchObject({ memoryBudgetBytes: 1 })
    port1.close()
  })
})

describe('a device', () => {
  const wasm = createWasmBackend(ort)

  it('that trapped is lost, and whoever serves it hears of that after the caller', async () => {
    let traps = false
    const trapping: typeof ort = {
      ...ort,
      InferenceSession: {
        create: async (...args: [Uint8Array]) => {
          const session = await ort.InferenceSession.create(...args)
          return {
            release: () => session.release(),
            run: (feeds: never) => {
              if (traps) throw new WebAssembly.RuntimeError('memory access out of bounds')
              return session.run(feeds)
            },
          }
        },
      } as unknown as typeof ort.InferenceSession, // all that a runner calls
    }
    const inner = new InThreadEngine({ backend: createWasmBackend(trapping), memoryBudgetBytes: 1e8 })
    const { port1, port2 } = new MessageChannel()
    const heard: string[] = []
    serveEngine(port2, inner, (error) => heard.push((error as EngineError).data.code))
    const engine = new WorkerEngine(port1)
    const { manifest, files } = await packRandomModel('q8', { layerCount: 1 })
    const layers = { start: 0, end: 1 }
    const { stageId } = await engine.loadStage({ manifest, layers, files })
    const sessionId = '1'.repeat(32) as SessionId // the form of a session id
    await engine.openSession({ stageId, sessionId, capacityTokens: 4 })
    expect(heard).toEqual([])
    traps = true
    const input = () => ({ kind: 'tokens', tokenIds: Int32Array.of(1) }) as const
    const step = engine.forward({ stageId, sessionId, position: 0, input: input(), want: 'none' })
    await expect(step).rejects.toMatchObject({
      shortMessage: 'ONNX Runtime cannot be used any more: memory access out of bounds',
      data: { code: 'DEVICE_LOST' },
    })
    expect(heard).toEqual(['DEVICE_LOST'])
    traps = false
    await expect(engine.openSession({ stageId, sessionId, capacityTokens: 4 })).rejects.toMatchObject({
      data: { code: 'DEVICE_LOST' },
    })
    port1.close()
  })

  it('that is lost fails everything from then on with its loss', async () => {
    let lost: EngineError | null = null
    const backend: EngineBackend = { ...wasm, get lost() { return lost } } // prettier-ignore
    const engine = new InThreadEngine({ backend, memoryBudgetBytes: 1e8 })
    const { manifest, files } = await packRandomModel('q8', { layerCount: 1 })
    const layers = { start: 0, end: 1 }
    await engine.loadStage({ manifest, layers, files })
    lost = new EngineError('The GPU is gone.', { data: { code: 'DEVICE_LOST' } })
    await expect(engine.loadStage({ manifest, layers, files })).rejects.toBe(lost)
  })

  it.each([
    ['gives a wrong number', (values: Float32Array<ArrayBuffer>) => values.map((value) => value * 1.001)],
    ['gives NaN', (values: Float32Array<ArrayBuffer>) => values.map(() => NaN)],
    ['gives nothing', () => new Float32Array(0)],
  ])('that %s takes no work', async (_, change) => {
    const backend: EngineBackend = {
      ...wasm,
      async createRunner(params) {
        const runner = await wasm.createRunner(params)
        return {
          createCache: (tokens) => runner.createCache(tokens),
          // Wrong from position 32 on for long steps: the fault that was seen on adapters with small subgroups.
          step: async (cache, hidden, position, want) => {
            const output = await runner.step(cache, hidden, position, want)
            return position >= 32 && hidden.length > 2 * params.manifest.config.hiddenSize
              ? change(output)
              : output
          },
          release: () => runner.release(),
        }
      },
    }
    const engine = new InThreadEngine({ backend, memoryBudgetBytes: 1e8 })
    const { manifest, files } = await packRandomModel('q8', { layerCount: 1 })
    const loading = engine.loadStage({ manifest, layers: { start: 0, end: 1 }, files })
    await expect(loading).rejects.toMatchObject({ data: { code: 'SELF_TEST_FAILED' } })
    // Its memory is free again: the same stage fits a budget of its own size.
    await expect(engine.loadStage({ manifest, layers: { start: 0, end: 1 }, files })).rejects.toMatchObject({
      data: { code: 'SELF_TEST_FAILED' },
    })
  })
})

/** The script of a worker thread: Node cannot load TypeScript in one. */
async function bundleWorker(): Promise<string> {
  const { build } = await import('esbuild')
  const result = await build({
    stdin: {
      contents: `
        import { workerData } from 'node:worker_threads'
        import * as ort from 'onnxruntime-web'
        import { InThreadEngine } from './ort-engine.ts'
        import { serveEngine } from './serve-engine.ts'
        import { createWasmBackend } from './wasm-backend.ts'
        const { port, ...limits } = workerData
        ort.env.wasm.numThreads = 1
        serveEngine(port, new InThreadEngine({ backend: createWasmBackend(ort), ...limits }))
      `,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-web'],
  })
  return result.outputFiles[0]!.text // one entry, one file
}
