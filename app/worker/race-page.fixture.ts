// Runs in a page of Chromium for the Race's tests, conformance run and benchmark, which call what this module leaves on globalThis.
import {
  createGpuGemm,
  createWasmGemm,
  measurePath,
  type MeasurePlan,
  type PathFigures,
} from '../../bench/race-measure.ts'
import { checkPath, type PathReport } from '../../shared/race/conformance/check-path.ts'
import { conformanceVectors, type ConformanceShare } from '../../shared/race/conformance/vectors.fixture.ts'
import { attention } from '../../shared/race/kernels/attention/attention.ts'
import { gemmGated } from '../../shared/race/kernels/gemm-gated/gemm-gated.ts'
import { gemmInt8, gemmOutput, gemmRequantised } from '../../shared/race/kernels/gemm-int8/gemm-int8.ts'
import { gemvInt8 } from '../../shared/race/kernels/gemv-int8/gemv-int8.ts'
import { generateInputs, generateWeights } from '../../shared/race/kernels/generate/generate.ts'
import { encode, KernelDevice, type Dot4 } from '../../shared/race/kernels/kernel-device.ts'
import type { KernelSpec } from '../../shared/race/kernels/kernel-spec.ts'
import { normInt8, normResidual, normSums } from '../../shared/race/kernels/norm/norm.ts'
import { peak } from '../../shared/race/kernels/peak/peak.ts'
import { requantise } from '../../shared/race/kernels/requantise/requantise.ts'
import { score } from '../../shared/race/kernels/score/score.ts'
import { softmax } from '../../shared/race/kernels/softmax/softmax.ts'
import { createWasmPath } from '../../shared/race/wasm/wasm-path.ts'
import { describeAdapter, openWebGpuPath } from '../../shared/race/webgpu/open-webgpu-path.ts'
import { createWebGpuPath } from '../../shared/race/webgpu/webgpu-path.ts'

async function openAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('this browser has no WebGPU adapter')
  return adapter
}

/** The Race on this browser's device with the given product, and the buffers that are left afterwards. */
async function checkWebGpu(
  dot4: Dot4,
  share: ConformanceShare,
  brokenRounding?: number,
): Promise<PathReport & { liveBuffers: number }> {
  const adapter = await openAdapter()
  const device = await adapter.requestDevice()
  const path = createWebGpuPath({
    device,
    dot4,
    adapter: `${describeAdapter(adapter)}, Chromium`,
    brokenRounding,
  })
  try {
    const report = await checkPath(path, conformanceVectors(share))
    await path.dispose()
    return { ...report, liveBuffers: path.kernels.liveBuffers }
  } finally {
    device.destroy()
  }
}

/** What a page does: open, self-test, run. */
async function checkOpened(share: ConformanceShare): Promise<PathReport> {
  const path = await openWebGpuPath({
    adapter: await openAdapter(),
    languageFeatures: navigator.gpu.wgslLanguageFeatures,
  })
  try {
    return await checkPath(path, conformanceVectors(share))
  } finally {
    await path.dispose()
  }
}

async function checkWasm(share: ConformanceShare): Promise<PathReport> {
  const path = createWasmPath()
  try {
    const report = await checkPath(path, conformanceVectors(share))
    return { ...report, adapter: `${report.adapter}, Chromium` }
  } finally {
    await path.dispose()
  }
}

const KERNELS: Readonly<Record<string, KernelSpec<never>>> = {
  attention,
  gemmGated,
  gemmInt8,
  gemmOutput,
  gemmRequantised,
  gemvInt8,
  generateInputs,
  generateWeights,
  normInt8,
  normResidual,
  normSums,
  peak,
  requantise,
  score,
  softmax,
}
let kernelDevices: Promise<Record<Dot4, KernelDevice>> | undefined

/** Runs one kernel: buffers hold the given words in order, or as many zeros; returns the words of one of them. */
async function runKernel(
  name: string,
  params: Record<string, unknown>,
  buffers: readonly (readonly number[] | number)[],
  read: number,
  dot4: Dot4,
): Promise<number[]> {
  kernelDevices ??= openAdapter().then(async (adapter) => {
    const device = await adapter.requestDevice()
    return { packed: new KernelDevice(device, 'packed'), polyfill: new KernelDevice(device, 'polyfill') }
  })
  const kernels = (await kernelDevices)[dot4]
  const arena = kernels.arena()
  try {
    const made = buffers.map((words, i) =>
      typeof words === 'number'
        ? arena.storage(`${i}`, 4 * words)
        : arena.upload(`${i}`, Int32Array.from(words)),
    )
    // Keys are bytes, which JSON knows as lists.
    const key = Array.isArray(params['key']) ? { key: Uint8Array.from(params['key'] as number[]) } : {}
    const dispatch = await arena.prepare(KERNELS[name]!, { ...params, ...key } as never, made)
    const encoder = kernels.device.createCommandEncoder()
    encode(encoder, [dispatch])
    kernels.device.queue.submit([encoder.finish()])
    const words = buffers[read]!
    const bytes = await arena.read(made[read]!, 4 * (typeof words === 'number' ? words : words.length))
    return [...new Int32Array(bytes)]
  } finally {
    arena.free()
    if (kernels.liveBuffers !== 0) throw new Error(`${name} left ${kernels.liveBuffers} buffers`)
  }
}

async function measureWasmHere(classes: MeasurePlan['classes']): Promise<PathFigures> {
  const path = createWasmPath()
  const own = await createWasmGemm(undefined)
  try {
    const named = { ...path, adapter: `${path.adapter}, Chromium` }
    return await measurePath({ path: named, isSoftware: false, gemm: own.gemm, classes })
  } finally {
    await own.stop()
    await path.dispose()
  }
}

async function measureGpuHere(
  onSoftware: MeasurePlan['classes'],
  onGpu: MeasurePlan['classes'],
): Promise<PathFigures> {
  const adapter = await openAdapter()
  const isSoftware = adapter.info.isFallbackAdapter
  const path = await openWebGpuPath({ adapter, languageFeatures: navigator.gpu.wgslLanguageFeatures })
  const own = await createGpuGemm(path.kernels)
  try {
    const named = { ...path, adapter: `${path.adapter}, Chromium` }
    const classes = isSoftware ? onSoftware : onGpu
    return await measurePath({ path: named, isSoftware, gemm: own.gemm, classes })
  } finally {
    await own.stop()
    await path.dispose()
  }
}

Object.assign(globalThis, {
  measureGpuHere,
  measureWasmHere,
  runKernel,
  checkWebGpu,
  checkOpened,
  checkWasm,
  isReady: true,
})
