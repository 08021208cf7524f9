import {
  countMultiplyAccumulates,
  POSITIONS,
  TENSOR_NAMES,
  tensorShape,
  type RaceClass,
} from '../race-class.ts'
import { RacePathError } from '../race-path-error.ts'
import type {
  Evaluation,
  NonceBatch,
  PreparedRace,
  PrepareOptions,
  RaceParams,
  RacePath,
  RunOptions,
  TraceEntry,
  TraceName,
} from '../race-path.ts'
import { deriveInputKey, type NodeSeed, type RaceSeed } from '../seeds.ts'
import { hashArray } from '../trace-hash.ts'
import { compileRaceModule, startLaneHere, type StartLane, type WasmLane } from './wasm-lane.ts'
import { measureLanesPeak } from './measure-peak.ts'
import { planLayout, type WasmLayout } from './wasm-layout.ts'

/** Rows of a batch that share one pass over the weights: 4 * 16 keep the cost of fetching them below that of using them. */
const LANE_NONCES = 16
/** Weights that every batch makes again are worth a larger batch. */
const STREAMED_LANE_NONCES = 64
/** About 40 ms of work on an ordinary core (30 GMAC/s measured with SIMD): how often a lane can be interrupted. */
const CALL_MACS = 1e9
/** Rows of weights that a lane makes in one call: 2 MiB of the widest tensor, a few milliseconds. */
const GENERATED_BYTES = 2 ** 21
/** What a 32-bit memory can hold at most; engines allow a little less. */
const DEFAULT_LIMIT_BYTES = 3 * 2 ** 30

/** The arrays of an inner layer's trace, as assembly/index.ts numbers them, in the order of the specification. */
const TRACED: readonly (readonly [name: TraceName, array: number])[] = [
  ['query', 1],
  ['key', 2],
  ['value', 3],
  ['context', 4],
  ['attention', 5],
  ['middle', 6],
  ['hidden', 7],
  ['feed-forward', 8],
  ['stream', 0],
]
/** In the last layer the output takes the place of the second merge. */
const TRACED_LAST: typeof TRACED = [...TRACED.slice(0, -2), ['output', 0]]

export interface WasmPathOptions {
  /** Threads that share one memory; without it everything runs on the calling thread. */
  readonly threads?: { readonly count: number; readonly startLane: StartLane } | undefined
  /** Weights are kept if they fit, and else made layer by layer in every batch. */
  readonly memoryLimitBytes?: number | undefined
}

/** Runs the Race on WebAssembly SIMD, which needs no GPU. */
export function createWasmPath({ threads, memoryLimitBytes }: WasmPathOptions = {}): RacePath {
  const count = threads?.count ?? 1
  const startLane = threads?.startLane ?? startLaneHere
  const module = compileRaceModule({ isShared: threads !== undefined })
  const races = new Set<WasmRace>()
  return {
    name: 'wasm',
    adapter:
      threads === undefined
        ? 'SIMD, 1 thread'
        : `SIMD, ${count} ${count === 1 ? 'thread' : 'threads'}, shared memory`,
    async prepare(params, options = {}) {
      const race = await WasmRace.create(
        params,
        { module: await module, isShared: threads !== undefined, count, startLane, memoryLimitBytes },
        options,
      )
      races.add(race)
      return race
    },
    async measurePeak({ signal } = {}) {
      const memory = allocate(1, threads !== undefined)
      const lanes = await startLanes({ module: await module, memory, count, startLane })
      try {
        return await measureLanesPeak(lanes, signal)
      } finally {
        await Promise.all(lanes.map((lane) => lane.stop()))
      }
    },
    async dispose() {
      await Promise.all([...races].map((race) => race.stop()))
      races.clear()
    },
  }
}

interface LaneInit {
  readonly module: WebAssembly.Module
  readonly isShared: boolean
  readonly count: number
  readonly startLane: StartLane
  readonly memoryLimitBytes: number | undefined
}

/** Sees one nonce's result; the output is a view that the next batch overwrites. */
type SeeResult = (
  index: number,
  result: readonly [dot: number, squaredLength: number, isHit: number],
  output: Int16Array,
) => void

class WasmRace implements PreparedRace {
  readonly raceClass: RaceClass
  readonly raceSeed: RaceSeed
  readonly batchNonces: number
  readonly #lanes: readonly WasmLane[]
  readonly #layout: WasmLayout
  readonly #laneNonces: number
  #memory: WebAssembly.Memory | undefined

  private constructor(
    { raceClass, raceSeed }: RaceParams,
    memory: WebAssembly.Memory,
    lanes: readonly WasmLane[],
    layout: WasmLayout,
    laneNonces: number,
  ) {
    this.raceClass = raceClass
    this.raceSeed = raceSeed
    this.#memory = memory
    this.#lanes = lanes
    this.#layout = layout
    this.#laneNonces = laneNonces
    this.batchNonces = laneNonces * lanes.length
  }

