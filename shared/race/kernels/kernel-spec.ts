/** Stands in a kernel's sources for the `dot4` prelude that suits the device. */
export const DOT4 = Symbol('dot4 prelude')

/** What a kernel needs to know of a device before it may run there. */
export type KernelLimits = Pick<
  GPUSupportedLimits,
  'maxStorageBufferBindingSize' | 'maxComputeWorkgroupsPerDimension'
>

/**
 * One GPU kernel: its WGSL, how its uniforms are packed and how it is dispatched. Holds no device. Binding 0 is the
 * uniform buffer; the storage buffers follow in the order in which the kernel's docstring names them.
 */
export interface KernelSpec<Params> {
  readonly name: string
  /** WGSL files in the order in which they are joined. */
  readonly sources: readonly (string | typeof DOT4)[]
  /** @throws KernelError if a shape is illegal or too large for the device */
  check(params: Params, limits: KernelLimits): void
  /** Values of the shader's `override` constants; all that changes its compilation. */
  constants?(params: Params): Record<string, number>
  /** The uniform buffer, in words. */
  uniforms(params: Params): Uint32Array<ArrayBuffer>
  /** Workgroups in each dimension. */
  dispatch(params: Params): readonly [x: number, y: number, z: number]
}
