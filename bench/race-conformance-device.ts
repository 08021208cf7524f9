// One run of golden vectors on the WebGPU of the program that runs this, Node or Deno: started by race-conformance.ts with the
// driver in its environment and its task in the arguments. The last line is a PathReport, or null without an adapter.
import process from 'node:process'
import { checkPath } from '../shared/race/conformance/check-path.ts'
import { conformanceVectors, type ConformanceShare } from '../shared/race/conformance/vectors.fixture.ts'
import type { Dot4 } from '../shared/race/kernels/kernel-device.ts'
import { describeAdapter } from '../shared/race/webgpu/open-webgpu-path.ts'
import { createWebGpuPath } from '../shared/race/webgpu/webgpu-path.ts'
import { openNodeGpu } from '../node/race/open-node-gpu.ts'

/** Deno names vendors by their Vulkan numbers. */
const VENDORS: Readonly<Record<string, string>> = { 65541: 'mesa', 6880: 'google swiftshader' }

/** What the parent wants to know. */
export interface DeviceTask {
  readonly share: ConformanceShare
  readonly dot4: Dot4
  readonly brokenRounding?: number | undefined
}

const task = JSON.parse(process.argv[2] ?? '') as DeviceTask // written by the parent
const { adapter, host } = await openAdapter()
console.log(JSON.stringify(adapter === null ? null : await run(adapter, host)))
// Dawn keeps the program alive for as long as its instance is referenced.
process.exit()

async function run(gpu: GPUAdapter, program: string) {
  const device = await gpu.requestDevice()
  const { dot4, brokenRounding, share } = task
  const described = describeAdapter(gpu)
  const adapterName = `${VENDORS[described] ?? described}, ${program}`
  const path = createWebGpuPath({ device, dot4, adapter: adapterName, brokenRounding })
  const report = await checkPath(path, conformanceVectors(share))
  await path.dispose()
  return { ...report, liveBuffers: path.kernels.liveBuffers }
}

async function openAdapter(): Promise<{ adapter: GPUAdapter | null; host: string }> {
  // Deno has it; Node 20 has no navigator at all.
  const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu
  if (gpu !== undefined) return { adapter: await gpu.requestAdapter(), host: 'Deno' }
  return { adapter: (await openNodeGpu())?.adapter ?? null, host: 'Node' }
}