  static async create(
    params: RaceParams,
    { module, isShared, count, startLane, memoryLimitBytes }: LaneInit,
    { signal, onProgress }: PrepareOptions,
  ): Promise<WasmRace> {
    signal?.throwIfAborted()
    const { raceClass } = params
    const limitBytes = memoryLimitBytes ?? DEFAULT_LIMIT_BYTES
    const plan = (laneNonces: number): WasmLayout =>
      planLayout(raceClass, { laneCount: count, laneNonces, limitBytes })
    let laneNonces = laneNoncesOf(raceClass)
    let layout = plan(laneNonces)
    if (!layout.isResident) {
      laneNonces = STREAMED_LANE_NONCES
      layout = plan(laneNonces)
    }
    const memory = allocate(layout.pages, isShared)
    const lanes = await startLanes({ module, memory, count, startLane })
    try {
      const race = new WasmRace(params, memory, lanes, layout, laneNonces)
      await race.#configure({ signal, onProgress })
      return race
    } catch (error) {
      await Promise.all(lanes.map((lane) => lane.stop()))
      throw error
    }
  }

  async findHits(batch: NonceBatch, options: RunOptions = {}): Promise<readonly number[]> {
    const hits: number[] = []
    await this.#run(batch, options, (index, [, , isHit]) => {
      if (isHit === 1) hits.push(batch.nonces[index]!)
    })
    return hits
  }

  async evaluate(batch: NonceBatch, options: RunOptions = {}): Promise<Evaluation> {
    const { width } = this.raceClass
    const count = batch.nonces.length
    const outputs = new Int8Array(count * width)
    const dots = new Int32Array(count)
    const squaredLengths = new Int32Array(count)
    const hits = new Uint8Array(count)
    await this.#run(batch, options, (index, [dot, squaredLength, isHit], output) => {
      outputs.set(output, index * width)
      dots[index] = dot
      squaredLengths[index] = squaredLength
      hits[index] = isHit
    })
    return { outputs, dots, squaredLengths, hits }
  }

  async trace(nodeSeed: NodeSeed, nonce: number, options: RunOptions = {}): Promise<readonly TraceEntry[]> {
    const { layers, width, feedForward } = this.raceClass
    const lane = this.#lanes[0]!
    const place = this.#layout.lanes[0]!
    const memory = this.#open()
    await this.#setInputKey(nodeSeed)
    new Uint32Array(memory.buffer, place.nonces, 1)[0] = nonce
    await lane.call('layOut', [place.workspace, 1])
    const read = async (array: number, rows: number, columns: number): Promise<string> => {
      const values = new Int16Array(memory.buffer, await lane.call('arrayAt', [array]), rows * columns)
      return hashArray(Int8Array.from(values))
    }
    const trace: TraceEntry[] = []
    await lane.call('embed', [this.#layout.inputKey, place.nonces])
    trace.push({ layer: -1, name: 'input', sha256: await read(0, POSITIONS, width) })
    for (let layer = 0; layer < layers; layer++) {
      await pass(options)
      const weights = await this.#weightsOf(layer)
      await lane.call('runLayers', [weights, layer, layer + 1, layers])
      const isLast = layer === layers - 1
      for (const [name, array] of isLast ? TRACED_LAST : TRACED) {
        const isWhole = !isLast || name === 'key' || name === 'value'
        const columns = name === 'hidden' ? feedForward : width
        trace.push({ layer, name, sha256: await read(array, isWhole ? POSITIONS : 1, columns) })
      }
    }
    return trace
  }

  dispose(): void {
    if (this.#memory === undefined) return
    this.#memory = undefined
    // A thread that cannot be stopped ends with the program; there is nobody to tell.
    for (const lane of this.#lanes) lane.stop().catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#memory = undefined
    await Promise.all(this.#lanes.map((lane) => lane.stop()))
  }

  async #configure({ signal, onProgress }: PrepareOptions): Promise<void> {
    const {
      layers,
      width,
      feedForward,
      projectionShift,
      scoreShift,
      productShift,
      normConstant,
      hitNumerator,
    } = this.raceClass
    new Uint8Array(this.#open().buffer).set(this.raceSeed, this.#layout.raceSeed)
    const shape = [width, feedForward, projectionShift, scoreShift, productShift, normConstant, hitNumerator]
    await Promise.all(this.#lanes.map((lane) => lane.call('configure', shape)))
    await this.#lanes[0]!.call('generateTarget', [this.#layout.raceSeed, width, this.#layout.target])
    if (!this.#layout.isResident) return onProgress?.(1)
    for (let layer = 0; layer < layers; layer++) {
      signal?.throwIfAborted()
      await this.#generateLayer(layer, this.#layout.weights + layer * this.#layout.layerBytes)
      onProgress?.((layer + 1) / layers)
    }
  }

  /** Makes a layer's tensors at `address`, in parts that all lanes share. */
  async #generateLayer(layer: number, address: number): Promise<void> {
    const parts: number[][] = []
    for (const [number, tensor] of TENSOR_NAMES.entries()) {
      const { rows, columns } = tensorShape(this.raceClass, tensor)
      const step = Math.max(8, Math.floor(GENERATED_BYTES / columns / 8) * 8)
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row)
        parts.push([this.#layout.raceSeed, layer * 8 + number, columns, row, count, address])
      }
      address += rows * columns
    }
    await Promise.all(
      this.#lanes.map(async (lane) => {
        for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
          await lane.call('generateWeights', part)
        }
      }),
    )
  }

  /** Where a layer's weights lie, after making them if they are not kept. */
  async #weightsOf(layer: number): Promise<number> {
    const { weights, layerBytes, isResident } = this.#layout
    if (isResident) return weights + layer * layerBytes
    await this.#generateLayer(layer, weights)
    return weights
  }

  async #run(batch: NonceBatch, options: RunOptions, see: SeeResult): Promise<void> {
    try {
      await this.#runBatches(batch, options, see)
    } catch (error) {
      // Threads that were stopped under a batch fail in their own words; this is why.
      this.#open()
      throw error
    }
  }

  async #runBatches({ nodeSeed, nonces }: NonceBatch, options: RunOptions, see: SeeResult): Promise<void> {
    const { layers, width } = this.raceClass
    const layout = this.#layout
    const memory = this.#open()
    await this.#setInputKey(nodeSeed)
    const macsPerLayer = (countMultiplyAccumulates(this.raceClass) / layers) * this.#laneNonces
    const layersPerCall = layout.isResident ? Math.max(1, Math.floor(CALL_MACS / macsPerLayer)) : 1
    for (let first = 0; first < nonces.length; first += this.batchNonces) {
      await pass(options)
      // The nonces of a batch that is not full are spread over all lanes.
      const batch = nonces.subarray(first, first + this.batchNonces)
      const share = Math.ceil(batch.length / this.#lanes.length)
      const busy = this.#lanes.flatMap((lane, i) => {
        const own = batch.subarray(i * share, (i + 1) * share)
        const place = layout.lanes[i]!
        new Uint32Array(memory.buffer, place.nonces, own.length).set(own)
        return own.length === 0 ? [] : [{ lane, place, count: own.length, first: first + i * share }]
      })
      await Promise.all(
        busy.map(async ({ lane, place, count }) => {
          await lane.call('layOut', [place.workspace, count])
          await lane.call('embed', [layout.inputKey, place.nonces])
        }),
      )
      for (let layer = 0; layer < layers; layer += layersPerCall) {
        await pass(options)
        const args = [await this.#weightsOf(layer), layer, Math.min(layer + layersPerCall, layers), layers]
        await Promise.all(busy.map(({ lane }) => lane.call('runLayers', args)))
      }
      for (const { lane, place, count, first: start } of busy) {
        await lane.call('score', [layout.inputKey, place.nonces, layout.target, place.results])
        const results = new Int32Array(memory.buffer, place.results, 3 * count)
        const outputs = new Int16Array(memory.buffer, place.workspace, count * width)
        for (let i = 0; i < count; i++) {
          const result = [results[3 * i]!, results[3 * i + 1]!, results[3 * i + 2]!] as const
          see(start + i, result, outputs.subarray(i * width, (i + 1) * width))
        }
      }
    }
  }

  async #setInputKey(nodeSeed: NodeSeed): Promise<void> {
    const inputKey = await deriveInputKey(this.raceSeed, nodeSeed)
    new Uint8Array(this.#open().buffer).set(inputKey, this.#layout.inputKey)
  }

  #open(): WebAssembly.Memory {
    if (this.#memory !== undefined) return this.#memory
    throw new RacePathError('This Race was disposed of and cannot run any more.', {
      data: { code: 'DISPOSED' },
      metaMessages: ['Usually a stop overtook a batch.', 'Prepare the Race again.'],
    })
  }
}

