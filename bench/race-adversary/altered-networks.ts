import { generateTarget } from '../../shared/race/generator.ts'
import {
  POSITIONS,
  TENSOR_NAMES,
  countParameters,
  tensorShape,
  type RaceClass,
  type TensorName,
} from '../../shared/race/race-class.ts'
import type { InputKey, RaceSeed } from '../../shared/race/seeds.ts'
import { compileRaceModule, instantiateRaceModule, type WasmCall } from '../../shared/race/wasm/wasm-lane.ts'

/** What a cheater does instead of one layer. Arrays are those of the machine: altering them alters the run. */
export interface Alteration {
  /** Changes the layer's weights in place. */
  weights?(layer: number, tensors: Readonly<Record<TensorName, Int8Array>>): void
  /** Changes the stream before the layer, [positions][nonces][width]. */
  stream?(layer: number, stream: Int16Array): void
  /** True if the layer is left out. */
  skips?(layer: number): boolean
}

/** Outputs [nonces][width] of the honest network and of every alteration, and the honest network's arrays on the way. */
export interface AlteredRun {
  readonly honest: Int8Array
  readonly altered: readonly Int8Array[]
}

/** Sees the honest network's arrays after each layer; see {@link AlteredNetworks.array}. */
export type LayerObserver = (layer: number) => void

/** Numbers of the arrays in assembly/index.ts. */
export const ARRAY = { stream: 0, middle: 6, hidden: 7 } as const

/** Addresses in the memory. */
type Place = Readonly<
  Record<'seed' | 'key' | 'target' | 'nonces' | 'results' | 'weights' | 'scratch', number>
>

/**
 * Runs the honest network and altered ones side by side on the WebAssembly kernels, layer by layer, so that the weights of any
 * class are made once and need the memory of two layers.
 */
export class AlteredNetworks {
  readonly #raceClass: RaceClass
  readonly #call: (name: WasmCall, args: readonly number[]) => number
  readonly #memory: WebAssembly.Memory
  readonly #nonces: number
  readonly #workspaces: readonly number[]
  readonly #place: Place

  /** @param count nonces of a batch */
  static async create(
    raceClass: RaceClass,
    seeds: { readonly raceSeed: RaceSeed; readonly inputKey: InputKey },
    { count, alterations }: { readonly count: number; readonly alterations: number },
  ): Promise<AlteredNetworks> {
    const layerBytes = countParameters(raceClass) / raceClass.layers
    let end = 1024
    const reserve = (bytes: number): number => {
      const start = end
      end = Math.ceil((end + bytes) / 64) * 64
      return start
    }
    const place = {
      seed: reserve(32),
      key: reserve(32),
      target: reserve(raceClass.width),
      nonces: reserve(4 * count),
      results: reserve(12 * count),
      weights: reserve(layerBytes),
      scratch: reserve(layerBytes),
    }
    const rows = POSITIONS * count + 4
    const workspaceBytes = rows * (20 * raceClass.width + 2 * raceClass.feedForward + 64) + 64
    const workspaces = Array.from({ length: alterations + 1 }, () => reserve(workspaceBytes))
    const pages = Math.ceil(end / 65_536)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const call = await instantiateRaceModule(await compileRaceModule({ isShared: false }), memory)
    const { width, feedForward, projectionShift, scoreShift, productShift, normConstant, hitNumerator } =
      raceClass
    call('configure', [
      width,
      feedForward,
      projectionShift,
      scoreShift,
      productShift,
      normConstant,
      hitNumerator,
    ])
    const bytes = new Uint8Array(memory.buffer)
    bytes.set(seeds.raceSeed, place.seed)
    bytes.set(seeds.inputKey, place.key)
    new Int8Array(memory.buffer).set(generateTarget(raceClass, seeds.raceSeed), place.target)
    return new AlteredNetworks(raceClass, call, memory, count, workspaces, place)
  }

  private constructor(
    raceClass: RaceClass,
    call: (name: WasmCall, args: readonly number[]) => number,
    memory: WebAssembly.Memory,
    nonces: number,
    workspaces: readonly number[],
    place: Place,
  ) {
    this.#raceClass = raceClass
    this.#call = call
    this.#memory = memory
    this.#nonces = nonces
    this.#workspaces = workspaces
    this.#place = place
  }

