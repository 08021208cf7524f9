import dot4Packed from './dot4-packed.wgsl?raw'
import dot4Polyfill from './dot4-polyfill.wgsl?raw'
import { KernelError } from './kernel-error.ts'
import { DOT4, type KernelSpec } from './kernel-spec.ts'

// Values of the standard; the constants' namespaces (GPUBufferUsage) are not global in Node.
const USAGE = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80 }
const MAP_MODE_READ = 1

/** A dispatch that can be encoded any number of times. */
export interface PreparedDispatch {
  readonly kernel: string
  readonly pipeline: GPUComputePipeline
  readonly bindings: GPUBindGroup
  readonly uniforms: GPUBuffer
  readonly workgroups: readonly [x: number, y: number, z: number]
}

/** How int8 are multiplied: by the device's packed dot product, or by shifts. Both give the same bits. */
export type Dot4 = 'packed' | 'polyfill'

/** The product that a device's WGSL offers; `features` is `wgslLanguageFeatures` of its `GPU` object. */
export function chooseDot4(features: { has(name: string): boolean } | undefined): Dot4 {
  return features?.has('packed_4x8_integer_dot_product') === true ? 'packed' : 'polyfill'
}

/** Compiles kernels for one device, once each, and counts the buffers that its arenas hold. */
export class KernelDevice {
  readonly device: GPUDevice
  readonly dot4: Dot4
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>()
  #liveBuffers = 0

  constructor(device: GPUDevice, dot4: Dot4) {
    this.device = device
    this.dot4 = dot4
  }

  /** Buffers made here and not yet freed. */
  get liveBuffers(): number {
    return this.#liveBuffers
  }

  /** A set of buffers that are freed together. */
  arena(): BufferArena {
    return new BufferArena(this, (change) => (this.#liveBuffers += change))
  }

  /** @throws KernelError `NOT_COMPILED` */
  pipeline<Params>(spec: KernelSpec<Params>, params: Params): Promise<GPUComputePipeline> {
    const constants = spec.constants?.(params) ?? {}
    const key = `${spec.name} ${JSON.stringify(constants)}`
    const known = this.#pipelines.get(key)
    if (known !== undefined) return known
    const compiled = this.#compile(spec, constants)
    this.#pipelines.set(key, compiled)
    return compiled
  }

  async #compile(
    spec: Pick<KernelSpec<never>, 'name' | 'sources'>,
    constants: Record<string, number>,
  ): Promise<GPUComputePipeline> {
    const prelude = this.dot4 === 'packed' ? dot4Packed : dot4Polyfill
    const code = spec.sources.map((source) => (source === DOT4 ? prelude : source)).join('\n')
    // An error that no scope catches is only printed; this one has an owner.
    this.device.pushErrorScope('validation')
    const module = this.device.createShaderModule({ label: spec.name, code })
    const [pipeline, invalid] = await Promise.all([
      this.device
        .createComputePipelineAsync({
          label: spec.name,
          layout: 'auto',
          compute: { module, entryPoint: 'main', constants },
        })
        .catch((cause: unknown) => cause),
      this.device.popErrorScope(),
    ])
    if (invalid === null && !(pipeline instanceof Error)) return pipeline as GPUComputePipeline // not what was caught
    throw new KernelError(`This device cannot compile the kernel ${spec.name}.`, {
      data: { code: 'NOT_COMPILED', kernel: spec.name },
      metaMessages: [
        'Usually the driver claims a feature that it lacks, or the device was lost.',
        'Race without this device: the WebAssembly path needs none.',
      ],
      // The shader's own error says more than that of the pipeline that it breaks.
      cause: invalid === null ? pipeline : new Error(invalid.message),
    })
  }
}

/** Buffers with one lifetime: call {@link BufferArena.free} in a `finally`. */
export class BufferArena {
  readonly #kernels: KernelDevice
  readonly #count: (change: number) => void
  readonly #buffers: GPUBuffer[] = []
  /** Dispatches of the same shape share their uniforms. */
  readonly #uniforms = new Map<string, GPUBuffer>()

