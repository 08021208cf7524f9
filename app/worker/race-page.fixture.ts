// Runs in a page of Chromium for the Race's tests, conformance run and benchmark, which call what this module leaves on globalThis.
import { checkPath, type PathReport } from '../../shared/race/conformance/check-path.ts'
import { conformanceVectors, type ConformanceShare } from '../../shared/race/conformance/vectors.fixture.ts'
import type { Dot4 } from '../../shared/race/kernels/kernel-device.ts'
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

Object.assign(globalThis, { checkWebGpu, checkOpened, checkWasm, isReady: true })
