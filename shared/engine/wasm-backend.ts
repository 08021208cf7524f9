import { onceForEach, testDevice } from './device-self-test.ts'
import { EngineError } from './engine-error.ts'
import type { EngineBackend } from './ort-engine.ts'
import type { OrtRuntime } from './ort-runtime.ts'
import { createWasmRunner } from './wasm-runner.ts'

/**
 * Runs on the CPU through ONNX Runtime's WASM build. Its arithmetic is the same to the last bit in every tab and in
 * Node (measured, see docs/engine.md). q8 first: q4 works and is about 7 times slower here.
 */
export function createWasmBackend(ort: OrtRuntime): EngineBackend {
  let lost: EngineError | null = null
  /** A trap leaves the memory of the module in the middle of something: nothing in it counts any more. */
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) lost ??= trapped(error)
      throw error
    }
  }
  const createRunner: EngineBackend['createRunner'] = async (params) => {
    const runner = await watch(createWasmRunner(ort, params))
    return {
      createCache: (capacityTokens) => runner.createCache(capacityTokens),
      step: (...args) => watch(runner.step(...args)),
      release: () => runner.release(),
    }
  }
  return {
    kind: 'wasm',
    encodings: ['q8', 'q4'],
    get lost() {
      return lost
    },
    createRunner,
    // Not for distrust of a driver: another build of ONNX Runtime would give other bits than the peers expect.
    testDevice: onceForEach((encoding) => testDevice(encoding, createRunner)),
    dispose: () => undefined,
  }
}

function trapped(cause: Error): EngineError {
  return new EngineError(`ONNX Runtime cannot be used any more: ${cause.message}`, {
    data: { code: 'DEVICE_LOST' },
    metaMessages: ['Too little memory is the usual cause. Start again, with less power or fewer layers.'],
    cause,
  })
}
