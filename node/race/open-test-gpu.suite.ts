import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openNodeGpu, type NodeGpu } from './open-node-gpu.ts'

/** Where Chromium keeps the description of its software driver. */
const SOFTWARE_DRIVERS = [
  dirname(process.env['CHROMIUM_PATH'] ?? '/usr/lib/chromium/chromium'),
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
].map((folder) => join(folder, 'vk_swiftshader_icd.json'))

/** Node's WebGPU on Chromium's software driver, or whatever VK_DRIVER_FILES names. Null where there is none and none is required. */
export async function openTestGpu(): Promise<NodeGpu | null> {
  const driver = SOFTWARE_DRIVERS.find((file) => existsSync(file))
  // The Vulkan loader reads it when the first instance is made.
  if (driver !== undefined) process.env['VK_DRIVER_FILES'] ??= driver
  const gpu = await openNodeGpu()
  if (gpu === null && process.env['REQUIRE_WEBGPU'] === '1')
    throw new Error(
      'Node has no WebGPU adapter: install libvulkan1 and Chromium, or name a driver in VK_DRIVER_FILES',
    )
  return gpu
}