  /** An array of the honest network as it is now, [rows][columns], rows position by position. */
  array(number: (typeof ARRAY)[keyof typeof ARRAY], rows: number, columns: number): Int16Array {
    this.#call('layOut', [this.#workspaces[0]!, this.#nonces])
    return new Int16Array(this.#memory.buffer, this.#call('arrayAt', [number]), rows * columns)
  }

  /** Runs `nonces` (as many as a batch has) through all networks. */
  run(
    nonces: Uint32Array,
    alterations: readonly Alteration[],
    observe: LayerObserver = () => undefined,
  ): AlteredRun {
    const { layers } = this.#raceClass
    const place = this.#place
    new Uint32Array(this.#memory.buffer, place.nonces, nonces.length).set(nonces)
    for (const workspace of this.#workspaces.slice(0, alterations.length + 1)) {
      this.#call('layOut', [workspace, this.#nonces])
      this.#call('embed', [place.key, place.nonces])
    }
    observe(-1)
    for (let layer = 0; layer < layers; layer++) {
      this.generateLayer(layer)
      this.#call('layOut', [this.#workspaces[0]!, this.#nonces])
      this.#call('runLayers', [place.weights, layer, layer + 1, layers])
      observe(layer)
      for (const [i, alteration] of alterations.entries()) this.#runAltered(layer, i + 1, alteration)
    }
    return {
      honest: this.#outputs(0),
      altered: alterations.map((_, i) => this.#outputs(i + 1)),
    }
  }

  /** Makes a layer's weights; what {@link AlteredNetworks.rerunLastLayer} then uses. */
  generateLayer(layer: number): void {
    let address = this.#place.weights
    for (const [number, tensor] of TENSOR_NAMES.entries()) {
      const { rows, columns } = tensorShape(this.#raceClass, tensor)
      this.#call('generateWeights', [this.#place.seed, layer * 8 + number, columns, 0, rows, address])
      address += rows * columns
    }
  }

  /** Runs the last layer again on streams [positions][nonces][width] and returns the outputs. */
  rerunLastLayer(streams: Int16Array): Int8Array {
    const { layers, width } = this.#raceClass
    this.array(ARRAY.stream, POSITIONS * this.#nonces, width).set(streams)
    this.#call('runLayers', [this.#place.weights, layers - 1, layers, layers])
    return this.#outputs(0)
  }

  /** Permutes and scores the batch as it lies there. */
  score(): void {
    this.#call('layOut', [this.#workspaces[0]!, this.#nonces])
    this.#call('score', [this.#place.key, this.#place.nonces, this.#place.target, this.#place.results])
  }

  #runAltered(layer: number, index: number, alteration: Alteration): void {
    const { layers, width } = this.#raceClass
    const place = this.#place
    this.#call('layOut', [this.#workspaces[index]!, this.#nonces])
    if (alteration.stream !== undefined) {
      const address = this.#call('arrayAt', [ARRAY.stream])
      alteration.stream(layer, new Int16Array(this.#memory.buffer, address, POSITIONS * this.#nonces * width))
    }
    if (alteration.skips?.(layer) === true) return
    let weights = place.weights
    if (alteration.weights !== undefined) {
      const bytes = new Int8Array(this.#memory.buffer)
      bytes.copyWithin(place.scratch, place.weights, place.weights + (place.scratch - place.weights))
      weights = place.scratch
      alteration.weights(layer, this.#tensorsAt(weights))
    }
    this.#call('runLayers', [weights, layer, layer + 1, layers])
  }

  #tensorsAt(address: number): Record<TensorName, Int8Array> {
    const tensors: Partial<Record<TensorName, Int8Array>> = {}
    for (const tensor of TENSOR_NAMES) {
      const { rows, columns } = tensorShape(this.#raceClass, tensor)
      tensors[tensor] = new Int8Array(this.#memory.buffer, address, rows * columns)
      address += rows * columns
    }
    return tensors as Record<TensorName, Int8Array> // the loop sets every name
  }

  #outputs(index: number): Int8Array {
    this.#call('layOut', [this.#workspaces[index]!, this.#nonces])
    const address = this.#call('arrayAt', [ARRAY.stream])
    return Int8Array.from(new Int16Array(this.#memory.buffer, address, this.#nonces * this.#raceClass.width))
  }
}
