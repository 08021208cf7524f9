/** A `GPU` of Node with its adapter, and a way to let go of both. */
export interface NodeGpu {
  readonly adapter: GPUAdapter
  readonly languageFeatures: { has(name: string): boolean }
  /** Devices of the adapter are destroyed first. */
  close(): void
}

// Dawn crashes when its instance is collected while a device of it lives, and nothing in a device refers to it.
const openInstances = new Set<object>()

/**
 * Asks the optional package `webgpu` for an adapter.
 * @returns null if the package is not installed or no driver is
 */
export async function openNodeGpu(): Promise<NodeGpu | null> {
  const dawn = await import('webgpu').catch(() => null)
  if (dawn === null) return null
  // The standard's own names, such as GPUDevice, which Node lacks.
  Object.assign(globalThis, dawn.globals)
  const gpu = dawn.create([])
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) return null
  openInstances.add(gpu)
  return {
    adapter,
    languageFeatures: gpu.wgslLanguageFeatures,
    close: () => void openInstances.delete(gpu),
  }
}
