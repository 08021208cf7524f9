import * as ort from 'onnxruntime-web'
import type { ComputeEngine } from '../shared/engine/compute-engine.ts'
import { InThreadEngine } from '../shared/engine/ort-engine.ts'
import { createWasmBackend } from '../shared/engine/wasm-backend.ts'
import type { EngineLimits } from './engine-worker-data.ts'

/**
 * Creates an engine in this very thread. It runs the WASM build that tabs without a GPU run, bit-exactly, on one thread
 * (a second one gains nothing below a few hundred hidden units, and the same bits come out).
 */
export function createNodeEngine(limits: EngineLimits): ComputeEngine {
  ort.env.wasm.numThreads = 1
  return new InThreadEngine({ backend: createWasmBackend(ort), ...limits })
}