/** Starts all lanes or none. */
async function startLanes({
  module,
  memory,
  count,
  startLane,
}: Pick<LaneInit, 'count' | 'startLane' | 'module'> & { memory: WebAssembly.Memory }): Promise<WasmLane[]> {
  const lanes: WasmLane[] = []
  try {
    while (lanes.length < count) lanes.push(await startLane(module, memory))
    return lanes
  } catch (error) {
    await Promise.all(lanes.map((lane) => lane.stop()))
    throw error
  }
}

/** A small network needs more nonces for a call to be worth its overhead. */
function laneNoncesOf(raceClass: RaceClass): number {
  const fitting = Math.floor(CALL_MACS / countMultiplyAccumulates(raceClass) / 4) * 4
  return Math.min(256, Math.max(LANE_NONCES, fitting))
}

async function pass({ signal, checkpoint }: RunOptions): Promise<void> {
  signal?.throwIfAborted()
  await checkpoint?.()
  signal?.throwIfAborted()
}

function allocate(pages: number, isShared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared })
  } catch (cause) {
    const neededBytes = pages * 65_536
    throw new RacePathError(`The Race needs ${Math.ceil(neededBytes / 2 ** 20)} MiB of memory at once.`, {
      data: { code: 'TOO_LARGE', neededBytes, limitBytes: DEFAULT_LIMIT_BYTES },
      metaMessages: [
        'The machine, or the browser, has no such piece of memory free.',
        'Race in a smaller class, or pass a lower memoryLimitBytes.',
      ],
      cause,
    })
  }
}
