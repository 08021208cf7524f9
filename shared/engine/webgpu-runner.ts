import type { LlamaConfig } from '../model/manifest.ts'
import { buildHeadGraph, buildStageGraph, type StageGraph } from '../model/onnx/build-stage-graph.ts'
import { PREFILL_CHUNK_TOKENS } from './compute-engine.ts'
import type { OrtRuntime, OrtSession, OrtTensor } from './ort-runtime.ts'
import type { StageCache, StageRunner, StageRunnerParams } from './stage-runner.ts'

// From the WebGPU specification, sections 5.1 and 5.1.2. The globals `GPUBufferUsage` and `GPUMapMode` exist only
// where WebGPU does, and this module is also imported elsewhere.
const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, STORAGE: 128 } as const
const MAP_READ_MODE = 1
/** ONNX Runtime binds buffers in multiples of this. */
const BUFFER_ALIGNMENT_BYTES = 16

/**
 * Runs a stage on ONNX Runtime's WebGPU backend. All inputs, outputs and caches are buffers of ours that live as long
 * as the stage or the session: a step writes its hidden states, runs, and copies back only what leaves the device.
 * Keys and values are appended in place, past and present being the same buffer.
 */
export async function createWebGpuRunner(
  ort: OrtRuntime,
  device: GPUDevice,
  params: StageRunnerParams,
): Promise<StageRunner> {
  const { manifest, layers } = params
  const decoder = await createSession(
    ort,
    device,
    buildStageGraph(manifest, layers, params.maxPositions),
    params,
  )
  const hasHead = layers.end === manifest.config.layerCount
  const head = hasHead ? await createSession(ort, device, buildHeadGraph(manifest), params) : null
  return new WebGpuRunner(ort, device, params, decoder, head)
}

