// Runs in a page of Chromium for shared/engine/browser-engine.gpu.test.ts, which calls the functions that this module leaves on globalThis.
import asyncifyWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import * as ort from 'onnxruntime-web/webgpu'
import { runGoldenModel } from '../../shared/engine/device-self-test.ts'
import { GOLDEN_LOGITS } from '../../shared/engine/golden-logits.ts'
import { packRandomModel } from '../../shared/engine/packed-model.fixture.ts'
import { WorkerEngine } from '../../shared/engine/worker-engine.ts'
import { generate, GENERATE } from '../../shared/engine/generate.fixture.ts'
import type { ComputeInit } from './compute-messages.ts'
import { relativeRms } from '../../shared/engine/relative-rms.ts'
import { seededInput } from '../../shared/engine/seeded-input.ts'
import type { StageRunner, StageRunnerParams } from '../../shared/engine/stage-runner.ts'
import { createWasmRunner } from '../../shared/engine/wasm-runner.ts'
import { openGpuDevice } from '../../shared/engine/webgpu-device.ts'
import { createWebGpuRunner } from '../../shared/engine/webgpu-runner.ts'

ort.env.wasm.wasmPaths = { wasm: asyncifyWasmUrl }
ort.env.wasm.numThreads = 1

const PROMPT_POSITIONS = 50
const DECODE_STEPS = 8

interface WorkerReport {
  readonly backend: string
  readonly encodings: readonly string[]
  readonly tokens: readonly number[]
}

/** Relative RMS of the golden model's logits on the GPU, and on this browser's WASM for both encodings. */
async function golden(): Promise<{ webgpu: number; wasmQ4: number; wasmQ8: number }> {
  const device = await openDevice()
  const onWasm = (params: StageRunnerParams): Promise<StageRunner> => createWasmRunner(ort, params)
  const differ = async (encoding: 'q4' | 'q8', create: (params: StageRunnerParams) => Promise<StageRunner>) =>
    relativeRms(Float32Array.from(GOLDEN_LOGITS[encoding]), await runGoldenModel(encoding, create))
  return {
    webgpu: await differ('q4', (params) => createWebGpuRunner(ort, device, params)),
    wasmQ4: await differ('q4', onWasm),
    wasmQ8: await differ('q8', onWasm),
  }
}

/** Runs a 2-layer stage with head on both backends; counts the buffers that each decode step creates on the GPU. */
async function compareStage(): Promise<{
  differences: number[]
  buffersPerStep: number[]
  stepMs: number[]
  wasmStepMs: number[]
}> {
  const { manifest, files } = await packRandomModel('q4', {
    layerCount: 2,
    hiddenSize: 128,
    intermediateSize: 256,
  })
  const { hiddenSize } = manifest.config
  const layers = { start: 0, end: 2 }
  const device = await openDevice()
  const created: number[] = []
  const original = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    created.push(descriptor.size)
    return original(descriptor)
  }
  const gpu = await createWebGpuRunner(ort, device, { manifest, layers, files, maxPositions: 128 })
  const cpu = await createWasmRunner(ort, { manifest, layers, files, maxPositions: 128 })
  const gpuCache = gpu.createCache(PROMPT_POSITIONS + DECODE_STEPS)
  const cpuCache = cpu.createCache(PROMPT_POSITIONS + DECODE_STEPS)

  const input = seededInput((PROMPT_POSITIONS + DECODE_STEPS) * hiddenSize)
  const prompt = input.slice(0, PROMPT_POSITIONS * hiddenSize)
  const differences = [
    relativeRms(await cpu.step(cpuCache, prompt, 0, 'hidden'), await gpu.step(gpuCache, prompt, 0, 'hidden')),
  ]
  const buffersPerStep: number[] = []
  const stepMs: number[] = []
  const wasmStepMs: number[] = []
  for (let step = 0; step < DECODE_STEPS; step++) {
    const position = PROMPT_POSITIONS + step
    const row = input.slice(position * hiddenSize, (position + 1) * hiddenSize)
    const before = created.length
    let startedAt = performance.now()
    const actual = await gpu.step(gpuCache, row, position, 'logits')
    stepMs.push(performance.now() - startedAt)
    buffersPerStep.push(created.length - before)
    startedAt = performance.now()
    differences.push(relativeRms(await cpu.step(cpuCache, row, position, 'logits'), actual))
    wasmStepMs.push(performance.now() - startedAt)
  }
  gpuCache.free()
  await gpu.release()
  await cpu.release()
  device.destroy()
  return { differences, buffersPerStep, stepMs, wasmStepMs }
}

/** Generates with the compute worker, by way of two clients of it: one holds layer 0 and one the rest. */
async function generateInWorker(preferWebGpu: boolean, encoding: 'q4' | 'q8'): Promise<WorkerReport> {
  const worker = new Worker(new URL('compute.ts', import.meta.url), { type: 'module' })
  const first = new MessageChannel()
  const second = new MessageChannel()
  const ports = [first.port2, second.port2]
  const init: ComputeInit = {
    kind: 'init',
    ports,
    preferWebGpu,
    memoryBudgetBytes: 64 * 1024 * 1024,
    allowFallbackAdapter: true,
  }
  worker.postMessage(init, ports)
  const engine = new WorkerEngine(first.port1)
  const other = new WorkerEngine(second.port1)
  const model = await packRandomModel(encoding, GENERATE.shape)
  const tokens = await generate({ engine, model, ...GENERATE.request })
  const { backend, encodings } = await other.capabilities()
  worker.terminate()
  return { backend, encodings, tokens }
}

async function openDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('There is no WebGPU adapter.')
  return openGpuDevice(adapter)
}

Object.assign(globalThis, { golden, compareStage, generateInWorker, isReady: true })