  constructor(kernels: KernelDevice, count: (change: number) => void) {
    this.#kernels = kernels
    this.#count = count
  }

  /** A zeroed storage buffer of `sizeBytes`, rounded up to whole vectors. */
  storage(label: string, sizeBytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(sizeBytes / 16) * 16)
    return this.#create({ label, size, usage: USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST })
  }

  /** A storage buffer with `data` in it. */
  upload(label: string, data: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.storage(label, data.byteLength)
    this.#kernels.device.queue.writeBuffer(buffer, 0, data)
    return buffer
  }

  /** A buffer that the GPU copies into and this side reads. */
  staging(label: string, sizeBytes: number): GPUBuffer {
    return this.#create({ label, size: sizeBytes, usage: USAGE.MAP_READ | USAGE.COPY_DST })
  }

  /**
   * Binds a kernel to its buffers, compiling it the first time.
   * @param hasOwnUniforms for a dispatch whose uniforms are written again later
   * @throws KernelError if the shape is illegal, too large, or the device cannot compile the kernel
   */
  async prepare<Params>(
    spec: KernelSpec<Params>,
    params: Params,
    buffers: readonly GPUBuffer[],
    { hasOwnUniforms = false }: { hasOwnUniforms?: boolean } = {},
  ): Promise<PreparedDispatch> {
    const { device } = this.#kernels
    spec.check(params, device.limits)
    const pipeline = await this.#kernels.pipeline(spec, params)
    const words = spec.uniforms(params)
    const key = `${spec.name} ${words.join(' ')}`
    let uniforms = hasOwnUniforms ? undefined : this.#uniforms.get(key)
    if (uniforms === undefined) {
      uniforms = this.#create({
        label: `${spec.name} uniforms`,
        size: Math.ceil(words.byteLength / 16) * 16,
        usage: USAGE.UNIFORM | USAGE.COPY_DST,
      })
      device.queue.writeBuffer(uniforms, 0, words)
      if (!hasOwnUniforms) this.#uniforms.set(key, uniforms)
    }
    const bindings = device.createBindGroup({
      label: spec.name,
      layout: pipeline.getBindGroupLayout(0),
      entries: [uniforms, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
    })
    return { kernel: spec.name, pipeline, bindings, uniforms, workgroups: spec.dispatch(params) }
  }

  /** Reads the first `sizeBytes` of a buffer after everything submitted so far. */
  async read(buffer: GPUBuffer, sizeBytes: number): Promise<ArrayBuffer> {
    const { device } = this.#kernels
    const staging = this.staging('read', sizeBytes)
    try {
      const encoder = device.createCommandEncoder()
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, sizeBytes)
      device.queue.submit([encoder.finish()])
      return await readStaging(staging, sizeBytes)
    } finally {
      this.#buffers.splice(this.#buffers.indexOf(staging), 1)
      staging.destroy()
      this.#count(-1)
    }
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.destroy()
    this.#count(-this.#buffers.length)
    this.#buffers.length = 0
    this.#uniforms.clear()
  }

  #create(descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#kernels.device.createBuffer(descriptor)
    this.#buffers.push(buffer)
    this.#count(1)
    return buffer
  }
}

/** Copies out what a staging buffer holds once the GPU has written it. */
export async function readStaging(staging: GPUBuffer, sizeBytes: number): Promise<ArrayBuffer> {
  await staging.mapAsync(MAP_MODE_READ, 0, sizeBytes)
  const bytes = staging.getMappedRange(0, sizeBytes).slice(0)
  staging.unmap()
  return bytes
}

/** Encodes dispatches in order, as one compute pass. */
export function encode(encoder: GPUCommandEncoder, dispatches: Iterable<PreparedDispatch>): void {
  const pass = encoder.beginComputePass()
  for (const { pipeline, bindings, workgroups } of dispatches) {
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bindings)
    pass.dispatchWorkgroups(...workgroups)
  }
  pass.end()
}
