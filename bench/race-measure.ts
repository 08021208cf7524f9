import { gemmInt8 } from '../shared/race/kernels/gemm-int8/gemm-int8.ts'
import { encode, type KernelDevice } from '../shared/race/kernels/kernel-device.ts'
import { countMultiplyAccumulates, RACE_CLASSES, type RaceClassName } from '../shared/race/race-class.ts'
import { nonceRange, type RacePath } from '../shared/race/race-path.ts'
import { deriveNodeSeed, deriveRaceSeed } from '../shared/race/seeds.ts'
import { compileRaceModule, startLaneHere, type StartLane } from '../shared/race/wasm/wasm-lane.ts'
import { median, round4 } from './statistics.ts'

/** Rates are 10^9 multiply-accumulates per second. */
export interface PathFigures {
  readonly name: string
  readonly adapter: string
  /** A software adapter shows that the code runs; its speed says nothing about GPUs. */
  readonly isSoftware: boolean
  readonly peakGmacs: number
  readonly gemmGmacs: number
  /** Medians of the ratios within each round: what else runs on the machine touches both sides alike. */
  readonly gemmShareOfPeak: number
  readonly classes: readonly ClassFigures[]
}

export interface ClassFigures {
  readonly name: RaceClassName
  readonly batchNonces: number
  readonly rounds: number
  readonly noncesPerSecond: number
  /** Per second that a core spent on it, where the program can tell: what an idle machine would do by the clock. */
  readonly noncesPerCoreSecond: number | null
  /** By core seconds where they are known, else by the clock. */
  readonly gmacs: number
  readonly shareOfGemm: number
  readonly prepareSeconds: number
}

export interface MeasurePlan {
  readonly path: RacePath
  readonly isSoftware: boolean
  /** Runs the path's int8 product for some milliseconds and returns the multiply-accumulates that it did. */
  readonly gemm: () => Promise<number>
  /** The same of int8 products on registers; without it the path measures its peak itself. */
  readonly peak?: (() => Promise<number>) | undefined
  /**
   * Seconds that all threads of this program have worked, and how many of them do the work. On a shared machine the clock would
   * measure the neighbours; where the program cannot tell, the clock it is.
   */
  readonly cores?: { readonly count: number; readonly seconds: () => number } | undefined
  /** Classes with the rounds of each; a round is one batch, or as many as take a tenth of a second. */
  readonly classes: Partial<Record<RaceClassName, number>>
}

/** Nonces are never run twice, so that nothing could be kept from the round before. */
let nextNonce = 0

/** Measures peak, product and Race in turn, round by round, and reports medians. */
export async function measurePath({
  path,
  isSoftware,
  gemm,
  peak,
  classes,
  cores,
}: MeasurePlan): Promise<PathFigures> {
  /** Multiply-accumulates per second of what `work` does, by the clock and by core seconds. */
  const rate = async (work: () => Promise<number>): Promise<{ wall: number; core: number }> => {
    const startMs = performance.now()
    const coreStart = cores?.seconds() ?? 0
    const macs = await work()
    const wall = (macs * 1000) / (performance.now() - startMs)
    return { wall, core: cores === undefined ? wall : (macs * cores.count) / (cores.seconds() - coreStart) }
  }
  const measurePeak = async (): Promise<number> => {
    if (peak !== undefined) return (await rate(peak)).core
    if (path.measurePeak !== undefined) return path.measurePeak()
    throw new Error(`${path.name} measures no peak`)
  }
  const peaks: number[] = []
  const gemms: number[] = []
  const gemmShares: number[] = []
  const figures: ClassFigures[] = []
  await gemm()
  for (const [name, rounds] of Object.entries(classes) as [RaceClassName, number][]) {
    const raceClass = RACE_CLASSES[name]
    const macs = countMultiplyAccumulates(raceClass)
    const raceSeed = await deriveRaceSeed(new Uint8Array(32).fill(11), raceClass)
    const nodeSeed = await deriveNodeSeed(new Uint8Array(32).fill(12))
    const startMs = performance.now()
    const race = await path.prepare({ raceClass, raceSeed })
    const prepareSeconds = (performance.now() - startMs) / 1000
    const run = async (): Promise<number> => {
      const runStartMs = performance.now()
      let nonces = 0
      do {
        await race.findHits({ nodeSeed, nonces: nonceRange(nextNonce, race.batchNonces) })
        nextNonce += race.batchNonces
        nonces += race.batchNonces
      } while (performance.now() - runStartMs < 100)
      return nonces * macs
    }
    const walls: number[] = []
    const rates: number[] = []
    const shares: number[] = []
    try {
      await run()
      for (let round = 0; round < rounds; round++) {
        const limit = await measurePeak()
        const product = (await rate(gemm)).core
        const raced = await rate(run)
        peaks.push(limit)
        gemms.push(product)
        gemmShares.push(product / limit)
        walls.push(raced.wall)
        rates.push(raced.core)
        shares.push(raced.core / product)
      }
    } finally {
      race.dispose()
    }
    figures.push({
      name,
      batchNonces: race.batchNonces,
      rounds,
      noncesPerSecond: round4(median(walls) / macs),
      noncesPerCoreSecond: cores === undefined ? null : round4(median(rates) / macs / cores.count),
      gmacs: round4(median(rates) / 1e9),
      shareOfGemm: round4(median(shares)),
      prepareSeconds: round4(prepareSeconds),
    })
  }
  return {
    name: path.name,
    adapter: path.adapter,
    isSoftware,
    peakGmacs: round4(median(peaks) / 1e9),
    gemmGmacs: round4(median(gemms) / 1e9),
    gemmShareOfPeak: round4(median(gemmShares)),
    classes: figures,
  }
}

