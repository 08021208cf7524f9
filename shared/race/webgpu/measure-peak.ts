import { encode, type KernelDevice } from '../kernels/kernel-device.ts'
import { peak, peakMacs, peakResultBytes } from '../kernels/peak/peak.ts'
import type { LossGuard } from './loss-guard.ts'

/** Long enough that the launch does not count, and below the 100 ms that a dispatch may take. */
const WANTED_MS = 20
const RUNS = 5
/** Fills the largest devices several times over. */
const WORKGROUPS = 8_192
/** A device that is slower than this is a software adapter, for which fewer workgroups are plenty. */
const FEW_WORKGROUPS = 64

/** Multiply-accumulates per second of int8 products on registers alone, the best of a few runs. */
export async function measureDevicePeak(
  kernels: KernelDevice,
  guard: LossGuard,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { device } = kernels
  const arena = kernels.arena()
  try {
    const buffer = arena.storage('peak', peakResultBytes({ workgroups: WORKGROUPS, rounds: 1 }))
    const time = async (workgroups: number, rounds: number): Promise<{ ms: number; rate: number }> => {
      signal?.throwIfAborted()
      const shape = { workgroups, rounds }
      const dispatch = await arena.prepare(peak, shape, [buffer])
      const encoder = device.createCommandEncoder()
      encode(encoder, [dispatch])
      const startMs = performance.now()
      device.queue.submit([encoder.finish()])
      await guard.wait(device.queue.onSubmittedWorkDone())
      // Some browsers round clocks to 100 microseconds.
      const ms = Math.max(0.1, performance.now() - startMs)
      return { ms, rate: (peakMacs(shape) / ms) * 1000 }
    }
    await time(FEW_WORKGROUPS, 1)
    const small = await time(FEW_WORKGROUPS, 1)
    const workgroups = small.ms > 1 ? FEW_WORKGROUPS : WORKGROUPS
    let rounds = 1
    for (
      let { ms } = await time(workgroups, rounds);
      ms < WANTED_MS;
      { ms } = await time(workgroups, rounds)
    ) {
      rounds *= Math.max(2, Math.min(8, Math.floor(WANTED_MS / ms)))
    }
    let best = 0
    for (let run = 0; run < RUNS; run++) best = Math.max(best, (await time(workgroups, rounds)).rate)
    return best
  } finally {
    arena.free()
  }
}
