import { generateInputs } from '../kernels/generate/generate.ts'
import type { PreparedDispatch } from '../kernels/kernel-device.ts'
import { score } from '../kernels/score/score.ts'
import { POSITIONS } from '../race-class.ts'
import { RacePathError } from '../race-path-error.ts'
import type { RunOptions } from '../race-path.ts'
import type { InputKey } from '../seeds.ts'
import { BATCH_STEP, planBatch, type BatchPlan, type PlannedDispatch } from './batch-plan.ts'
import type { BatchSize } from './batch-size.ts'
import type { DeviceRace } from './device-race.ts'
import { submitDispatches } from './submit-dispatches.ts'

/** What a submission may take: a user's request waits for one that runs and one that is queued. */
const SUBMISSION_MS = 40

/** Gives batches to the device in pieces that leave room for others on it. */
export class BatchSubmitter {
  readonly #race: DeviceRace
  readonly #size: BatchSize
  /** One plan for each size of batch; they share one workspace. */
  readonly #plans = new Map<number, BatchPlan>()
  #isStopped = false
  /** The submission that was made before the last one. */
  #previous: Promise<unknown> = Promise.resolve()

  constructor(race: DeviceRace, size: BatchSize) {
    this.#race = race
    this.#size = size
  }

  /** Submits one batch, of at most the measured size; returns before the last piece is done. */
  async submitBatch(
    inputKey: InputKey,
    nonces: Uint32Array<ArrayBuffer>,
    options: RunOptions,
  ): Promise<BatchPlan> {
    const plan = await this.write(inputKey, nonces)
    let piece: PlannedDispatch[] = [...plan.embed]
    let macs = 0
    for (const [layer, dispatches] of plan.layers.entries()) {
      if (!this.#race.weights.isResident) {
        await this.submit(piece, options)
        piece = []
        macs = 0
        await this.streamWeights(layer)
      }
      for (const dispatch of dispatches) {
        if (macs > 0 && macs + dispatch.macs > SUBMISSION_MS * this.#size.macsPerMs) {
          await this.submit(piece, options)
          piece = []
          macs = 0
        }
        piece.push(dispatch)
        macs += dispatch.macs
      }
    }
    await this.submit([...piece, plan.score], options)
    return plan
  }

  /** Writes what a batch is about, and returns the plan of its size. */
  async write(inputKey: InputKey, nonces: Uint32Array<ArrayBuffer>): Promise<BatchPlan> {
    const { width, hitNumerator } = this.#race.raceClass
    const { workspace } = this.#size
    const plan = await this.#planFor(nonces.length)
    const { queue } = this.#race.kernels.device
    const { batch } = plan
    const padded = new Uint32Array(batch)
    padded.set(nonces)
    queue.writeBuffer(workspace.nonces, 0, padded)
    queue.writeBuffer(workspace.hits, 0, new Uint32Array(1))
    const inputs = { key: inputKey, batch, width, positions: POSITIONS }
    queue.writeBuffer(plan.generate.uniforms, 0, generateInputs.uniforms(inputs))
    const scoring = { key: inputKey, width, batch, count: nonces.length, hitNumerator }
    queue.writeBuffer(plan.score.uniforms, 0, score.uniforms(scoring))
    return plan
  }

  /** Runs dispatches once at most one submission is still in work; the checkpoint comes first. */
  async submit(dispatches: readonly PreparedDispatch[], options: RunOptions): Promise<void> {
    await pass(options)
    // Others may have stopped this Race meanwhile.
    this.#throwIfStopped()
    const { device } = this.#race.kernels
    submitDispatches(device, dispatches)
    const done = device.queue.onSubmittedWorkDone()
    done.catch(() => undefined)
    await this.#race.guard.wait(this.#previous)
    this.#previous = done
  }

  /** Makes a layer's weights, unless all are kept. */
  async streamWeights(layer: number): Promise<void> {
    const { weights, kernels } = this.#race
    if (weights.isResident) return
    kernels.device.queue.submit([await weights.generate(layer)])
  }

  /** @throws RacePathError `DISPOSED` after {@link stop}, `DEVICE_LOST` if the device is gone */
  check(): void {
    this.#throwIfStopped()
    this.#race.guard.check()
  }

  /** Nothing is submitted from now on. */
  stop(): void {
    this.#isStopped = true
  }

  /** Few nonces in a plan for many would waste the device: there is one for each power of two. */
  async #planFor(count: number): Promise<BatchPlan> {
    const batch = Math.min(
      this.#size.batch,
      BATCH_STEP * 2 ** Math.ceil(Math.log2(Math.max(1, count / BATCH_STEP))),
    )
    const known = this.#plans.get(batch)
    if (known !== undefined) return known
    const plan = await planBatch(this.#race.arena, { ...this.#race, ...this.#size, batch })
    this.#plans.set(batch, plan)
    return plan
  }

  #throwIfStopped(): void {
    if (!this.#isStopped) return
    throw new RacePathError('This Race was disposed of and cannot run any more.', {
      data: { code: 'DISPOSED' },
      metaMessages: ['Usually a stop overtook a batch.', 'Prepare the Race again.'],
    })
  }
}

async function pass({ signal, checkpoint }: RunOptions): Promise<void> {
  signal?.throwIfAborted()
  await checkpoint?.()
  signal?.throwIfAborted()
}
