import { generateInputs } from '../kernels/generate/generate.ts'
import {
  encode,
  KernelDevice,
  readStaging,
  type BufferArena,
  type Dot4,
  type PreparedDispatch,
} from '../kernels/kernel-device.ts'
import { score } from '../kernels/score/score.ts'
import { POSITIONS, type RaceClass } from '../race-class.ts'
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
} from '../race-path.ts'
import { deriveInputKey, type InputKey, type NodeSeed, type RaceSeed } from '../seeds.ts'
import { hashArray } from '../trace-hash.ts'
import {
  compileKernels,
  createWorkspace,
  planBatch,
  planLayer,
  tracedBuffers,
  workspaceBytesPerNonce,
  type BatchPlan,
  type PlannedDispatch,
  type PlanParams,
  type Workspace,
} from './batch-plan.ts'
import { createDeviceWeights, residentBytes, type DeviceWeights } from './device-weights.ts'
import { LossGuard } from './loss-guard.ts'
import { measureDevicePeak } from './measure-peak.ts'

/** A dispatch may not run longer than 100 ms (design, section 12); half of it is left for a device that slows down. */
const DISPATCH_MS = 50
/** What a submission may take: a user's request waits for one that runs and one that is queued. */
const SUBMISSION_MS = 40
/** Aim for one layer of a batch: far above the cost of its dozen launches, and no dispatch of it near the limit. */
const LAYER_MS = 20
/** How much a batch grows from one measurement to the next. */
const GROWTH = { least: 1.5, most: 8 }
/** Tiles of the products have four rows. */
const BATCH_STEP = 4
const MAX_BATCH = 4_096
/** Until a device is measured: 5 GMAC/s is below every GPU, and software adapters are slower still. */
const FIRST_GUESS_MACS_PER_MS = 5e6
/** Hits that a batch sends back without being asked twice; 1 in 900 is expected. */
const HIT_ROOM = 64
/** Batches that the GPU has at once: it works on one while this side reads the hits of the other. */
const BATCHES_IN_FLIGHT = 2

export interface WebGpuPathOptions {
  readonly device: GPUDevice
  readonly dot4: Dot4
  /** For figures and logs. */
  readonly adapter: string
  /** Weights are kept if they and a batch fit, and else made layer by layer in every batch. By default 1.5 GiB. */
  readonly memoryLimitBytes?: number | undefined
  /** See {@link NormShape.brokenRounding}. */
  readonly brokenRounding?: number | undefined
}

/** A {@link RacePath} on a GPU, whose buffers can be counted. */
export interface WebGpuPath extends RacePath {
  readonly name: 'webgpu'
  readonly kernels: KernelDevice
}

/**
 * Runs the Race on a GPU. The caller owns the device and destroys it; {@link RacePath.dispose} frees the buffers.
 *
 * `openRacePath` in open-webgpu-path.ts also checks that the device computes what it claims to.
 */
export function createWebGpuPath(options: WebGpuPathOptions): WebGpuPath {
  const kernels = new KernelDevice(options.device, options.dot4)
  const races = new Set<WebGpuRace>()
  const guard = new LossGuard(options.device)
  return {
    name: 'webgpu',
    adapter: `${options.adapter}, ${options.dot4} dot product`,
    kernels,
    async prepare(params, prepareOptions = {}) {
      const race = await WebGpuRace.create(kernels, params, options, prepareOptions, guard)
      races.add(race)
      return race
    },
    measurePeak: ({ signal } = {}) => measureDevicePeak(kernels, guard, signal),
    dispose() {
      for (const race of races) race.dispose()
      races.clear()
      return Promise.resolve()
    },
  }
}

class WebGpuRace implements PreparedRace {
  readonly raceClass: RaceClass
  readonly raceSeed: RaceSeed
  readonly #kernels: KernelDevice
  readonly #arena: BufferArena
  readonly #weights: DeviceWeights
  readonly #guard: LossGuard
  readonly #brokenRounding: number | undefined
  /** One plan for each size of batch; they share one workspace. */
  readonly #plans = new Map<number, BatchPlan>()
  #workspace: Workspace | undefined
  #macsPerMs = FIRST_GUESS_MACS_PER_MS
  #batch = BATCH_STEP
  #isDisposed = false
  /** The submission that was made before the last one. */
  #previous: Promise<unknown> = Promise.resolve()

