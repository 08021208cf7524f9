import { EngineError } from './engine-error.ts'

/** ONNX Runtime sizes its kernels by these; a device has only the standard's minimum of what is not asked for. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[]

/**
 * Opens a device with the adapter's own limits and without its subgroup features: with them, ONNX Runtime's attention
 * is wrong, silently, for 32 and more new positions on adapters with small subgroups (docs/engine.md).
 * @throws EngineError `UNSUPPORTED` if the adapter refuses
 */
export async function openGpuDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {}
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name]
  try {
    return await adapter.requestDevice({ requiredLimits })
  } catch (cause) {
    throw new EngineError('The GPU refused to open a device.', { data: { code: 'UNSUPPORTED' }, cause })
  }
}
