import { POSITIONS } from '../race-class.ts'
import {
  BATCH_STEP,
  createWorkspace,
  planLayer,
  workspaceBytesPerNonce,
  type Workspace,
} from './batch-plan.ts'
import { outOfMemory, tryAllocate } from './device-memory.ts'
import type { DeviceRace } from './device-race.ts'
import { submitDispatches } from './submit-dispatches.ts'

/** Aim for one layer of a batch: far above the cost of its dozen launches, and no dispatch of it near the limit. */
const LAYER_MS = 20
/** How much a batch grows from one measurement to the next. */
const GROWTH = { least: 1.5, most: 8 }
const MAX_BATCH = 4_096
/** Until a device is measured: 5 GMAC/s is below every GPU, and software adapters are slower still. */
const FIRST_GUESS_MACS_PER_MS = 5e6

/** What a device does at once, as measured on it. */
export interface BatchSize {
  /** Nonces, a multiple of {@link BATCH_STEP}. */
  readonly batch: number
  readonly workspace: Workspace
  readonly macsPerMs: number
}

/**
 * Measures the device on the first layer, with more nonces until there are enough, and makes room for them.
 * @param roomBytes that the workspace may take
 * @throws RacePathError `TOO_LARGE` if the device has no memory for the smallest batch
 */
export async function chooseBatch(
  race: DeviceRace,
  roomBytes: number,
  signal: AbortSignal | undefined,
): Promise<BatchSize> {
  const { raceClass, arena } = race
  const { device } = race.kernels
  const { width, feedForward } = raceClass
  const largestArray = POSITIONS * Math.max(feedForward, 4 * width)
  const largest = Math.min(
    MAX_BATCH,
    roomBytes / workspaceBytesPerNonce(raceClass),
    device.limits.maxStorageBufferBindingSize / largestArray,
  )
  const fit = (nonces: number): number =>
    Math.max(BATCH_STEP, Math.floor(Math.min(nonces, largest) / BATCH_STEP) * BATCH_STEP)
  let batch = BATCH_STEP
  let macsPerMs = FIRST_GUESS_MACS_PER_MS
  for (;;) {
    signal?.throwIfAborted()
    const { macs, ms } = await measureLayer(race, batch, macsPerMs)
    macsPerMs = macs / ms
    const next = fit(batch * Math.min(GROWTH.most, LAYER_MS / ms))
    if (next < GROWTH.least * batch) break
    batch = next
  }
  for (;;) {
    const size = batch
    const workspace = await tryAllocate(device, () => createWorkspace(arena, raceClass, size))
    if (workspace !== undefined) return { batch, workspace, macsPerMs }
    if (batch === BATCH_STEP) {
      throw outOfMemory('a batch', BATCH_STEP * workspaceBytesPerNonce(raceClass), roomBytes)
    }
    batch = fit(batch / 2)
  }
}

/** What the first layer of a batch is, and how long it takes. */
async function measureLayer(
  race: DeviceRace,
  batch: number,
  macsPerMs: number,
): Promise<{ macs: number; ms: number }> {
  const { kernels, guard, raceClass } = race
  const { device } = kernels
  const arena = kernels.arena()
  try {
    const workspace = createWorkspace(arena, raceClass, batch)
    const dispatches = await planLayer(arena, { ...race, batch, workspace, macsPerMs }, 0)
    const macs = dispatches.reduce((sum, dispatch) => sum + dispatch.macs, 0)
    let bestMs = Number.POSITIVE_INFINITY
    // The first run compiles; of two more, the one that nobody disturbed counts.
    for (let run = 0; run < 3; run++) {
      const startMs = performance.now()
      for (const dispatch of dispatches) submitDispatches(device, [dispatch])
      await guard.wait(device.queue.onSubmittedWorkDone())
      if (run > 0) bestMs = Math.min(bestMs, performance.now() - startMs)
    }
    // Some browsers round clocks to 100 microseconds.
    return { macs, ms: Math.max(bestMs, 0.1) }
  } finally {
    arena.free()
  }
}