  private constructor(
    kernels: KernelDevice,
    arena: BufferArena,
    { raceClass, raceSeed }: RaceParams,
    weights: DeviceWeights,
    { brokenRounding }: WebGpuPathOptions,
    guard: LossGuard,
  ) {
    this.raceClass = raceClass
    this.raceSeed = raceSeed
    this.#kernels = kernels
    this.#arena = arena
    this.#weights = weights
    this.#brokenRounding = brokenRounding
    this.#guard = guard
  }

  static async create(
    kernels: KernelDevice,
    params: RaceParams,
    options: WebGpuPathOptions,
    { signal, onProgress }: PrepareOptions,
    guard: LossGuard,
  ): Promise<WebGpuRace> {
    signal?.throwIfAborted()
    const { raceClass } = params
    const limitBytes = options.memoryLimitBytes ?? 1.5 * 2 ** 30
    let arena = kernels.arena()
    try {
      await compileKernels(kernels, options.brokenRounding)
      const reserve = async (isResident: boolean): Promise<DeviceWeights | undefined> => {
        kernels.device.pushErrorScope('out-of-memory')
        const made = await createDeviceWeights(kernels, arena, { ...params, isResident })
        if ((await kernels.device.popErrorScope()) === null) return made
        arena.free()
        arena = kernels.arena()
        return undefined
      }
      const leastBytes = BATCH_STEP * workspaceBytesPerNonce(raceClass)
      const mayKeep = residentBytes(raceClass) + leastBytes <= limitBytes
      const weights = (mayKeep ? await reserve(true) : undefined) ?? (await reserve(false))
      if (weights === undefined) {
        const neededBytes = residentBytes(raceClass) / raceClass.layers
        throw new RacePathError('The GPU has no memory for a single layer of this Race.', {
          data: { code: 'TOO_LARGE', neededBytes, limitBytes },
          metaMessages: ['Other programs may hold it.', 'Close them, or race in a smaller class.'],
        })
      }
      const race = new WebGpuRace(kernels, arena, params, weights, options, guard)
      await race.#makeWeights(signal, onProgress)
      const room = limitBytes - (weights.isResident ? residentBytes(raceClass) : 0)
      await race.#chooseBatch(room, signal)
      return race
    } catch (error) {
      arena.free()
      throw guard.explain(error)
    }
  }

  get batchNonces(): number {
    return this.#batch
  }