/** As in shared/race/wasm/assembly/gemm.ts. */
const PEAK_MACS_PER_ITERATION = 96

/** The shape of the gate's product for 16 nonces: most of a layer's work. */
const WASM_SHAPE = { rows: 64, n: 4_096, k: 512 }

/** The product and the peak of the WebAssembly path on their own, on each of `count` lanes at once. */
export async function createWasmGemm(
  threads: { readonly count: number; readonly startLane: StartLane } | undefined,
): Promise<{ gemm: () => Promise<number>; peak: () => Promise<number>; stop: () => Promise<void> }> {
  const { rows, n, k } = WASM_SHAPE
  const count = threads?.count ?? 1
  const isShared = threads !== undefined
  const module = await compileRaceModule({ isShared })
  const laneBytes = Math.ceil((2 * rows * k + n * k + 4 * rows * n + 64) / 65_536) * 65_536
  const pages = 1 + (count * laneBytes) / 65_536
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared })
  const lanes = await Promise.all(
    Array.from({ length: count }, () => (threads?.startLane ?? startLaneHere)(module, memory)),
  )
  return {
    async gemm() {
      const repeats = 4
      await Promise.all(
        lanes.map(async (lane, i) => {
          const activations = 65_536 + i * laneBytes
          const tensor = activations + 2 * rows * k
          const args = [activations, rows, tensor, n, k, tensor + n * k]
          for (let repeat = 0; repeat < repeats; repeat++) await lane.call('gemm', args)
        }),
      )
      return count * repeats * rows * n * k
    },
    async peak() {
      const iterations = 5_000_000
      await Promise.all(lanes.map((lane) => lane.call('measurePeak', [iterations])))
      return count * iterations * PEAK_MACS_PER_ITERATION
    },
    async stop() {
      await Promise.all(lanes.map((lane) => lane.stop()))
    },
  }
}

/** The product of the GPU path on its own, as wide as a gate and with as many rows as take a few milliseconds. */
export async function createGpuGemm(
  kernels: KernelDevice,
): Promise<{ gemm: () => Promise<number>; stop: () => Promise<void> }> {
  const { device } = kernels
  const [n, k] = [8_192, 512]
  const arena = kernels.arena()
  const prepare = async (m: number): Promise<() => Promise<number>> => {
    const buffers = [arena.storage('a', m * k), arena.storage('b', n * k), arena.storage('c', 4 * m * n)]
    const dispatch = await arena.prepare(gemmInt8, { m, n, k }, buffers)
    return async () => {
      const encoder = device.createCommandEncoder()
      encode(encoder, [dispatch])
      device.queue.submit([encoder.finish()])
      await device.queue.onSubmittedWorkDone()
      return m * n * k
    }
  }
  const timeMs = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now()
    await work()
    return performance.now() - startMs
  }
  let m = 32
  let gemm = await prepare(m)
  await gemm()
  // 4,096 rows of sums are 128 MiB, the least that a device must bind.
  while (m < 4_096 && (await timeMs(gemm)) < 10) {
    m *= 2
    gemm = await prepare(m)
    await gemm()
  }
  return {
    gemm,
    stop: () => {
      arena.free()
      return Promise.resolve()
    },
  }
}
