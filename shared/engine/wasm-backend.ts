import { onceForEach, testDevice } from './device-self-test.ts'
import type { EngineBackend } from './ort-engine.ts'
import type { OrtRuntime } from './ort-runtime.ts'
import { createWasmRunner } from './wasm-runner.ts'

/**
 * Runs on the CPU through ONNX Runtime's WASM build. Its arithmetic is the same to the last bit in every tab and in
 * Node (measured, see docs/engine.md). q8 first: q4 works and is about 7 times slower here.
 */
export function createWasmBackend(ort: OrtRuntime): EngineBackend {
  const createRunner: EngineBackend['createRunner'] = (params) => createWasmRunner(ort, params)
  return {
    kind: 'wasm',
    encodings: ['q8', 'q4'],
    lost: null,
    createRunner,
    // Not for distrust of a driver: another build of ONNX Runtime would give other bits than the peers expect.
    testDevice: onceForEach((encoding) => testDevice(encoding, createRunner)),
    dispose: () => undefined,
  }
}