class WebGpuRunner implements StageRunner {
  readonly #ort: OrtRuntime
  readonly #device: GPUDevice
  readonly #params: StageRunnerParams
  readonly #decoder: OrtSession
  readonly #head: OrtSession | null
  readonly #buffers: {
    readonly hiddenIn: GPUBuffer
    readonly hiddenOut: GPUBuffer
    readonly lastIndex: GPUBuffer
    readonly lastHidden: GPUBuffer
    readonly logits: GPUBuffer
    readonly staging: GPUBuffer
  }

  constructor(
    ort: OrtRuntime,
    device: GPUDevice,
    params: StageRunnerParams,
    decoder: OrtSession,
    head: OrtSession | null,
  ) {
    this.#ort = ort
    this.#device = device
    this.#params = params
    this.#decoder = decoder
    this.#head = head
    const { hiddenSize, vocabSize } = params.manifest.config
    const hiddenBytes = PREFILL_CHUNK_TOKENS * hiddenSize * 4
    const logitsBytes = head === null ? 4 : vocabSize * 4
    const storage = (sizeBytes: number): GPUBuffer =>
      createBuffer(device, sizeBytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST)
    this.#buffers = {
      hiddenIn: storage(hiddenBytes),
      hiddenOut: storage(hiddenBytes),
      lastIndex: storage(4),
      lastHidden: storage(hiddenSize * 4),
      logits: storage(logitsBytes),
      staging: createBuffer(device, Math.max(hiddenBytes, logitsBytes), USAGE.MAP_READ | USAGE.COPY_DST),
    }
  }

  createCache(capacityTokens: number): StageCache {
    return new GpuCache(this.#ort, this.#device, this.#params, capacityTokens)
  }

  async step(
    cache: StageCache,
    hidden: Float32Array<ArrayBuffer>,
    position: number,
    want: 'hidden' | 'logits' | 'none',
  ): Promise<Float32Array<ArrayBuffer>> {
    const { hiddenSize } = this.#params.manifest.config
    const gpuCache = cache as GpuCache // made by createCache of this runner
    const tokenCount = hidden.length / hiddenSize
    const hiddenOut = want === 'hidden' ? new Float32Array(hidden.length) : new Float32Array(0)
    let chunk = 0
    // The buffers hold one chunk, and longer prefills are where attention went wrong on some devices.
    for (let start = 0; start < tokenCount; start += PREFILL_CHUNK_TOKENS) {
      const rows = hidden.subarray(start * hiddenSize, (start + PREFILL_CHUNK_TOKENS) * hiddenSize)
      chunk = rows.length / hiddenSize
      await this.#decode(gpuCache, rows, position + start)
      if (want === 'hidden')
        hiddenOut.set(await this.#readBack(this.#buffers.hiddenOut, rows.length), start * hiddenSize)
    }
    return want === 'logits' ? this.#logits(chunk - 1) : hiddenOut
  }

  async #decode(cache: GpuCache, rows: Float32Array<ArrayBuffer>, position: number): Promise<void> {
    const { hiddenSize } = this.#params.manifest.config
    const { hiddenIn, hiddenOut, lastIndex } = this.#buffers
    const tokenCount = rows.length / hiddenSize
    const totalLength = position + tokenCount
    this.#device.queue.writeBuffer(hiddenIn, 0, rows)
    this.#device.queue.writeBuffer(lastIndex, 0, Int32Array.of(totalLength - 1))
    await this.#decoder.run(
      {
        hidden: this.#tensor(hiddenIn, 'float32', [1, tokenCount, hiddenSize]),
        last_index: this.#tensor(lastIndex, 'int32', [1]),
        // Attention reads this one on the CPU.
        total_length: new this.#ort.Tensor('int32', Int32Array.of(totalLength), []),
        ...cache.past,
      },
      { hidden_out: this.#tensor(hiddenOut, 'float32', [1, tokenCount, hiddenSize]), ...cache.present },
    )
  }

  async #logits(row: number): Promise<Float32Array<ArrayBuffer>> {
    if (this.#head === null) throw new TypeError('Only a last stage has logits.')
    const { hiddenSize, vocabSize } = this.#params.manifest.config
    const { hiddenOut, lastHidden, logits } = this.#buffers
    const encoder = this.#device.createCommandEncoder()
    encoder.copyBufferToBuffer(hiddenOut, row * hiddenSize * 4, lastHidden, 0, hiddenSize * 4)
    this.#device.queue.submit([encoder.finish()])
    await this.#head.run(
      { hidden: this.#tensor(lastHidden, 'float32', [1, 1, hiddenSize]) },
      { logits: this.#tensor(logits, 'float32', [1, 1, vocabSize]) },
    )
    return this.#readBack(logits, vocabSize)
  }

  async #readBack(buffer: GPUBuffer, count: number): Promise<Float32Array<ArrayBuffer>> {
    const { staging } = this.#buffers
    const encoder = this.#device.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, count * 4)
    this.#device.queue.submit([encoder.finish()])
    await staging.mapAsync(MAP_READ_MODE, 0, count * 4)
    const values = new Float32Array(staging.getMappedRange(0, count * 4).slice(0))
    staging.unmap()
    return values
  }

  #tensor(gpuBuffer: GPUBuffer, dataType: 'float32' | 'int32', dims: readonly number[]): OrtTensor {
    return this.#ort.Tensor.fromGpuBuffer(gpuBuffer, { dataType, dims })
  }

  async release(): Promise<void> {
    await this.#decoder.release()
    await this.#head?.release()
    for (const buffer of Object.values(this.#buffers)) buffer.destroy()
  }
}

/** Buffers `[1, kvHeads, capacity, headSize]`, keys and values of each layer. */
class GpuCache implements StageCache {
  readonly past: Record<string, OrtTensor> = {}
  readonly present: Record<string, OrtTensor> = {}
  readonly #buffers: GPUBuffer[] = []

  constructor(
    { Tensor }: OrtRuntime,
    device: GPUDevice,
    { manifest, layers }: StageRunnerParams,
    capacityTokens: number,
  ) {
    const { kvHeadCount, headSize }: LlamaConfig = manifest.config
    const dims = [1, kvHeadCount, capacityTokens, headSize]
    const sizeBytes = kvHeadCount * capacityTokens * headSize * 4
    for (let layer = layers.start; layer < layers.end; layer++) {
      for (const part of ['key', 'value']) {
        const buffer = createBuffer(device, sizeBytes, USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST)
        this.#buffers.push(buffer)
        const tensor = Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })
        this.past[`past_${part}.${layer}`] = tensor
        this.present[`${part}.${layer}`] = tensor
      }
    }
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.destroy()
  }
}

function createBuffer(device: GPUDevice, sizeBytes: number, usage: number): GPUBuffer {
  return device.createBuffer({
    size: Math.ceil(sizeBytes / BUFFER_ALIGNMENT_BYTES) * BUFFER_ALIGNMENT_BYTES,
    usage,
  })
}

async function createSession(
  ort: OrtRuntime,
  device: GPUDevice,
  graph: StageGraph,
  params: StageRunnerParams,
): Promise<OrtSession> {
  return ort.InferenceSession.create(graph.model, {
    // Given here and not by `env.webgpu.device`, which this build of ONNX Runtime ignores without a word.
    executionProviders: [{ name: 'webgpu', device }],
    preferredOutputLocation: 'gpu-buffer',
    externalData: graph.paths.map((path) => ({ path, data: params.files.get(path)! })), // the engine has checked them
    logSeverityLevel: 3,
  })
}