  async findHits(batch: NonceBatch, options: RunOptions = {}): Promise<readonly number[]> {
    const inputKey = await this.#open(batch.nodeSeed)
    const parts = split(batch.nonces, this.#batch)
    const arena = this.#kernels.arena()
    const readings: Promise<readonly number[] | undefined>[] = []
    try {
      const stagings = Array.from({ length: BATCHES_IN_FLIGHT }, () =>
        arena.staging('hits read', 4 * (1 + HIT_ROOM)),
      )
      for (const [index, nonces] of parts.entries()) {
        // A staging buffer is free again once its batch has been read.
        await readings[index - BATCHES_IN_FLIGHT]
        const { batch: size } = await this.#submitBatch(inputKey, nonces, options)
        const staging = stagings[index % BATCHES_IN_FLIGHT]!
        const sizeBytes = 4 * Math.min(1 + HIT_ROOM, 1 + size)
        this.#copy(this.#workspace!.hits, staging, sizeBytes)
        const reading = readStaging(staging, sizeBytes).then((bytes) => readHits(bytes, nonces))
        // It is awaited later; until then a lost device must not look like an error that nobody handles.
        reading.catch(() => undefined)
        readings.push(reading)
      }
      const found = await this.#guard.wait(Promise.all(readings))
      const hits: number[] = []
      for (const [index, nonces] of parts.entries()) {
        // More hits than luck brings: claims of a peer, say. They are run again and read whole.
        hits.push(...(found[index] ?? (await this.#findManyHits(batch.nodeSeed, nonces, options))))
      }
      return hits
    } catch (error) {
      await Promise.allSettled(readings)
      throw this.#guard.explain(error)
    } finally {
      arena.free()
    }
  }

  async evaluate(batch: NonceBatch, options: RunOptions = {}): Promise<Evaluation> {
    const inputKey = await this.#open(batch.nodeSeed)
    const { width } = this.raceClass
    const count = batch.nonces.length
    const outputs = new Int8Array(count * width)
    const dots = new Int32Array(count)
    const squaredLengths = new Int32Array(count)
    const hits = new Uint8Array(count)
    const arena = this.#kernels.arena()
    try {
      let first = 0
      for (const nonces of split(batch.nonces, this.#batch)) {
        const { batch: size } = await this.#submitBatch(inputKey, nonces, options)
        const workspace = this.#workspace!
        const [outputBytes, scoreBytes, hitBytes] = await this.#guard.wait(
          Promise.all([
            arena.read(workspace.output, size * width),
            arena.read(workspace.scores, 8 * size),
            arena.read(workspace.hits, 4 * (1 + size)),
          ]),
        )
        const panels = new Int8Array(outputBytes)
        const scores = new Int32Array(scoreBytes)
        const [hitCount = 0, ...places] = new Uint32Array(hitBytes)
        for (let i = 0; i < nonces.length; i++) {
          outputs.set(panelRow(panels, { row: i, rows: size, columns: width }), (first + i) * width)
          dots[first + i] = scores[2 * i]!
          squaredLengths[first + i] = scores[2 * i + 1]!
        }
        for (const place of places.slice(0, hitCount)) hits[first + place] = 1
        first += nonces.length
      }
      return { outputs, dots, squaredLengths, hits }
    } catch (error) {
      throw this.#guard.explain(error)
    } finally {
      arena.free()
    }
  }

  async trace(nodeSeed: NodeSeed, nonce: number, options: RunOptions = {}): Promise<readonly TraceEntry[]> {
    const inputKey = await this.#open(nodeSeed)
    const { width, feedForward, layers } = this.raceClass
    const arena = this.#kernels.arena()
    const trace: TraceEntry[] = []
    try {
      const plan = await this.#write(inputKey, Uint32Array.of(nonce))
      const workspace = this.#workspace!
      // The nonce is the first of a batch that is empty otherwise.
      const read = async (buffer: GPUBuffer, positions: number, columns: number): Promise<string> => {
        const rows = positions * plan.batch
        const panels = new Int8Array(await this.#guard.wait(arena.read(buffer, rows * columns)))
        const values = new Int8Array(positions * columns)
        for (let position = 0; position < positions; position++) {
          const row = panelRow(panels, { row: position * plan.batch, rows, columns })
          values.set(row, position * columns)
        }
        return hashArray(values)
      }
      await this.#submit([...plan.embed], options)
      trace.push({ layer: -1, name: 'input', sha256: await read(workspace.stream, POSITIONS, width) })
      for (const [layer, dispatches] of plan.layers.entries()) {
        await this.#streamWeights(layer)
        await this.#submit(dispatches, options)
        const isLast = layer === layers - 1
        for (const [name, buffer] of tracedBuffers(workspace, { isLast })) {
          const isWhole = !isLast || name === 'key' || name === 'value'
          const columns = name === 'hidden' ? feedForward : width
          trace.push({ layer, name, sha256: await read(buffer, isWhole ? POSITIONS : 1, columns) })
        }
      }
      return trace
    } catch (error) {
      throw this.#guard.explain(error)
    } finally {
      arena.free()
    }
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#arena.free()
  }

  async #findManyHits(
    nodeSeed: NodeSeed,
    nonces: Uint32Array<ArrayBuffer>,
    options: RunOptions,
  ): Promise<readonly number[]> {
    const { hits } = await this.evaluate({ nodeSeed, nonces }, options)
    return [...nonces].filter((_, i) => hits[i] === 1)
  }

  /** Submits one batch in pieces that leave room for others on the device; returns before the last is done. */
  async #submitBatch(
    inputKey: InputKey,
    nonces: Uint32Array<ArrayBuffer>,
    options: RunOptions,
  ): Promise<BatchPlan> {
    const plan = await this.#write(inputKey, nonces)
    let piece: PlannedDispatch[] = [...plan.embed]
    let macs = 0
    for (const [layer, dispatches] of plan.layers.entries()) {
      if (!this.#weights.isResident) {
        await this.#submit(piece, options)
        piece = []
        macs = 0
        await this.#streamWeights(layer)
      }
      for (const dispatch of dispatches) {
        if (macs > 0 && macs + dispatch.macs > SUBMISSION_MS * this.#macsPerMs) {
          await this.#submit(piece, options)
          piece = []
          macs = 0
        }
        piece.push(dispatch)
        macs += dispatch.macs
      }
    }
    await this.#submit([...piece, plan.score], options)
    return plan
  }

  /** Writes what a batch is about, and returns the plan of its size. */
  async #write(inputKey: InputKey, nonces: Uint32Array<ArrayBuffer>): Promise<BatchPlan> {
    const { raceClass } = this
    const { width, hitNumerator } = raceClass
    const plan = await this.#planFor(nonces.length)
    const { queue } = this.#kernels.device
    const { batch } = plan
    const padded = new Uint32Array(batch)
    padded.set(nonces)
    queue.writeBuffer(this.#workspace!.nonces, 0, padded)
    queue.writeBuffer(this.#workspace!.hits, 0, new Uint32Array(1))
    const inputs = { key: inputKey, batch, width, positions: POSITIONS }
    queue.writeBuffer(plan.generate.uniforms, 0, generateInputs.uniforms(inputs))
    const scoring = { key: inputKey, width, batch, count: nonces.length, hitNumerator }
    queue.writeBuffer(plan.score.uniforms, 0, score.uniforms(scoring))
    return plan
  }

  /** Few nonces in a plan for many would waste the device: there is one for each power of two. */
  async #planFor(count: number): Promise<BatchPlan> {
    const batch = Math.min(
      this.#batch,
      BATCH_STEP * 2 ** Math.ceil(Math.log2(Math.max(1, count / BATCH_STEP))),
    )
    const known = this.#plans.get(batch)
    if (known !== undefined) return known
    const plan = await planBatch(this.#arena, this.#planParams(batch, this.#workspace!))
    this.#plans.set(batch, plan)
    return plan
  }

  #planParams(batch: number, workspace: Workspace): PlanParams {
    return {
      raceClass: this.raceClass,
      batch,
      workspace,
      target: this.#weights.target,
      tensors: (layer) => this.#weights.tensors(layer),
      macsPerDispatch: DISPATCH_MS * this.#macsPerMs,
      brokenRounding: this.#brokenRounding,
    }
  }

  /** Runs dispatches once at most one submission is still in work; the checkpoint comes first. */
  async #submit(dispatches: readonly PreparedDispatch[], options: RunOptions): Promise<void> {
    await pass(options)
    // Others may have stopped this Race meanwhile.
    if (this.#isDisposed) throw disposed()
    this.#submitNow(dispatches)
    const done = this.#kernels.device.queue.onSubmittedWorkDone()
    done.catch(() => undefined)
    await this.#guard.wait(this.#previous)
    this.#previous = done
  }

  #submitNow(dispatches: readonly PreparedDispatch[]): void {
    const { device } = this.#kernels
    const encoder = device.createCommandEncoder()
    encode(encoder, dispatches)
    device.queue.submit([encoder.finish()])
  }

  async #streamWeights(layer: number): Promise<void> {
    if (this.#weights.isResident) return
    this.#kernels.device.queue.submit([await this.#weights.generate(layer)])
  }

  async #makeWeights(
    signal: AbortSignal | undefined,
    onProgress: ((share: number) => void) | undefined,
  ): Promise<void> {
    const { queue } = this.#kernels.device
    const layers = this.#weights.isResident ? this.raceClass.layers : 1
    for (let layer = 0; layer < layers; layer++) {
      signal?.throwIfAborted()
      queue.submit([await this.#weights.generate(layer)])
      await this.#guard.wait(queue.onSubmittedWorkDone())
      onProgress?.((layer + 1) / layers)
    }
  }

  /** Measures the device on the first layer, with more nonces until there are enough, and makes room for them. */
  async #chooseBatch(roomBytes: number, signal: AbortSignal | undefined): Promise<void> {
    const { raceClass } = this
    const { maxStorageBufferBindingSize } = this.#kernels.device.limits
    const { width, feedForward } = raceClass
    const largestArray = POSITIONS * Math.max(feedForward, 4 * width)
    const largest = Math.min(
      MAX_BATCH,
      roomBytes / workspaceBytesPerNonce(raceClass),
      maxStorageBufferBindingSize / largestArray,
    )
    const fit = (batch: number): number =>
      Math.max(BATCH_STEP, Math.floor(Math.min(batch, largest) / BATCH_STEP) * BATCH_STEP)
    this.#batch = BATCH_STEP
    for (;;) {
      signal?.throwIfAborted()
      const { macs, ms } = await this.#measureLayer(this.#batch)
      this.#macsPerMs = macs / ms
      const next = fit(this.#batch * Math.min(GROWTH.most, LAYER_MS / ms))
      if (next < GROWTH.least * this.#batch) break
      this.#batch = next
    }
    const { device } = this.#kernels
    for (;;) {
      device.pushErrorScope('out-of-memory')
      this.#workspace = createWorkspace(this.#arena, raceClass, this.#batch)
      if ((await device.popErrorScope()) === null) return
      if (this.#batch === BATCH_STEP) {
        throw new RacePathError('The GPU has no memory for a batch of this Race.', {
          data: {
            code: 'TOO_LARGE',
            neededBytes: BATCH_STEP * workspaceBytesPerNonce(raceClass),
            limitBytes: roomBytes,
          },
          metaMessages: ['Other programs may hold it.', 'Close them, or race in a smaller class.'],
        })
      }
      this.#batch = fit(this.#batch / 2)
    }
  }

  /** What the first layer of a batch is, and how long it takes. */
  async #measureLayer(batch: number): Promise<{ macs: number; ms: number }> {
    const { queue } = this.#kernels.device
    const arena = this.#kernels.arena()
    try {
      const workspace = createWorkspace(arena, this.raceClass, batch)
      const dispatches = await planLayer(arena, this.#planParams(batch, workspace), 0)
      const macs = dispatches.reduce((sum, dispatch) => sum + dispatch.macs, 0)
      let bestMs = Number.POSITIVE_INFINITY
      // The first run compiles; of two more, the one that nobody disturbed counts.
      for (let run = 0; run < 3; run++) {
        const startMs = performance.now()
        for (const dispatch of dispatches) this.#submitNow([dispatch])
        await this.#guard.wait(queue.onSubmittedWorkDone())
        if (run > 0) bestMs = Math.min(bestMs, performance.now() - startMs)
      }
      // Some browsers round clocks to 100 microseconds.
      return { macs, ms: Math.max(bestMs, 0.1) }
    } finally {
      arena.free()
    }
  }

  #copy(from: GPUBuffer, to: GPUBuffer, sizeBytes: number): void {
    const { device } = this.#kernels
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(from, 0, to, 0, sizeBytes)
    device.queue.submit([encoder.finish()])
  }

  /** Begins a call: the Race must be whole. */
  async #open(nodeSeed: NodeSeed): Promise<InputKey> {
    if (this.#isDisposed) throw disposed()
    this.#guard.check()
    return deriveInputKey(this.raceSeed, nodeSeed)
  }
}

/** The hits of a batch in their order, or undefined if there were more than `bytes` has room for. */
function readHits(bytes: ArrayBuffer, nonces: Uint32Array): readonly number[] | undefined {
  const [count = 0, ...places] = new Uint32Array(bytes)
  if (count > places.length) return undefined
  return places
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((place) => nonces[place]!)
}

/** One row of a tensor that lies in panels of 16 int8. */
function panelRow(
  panels: Int8Array,
  { row, rows, columns }: { row: number; rows: number; columns: number },
): Int8Array<ArrayBuffer> {
  const values = new Int8Array(columns)
  for (let panel = 0; panel < columns / 16; panel++) {
    const start = (panel * rows + row) * 16
    values.set(panels.subarray(start, start + 16), panel * 16)
  }
  return values
}

function split(nonces: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer>[] {
  return Array.from({ length: Math.ceil(nonces.length / size) }, (_, i) =>
    nonces.subarray(i * size, (i + 1) * size),
  )
}

async function pass({ signal, checkpoint }: RunOptions): Promise<void> {
  signal?.throwIfAborted()
  await checkpoint?.()
  signal?.throwIfAborted()
}

function disposed(): RacePathError {
  return new RacePathError('This Race was disposed of and cannot run any more.', {
    data: { code: 'DISPOSED' },
    metaMessages: ['Usually a stop overtook a batch.', 'Prepare the Race again.'],
  })
}
