/// <reference lib="webworker" />
import asyncifyWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import jspiWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url'
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type * as Ort from 'onnxruntime-web'
import type { ComputeEngine } from '../../shared/engine/compute-engine.ts'
import { deferEngine } from '../../shared/engine/deferred-engine.ts'
import { LeasingEngine } from '../../shared/engine/leasing-engine.ts'
import { InThreadEngine, type EngineBackend } from '../../shared/engine/ort-engine.ts'
import { serveEngine } from '../../shared/engine/serve-engine.ts'
import { createWasmBackend } from '../../shared/engine/wasm-backend.ts'
import { createWebGpuBackend } from '../../shared/engine/webgpu-backend.ts'
import { openGpuDevice } from '../../shared/engine/webgpu-device.ts'
import type { ComputeInit } from './compute-messages.ts'
import { DEVICE_CHANNEL, type DeviceLease } from './race-messages.ts'

// The compute worker: one engine for a tab, served on every port of the first message. Nothing is loaded and no GPU is
// touched before that message, which follows the contributor's click.

declare const self: DedicatedWorkerGlobalScope

self.addEventListener('message', ({ data }: MessageEvent<ComputeInit>) => {
  if (data.kind !== 'init') return
  const engine = deferEngine(createEngine(data))
  for (const port of data.ports) {
    serveEngine(port, engine, (error) => {
      // Uncaught on purpose: the page hears of it and starts again with another device.
      setTimeout(() => {
        throw error
      })
    })
  }
})

async function createEngine(init: ComputeInit): Promise<ComputeEngine> {
  const backend = (init.preferWebGpu ? await createGpuBackend(init) : null) ?? (await createCpuBackend())
  const engine = new InThreadEngine({ backend, memoryBudgetBytes: init.memoryBudgetBytes })
  // A Race on this device waits, in whichever tab it runs.
  const channel = new BroadcastChannel(DEVICE_CHANNEL)
  return new LeasingEngine(engine, (leaseMs) => channel.postMessage({ leaseMs } satisfies DeviceLease))
}

/** Null where there is no GPU, or one that computes wrongly. */
async function createGpuBackend({
  allowFallbackAdapter = false,
}: ComputeInit): Promise<EngineBackend | null> {
  // Missing in browsers without WebGPU, whatever its type says.
  const gpu = navigator.gpu as GPU | undefined
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter == null) return null
  // A fallback adapter is the CPU in disguise, and slower than WASM on it.
  if (adapter.info.isFallbackAdapter && !allowFallbackAdapter) return null
  let backend: EngineBackend | null = null
  try {
    const device = await openGpuDevice(adapter)
    backend = createWebGpuBackend(await loadGpuRuntime(adapter), device)
    await backend.testDevice('q4')
    return backend
  } catch (error) {
    console.warn('Racemesh: this GPU cannot be used, the CPU takes over.', error)
    backend?.dispose()
    return null
  }
}

/** JSPI needs no instrumented WASM, which makes the bundle a third smaller; browsers without it get asyncify. */
async function loadGpuRuntime(adapter: GPUAdapter): Promise<typeof Ort> {
  const hasJspi = 'Suspending' in WebAssembly && !adapter.info.isFallbackAdapter
  const ort = hasJspi ? await import('onnxruntime-web/jspi') : await import('onnxruntime-web/webgpu')
  configure(ort, hasJspi ? jspiWasmUrl : asyncifyWasmUrl)
  return ort
}

async function createCpuBackend(): Promise<EngineBackend> {
  const ort = await import('onnxruntime-web/wasm')
  configure(ort, wasmUrl)
  return createWasmBackend(ort)
}

function configure(ort: typeof Ort, url: string): void {
  ort.env.wasm.wasmPaths = { wasm: url }
  // More threads need a cross-origin isolated page, which wallets and embedding sites rarely allow.
  ort.env.wasm.numThreads = 1
}
