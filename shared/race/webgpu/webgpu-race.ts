import { readStaging } from '../kernels/kernel-device.ts'
import { POSITIONS, type RaceClass } from '../race-class.ts'
import type { Evaluation, NonceBatch, PreparedRace, RunOptions, TraceEntry } from '../race-path.ts'
import { deriveInputKey, type InputKey, type NodeSeed, type RaceSeed } from '../seeds.ts'
import { hashArray } from '../trace-hash.ts'
import { tracedBuffers, type Workspace } from './batch-plan.ts'
import type { BatchSize } from './batch-size.ts'
import { BatchSubmitter } from './batch-submitter.ts'
import type { DeviceRace } from './device-race.ts'
import { readHits, readPanelRow } from './read-results.ts'

/** Hits that a batch sends back without being asked twice; 1 in 900 is expected. */
const HIT_ROOM = 64
/** Batches that the GPU has at once: it works on one while this side reads the hits of the other. */
const BATCHES_IN_FLIGHT = 2

/** A Race that is ready on a device: submits batches and reads back what was asked for. */
export class WebGpuRace implements PreparedRace {
  readonly raceClass: RaceClass
  readonly raceSeed: RaceSeed
  readonly batchNonces: number
  readonly #race: DeviceRace
  readonly #workspace: Workspace
  readonly #submitter: BatchSubmitter

  constructor(race: DeviceRace, size: BatchSize) {
    this.raceClass = race.raceClass
    this.raceSeed = race.raceSeed
    this.batchNonces = size.batch
    this.#race = race
    this.#workspace = size.workspace
    this.#submitter = new BatchSubmitter(race, size)
  }

  async findHits(batch: NonceBatch, options: RunOptions = {}): Promise<readonly number[]> {
    const inputKey = await this.#open(batch.nodeSeed)
    const parts = split(batch.nonces, this.batchNonces)
    const arena = this.#race.kernels.arena()
    const readings: Promise<readonly number[] | undefined>[] = []
    try {
      const stagings = Array.from({ length: BATCHES_IN_FLIGHT }, () =>
        arena.staging('hits read', 4 * (1 + HIT_ROOM)),
      )
      for (const [index, nonces] of parts.entries()) {
        // A staging buffer is free again once its batch has been read.
        await readings[index - BATCHES_IN_FLIGHT]
        const { batch: size } = await this.#submitter.submitBatch(inputKey, nonces, options)
        const staging = stagings[index % BATCHES_IN_FLIGHT]!
        const sizeBytes = 4 * Math.min(1 + HIT_ROOM, 1 + size)
        this.#copy(this.#workspace.hits, staging, sizeBytes)
        const reading = readStaging(staging, sizeBytes).then((bytes) => readHits(bytes, nonces))
        // It is awaited later; until then a lost device must not look like an error that nobody handles.
        reading.catch(() => undefined)
        readings.push(reading)
      }
      const found = await this.#race.guard.wait(Promise.all(readings))
      const hits: number[] = []
      for (const [index, nonces] of parts.entries()) {
        // More hits than luck brings: claims of a peer, say. They are run again and read whole.
        hits.push(...(found[index] ?? (await this.#findManyHits(batch.nodeSeed, nonces, options))))
      }
      return hits
    } catch (error) {
      await Promise.allSettled(readings)
      throw this.#race.guard.explain(error)
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
    const arena = this.#race.kernels.arena()
    try {
      let first = 0
      for (const nonces of split(batch.nonces, this.batchNonces)) {
        const { batch: size } = await this.#submitter.submitBatch(inputKey, nonces, options)
        const workspace = this.#workspace
        const [outputBytes, scoreBytes, hitBytes] = await this.#race.guard.wait(
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
          outputs.set(readPanelRow(panels, { row: i, rows: size, columns: width }), (first + i) * width)
          dots[first + i] = scores[2 * i]!
          squaredLengths[first + i] = scores[2 * i + 1]!
        }
        for (const place of places.slice(0, hitCount)) hits[first + place] = 1
        first += nonces.length
      }
      return { outputs, dots, squaredLengths, hits }
    } catch (error) {
      throw this.#race.guard.explain(error)
    } finally {
      arena.free()
    }
  }

  async trace(nodeSeed: NodeSeed, nonce: number, options: RunOptions = {}): Promise<readonly TraceEntry[]> {
    const inputKey = await this.#open(nodeSeed)
    const { width, feedForward, layers } = this.raceClass
    const arena = this.#race.kernels.arena()
    const trace: TraceEntry[] = []
    try {
      const plan = await this.#submitter.write(inputKey, Uint32Array.of(nonce))
      const workspace = this.#workspace
      // The nonce is the first of a batch that is empty otherwise.
      const read = async (buffer: GPUBuffer, positions: number, columns: number): Promise<string> => {
        const rows = positions * plan.batch
        const panels = new Int8Array(await this.#race.guard.wait(arena.read(buffer, rows * columns)))
        const values = new Int8Array(positions * columns)
        for (let position = 0; position < positions; position++) {
          const row = readPanelRow(panels, { row: position * plan.batch, rows, columns })
          values.set(row, position * columns)
        }
        return hashArray(values)
      }
      await this.#submitter.submit([...plan.embed], options)
      trace.push({ layer: -1, name: 'input', sha256: await read(workspace.stream, POSITIONS, width) })
      for (const [layer, dispatches] of plan.layers.entries()) {
        await this.#submitter.streamWeights(layer)
        await this.#submitter.submit(dispatches, options)
        const isLast = layer === layers - 1
        for (const [name, buffer] of tracedBuffers(workspace, { isLast })) {
          const isWhole = !isLast || name === 'key' || name === 'value'
          const columns = name === 'hidden' ? feedForward : width
          trace.push({ layer, name, sha256: await read(buffer, isWhole ? POSITIONS : 1, columns) })
        }
      }
      return trace
    } catch (error) {
      throw this.#race.guard.explain(error)
    } finally {
      arena.free()
    }
  }

  dispose(): void {
    this.#submitter.stop()
    // Nothing is left to free the second time.
    this.#race.arena.free()
  }

  async #findManyHits(
    nodeSeed: NodeSeed,
    nonces: Uint32Array<ArrayBuffer>,
    options: RunOptions,
  ): Promise<readonly number[]> {
    const { hits } = await this.evaluate({ nodeSeed, nonces }, options)
    return [...nonces].filter((_, i) => hits[i] === 1)
  }

  #copy(from: GPUBuffer, to: GPUBuffer, sizeBytes: number): void {
    const { device } = this.#race.kernels
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(from, 0, to, 0, sizeBytes)
    device.queue.submit([encoder.finish()])
  }

  /** Begins a call: the Race must be whole. */
  async #open(nodeSeed: NodeSeed): Promise<InputKey> {
    this.#submitter.check()
    return deriveInputKey(this.raceSeed, nodeSeed)
  }
}

function split(nonces: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer>[] {
  return Array.from({ length: Math.ceil(nonces.length / size) }, (_, i) =>
    nonces.subarray(i * size, (i + 1) * size),
  )
}
