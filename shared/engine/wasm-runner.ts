import type { LayerRange } from '../protocol/layer-range.ts'
import type { LlamaConfig } from '../model/manifest.ts'
import { buildHeadGraph, buildStageGraph, type StageGraph } from '../model/onnx/build-stage-graph.ts'
import type { OrtRuntime, OrtSession, OrtTensor } from './ort-runtime.ts'
import type { StageCache, StageRunner, StageRunnerParams } from './stage-runner.ts'

/**
 * Runs a stage on ONNX Runtime's WASM backend. The caches are the runtime's own outputs, fed back at the next step;
 * this backend copies every input and output, so a cache of fixed capacity would only copy more.
 */
export async function createWasmRunner(ort: OrtRuntime, params: StageRunnerParams): Promise<StageRunner> {
  const { manifest, layers } = params
  const decoder = await createSession(ort, buildStageGraph(manifest, layers, params.maxPositions), params)
  const hasHead = layers.end === manifest.config.layerCount
  const head = hasHead ? await createSession(ort, buildHeadGraph(manifest), params) : null
  return new WasmRunner(ort, params, decoder, head)
}

class WasmRunner implements StageRunner {
  readonly #ort: OrtRuntime
  readonly #params: StageRunnerParams
  readonly #decoder: OrtSession
  readonly #head: OrtSession | null

  constructor(ort: OrtRuntime, params: StageRunnerParams, decoder: OrtSession, head: OrtSession | null) {
    this.#ort = ort
    this.#params = params
    this.#decoder = decoder
    this.#head = head
  }

  createCache(): StageCache {
    return new WasmCache(this.#ort, this.#params.manifest.config, this.#params.layers)
  }

  async step(
    cache: StageCache,
    hidden: Float32Array<ArrayBuffer>,
    position: number,
    want: 'hidden' | 'logits' | 'none',
  ): Promise<Float32Array<ArrayBuffer>> {
    const { manifest } = this.#params
    const { hiddenSize } = manifest.config
    const { Tensor } = this.#ort
    const wasmCache = cache as WasmCache // made by createCache of this runner
    const tokenCount = hidden.length / hiddenSize
    const totalLength = position + tokenCount
    const outputs = await this.#decoder.run({
      hidden: new Tensor('float32', hidden, [1, tokenCount, hiddenSize]),
      last_index: new Tensor('int32', Int32Array.of(totalLength - 1), [1]),
      total_length: new Tensor('int32', Int32Array.of(totalLength), []),
      ...wasmCache.past,
    })
    wasmCache.take(outputs)
    const hiddenOut = floatData(outputs, 'hidden_out')
    if (want === 'hidden') return hiddenOut
    if (want === 'none') return new Float32Array(0)
    if (this.#head === null) throw new TypeError('Only a last stage has logits.')
    const last = hiddenOut.slice((tokenCount - 1) * hiddenSize)
    const logits = await this.#head.run({ hidden: new Tensor('float32', last, [1, 1, hiddenSize]) })
    return floatData(logits, 'logits')
  }

  async release(): Promise<void> {
    await this.#decoder.release()
    await this.#head?.release()
  }
}

class WasmCache implements StageCache {
  readonly #layers: LayerRange
  past: Record<string, OrtTensor> = {}

  constructor({ Tensor }: OrtRuntime, config: LlamaConfig, layers: LayerRange) {
    this.#layers = layers
    for (let layer = layers.start; layer < layers.end; layer++) {
      for (const part of ['key', 'value']) {
        const shape = [1, config.kvHeadCount, 0, config.headSize]
        this.past[`past_${part}.${layer}`] = new Tensor('float32', new Float32Array(0), shape)
      }
    }
  }

  /** Keeps the caches among the outputs of a step. */
  take(outputs: Readonly<Record<string, OrtTensor>>): void {
    const past: Record<string, OrtTensor> = {}
    for (let layer = this.#layers.start; layer < this.#layers.end; layer++) {
      for (const part of ['key', 'value']) past[`past_${part}.${layer}`] = outputs[`${part}.${layer}`]! // an output
    }
    this.past = past
  }

  free(): void {
    this.past = {}
  }
}

async function createSession(
  ort: OrtRuntime,
  graph: StageGraph,
  params: StageRunnerParams,
): Promise<OrtSession> {
  return ort.InferenceSession.create(graph.model, {
    executionProviders: ['wasm'],
    externalData: graph.paths.map((path) => ({ path, data: params.files.get(path)! })), // the engine has checked them
    // 3 is "errors": warnings about graph details are of no use to a contributor.
    logSeverityLevel: 3,
  })
}

function floatData(outputs: Readonly<Record<string, OrtTensor>>, name: string): Float32Array<ArrayBuffer> {
  return outputs[name]!.data as Float32Array<ArrayBuffer> // our graphs' outputs are float32
}
