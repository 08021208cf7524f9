// `npm run bench:kernels -- --json`: every kernel on its own at shapes of the Race and of a language model, beside what
// the same device multiplies on registers and copies between buffers, measured in the same round. The last line is
// one JSON object.
import { parseArgs } from 'node:util'
import { openNodeGpu } from '../node/race/open-node-gpu.ts'
import { attention } from '../shared/race/kernels/attention/attention.ts'
import { gemmGated } from '../shared/race/kernels/gemm-gated/gemm-gated.ts'
import { gemmInt8, gemmRequantised } from '../shared/race/kernels/gemm-int8/gemm-int8.ts'
import { gemvInt8 } from '../shared/race/kernels/gemv-int8/gemv-int8.ts'
import { encode, type BufferArena, type PreparedDispatch } from '../shared/race/kernels/kernel-device.ts'
import type { KernelSpec } from '../shared/race/kernels/kernel-spec.ts'
import { normResidual, normSums } from '../shared/race/kernels/norm/norm.ts'
import { requantise } from '../shared/race/kernels/requantise/requantise.ts'
import { softmax } from '../shared/race/kernels/softmax/softmax.ts'
import { openWebGpuPath } from '../shared/race/webgpu/open-webgpu-path.ts'
import { machine } from './machine.ts'
import { median, percentile, round4 } from './statistics.ts'

const ROUNDS = 10
/** Dispatches of one sample together take at least this long, so that the launch does not count. */
const SAMPLE_MS = 5
const MOST_REPEATS = 256
const COPY_BYTES = 32 << 20

interface Case {
  /** Kernel and shape. */
  readonly id: string
  readonly prepare: (arena: BufferArena) => Promise<PreparedDispatch>
  /** Multiply-accumulates, where the kernel is made of them. */
  readonly macs: number | null
  /** Bytes that one dispatch must read and write at least. */
  readonly bytes: number
}

interface KernelFigures {
  readonly id: string
  readonly medianMs: number
  readonly p95Ms: number
  readonly gmacs: number | null
  /** Of int8 products on registers alone. */
  readonly shareOfPeak: number | null
  readonly gigabytesPerSecond: number
  /** Of a copy between two buffers, which reads and writes as well. */
  readonly shareOfCopy: number
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const gpu = await openNodeGpu()
if (gpu === null) {
  console.error(
    'There is no GPU adapter for Node. Install a Vulkan driver, or set VK_ICD_FILENAMES to the one of Chromium.',
  )
  process.exit(1)
}
const path = await openWebGpuPath(gpu)
const { kernels } = path
const arena = kernels.arena()
const { isFallbackAdapter } = gpu.adapter.info
const figures: KernelFigures[] = []
try {
  for (const one of cases()) {
    const measured = await measure(one)
    figures.push(measured)
    if (!values.json) console.log(JSON.stringify(measured))
  }
} finally {
  arena.free()
  await path.dispose()
  gpu.close()
}
console.log(
  JSON.stringify({
    machine: machine(),
    adapter: path.adapter,
    // A software adapter's speed says nothing about GPUs.
    isSoftware: isFallbackAdapter,
    dot4: kernels.dot4,
    kernels: figures,
  }),
)
process.exit()

function cases(): Case[] {
  const norm = (n: number): number => Math.round(32 * Math.sqrt(n) * 2 ** 16)
  const product = (m: number, n: number, k: number) => ({ macs: m * n * k, bytes: m * k + n * k + 4 * m * n })
  return [
    kernelCase(gemmInt8, 'large', { m: 256, n: 2048, k: 512 }, [256 * 512, 2048 * 512, 4 * 256 * 2048], {
      ...product(256, 2048, 512),
    }),
    kernelCase(
      gemmRequantised,
      'large',
      { m: 256, n: 2048, k: 512, shift: 11 },
      [256 * 512, 2048 * 512, 256 * 2048],
      { macs: 256 * 2048 * 512, bytes: 256 * 512 + 2048 * 512 + 256 * 2048 },
    ),
    kernelCase(
      gemmGated,
      'gate and up',
      { m: 256, n: 2048, k: 512, projectionShift: 11, productShift: 6 },
      [256 * 512, 2048 * 512, 2048 * 512, 256 * 2048],
      { macs: 2 * 256 * 2048 * 512, bytes: 256 * 512 + 2 * 2048 * 512 + 256 * 2048 },
    ),
    kernelCase(gemvInt8, 'one token', { n: 4096, k: 4096 }, [4096, 4096 * 4096, 4 * 4096], {
      macs: 4096 * 4096,
      bytes: 4096 + 4096 * 4096 + 4 * 4096,
    }),
    kernelCase(
      attention,
      'the Race, 256 nonces',
      raceAttention(256),
      [1024 * 512, 1024 * 512, 1024 * 512, 1024 * 512],
      { macs: 2 * 4 * 4 * 512 * 256, bytes: 4 * 1024 * 512 },
    ),
    kernelCase(
      attention,
      'one token over 2,048 keys',
      {
        queries: 1,
        heads: 32,
        headDimension: 64,
        keys: 2048,
        sequences: 1,
        sequenceStride: 2048,
        keyStride: 1,
        cacheRows: 2048,
        scoreShift: 9,
      },
      [2048, 2048 * 2048, 2048 * 2048, 2048],
      { macs: 2 * 2048 * 2048, bytes: 2 * 2048 * 2048 + 2 * 2048 },
    ),
    kernelCase(
      normSums,
      'rows of 512',
      { rows: 1024, n: 512, normConstant: norm(512) },
      [1024 * 512, 4 * 1024 * 512],
      { macs: null, bytes: 5 * 1024 * 512 },
    ),
    kernelCase(
      normResidual,
      'rows of 512',
      { rows: 1024, n: 512, normConstant: norm(512) },
      [1024 * 512, 1024 * 512, 1024 * 512],
      { macs: null, bytes: 3 * 1024 * 512 },
    ),
    kernelCase(
      softmax,
      'rows of 2,048',
      { rows: 512, n: 2048, scoreShift: 9 },
      [4 * 512 * 2048, 4 * 512 * 2048],
      { macs: null, bytes: 8 * 512 * 2048 },
    ),
    kernelCase(requantise, 'rows of 2,048', { rows: 512, n: 2048, shift: 11 }, [4 * 512 * 2048, 512 * 2048], {
      macs: null,
      bytes: 5 * 512 * 2048,
    }),
  ]
}

/** As the Race runs it: positions before nonces, heads of 4 over 4 positions. */
function raceAttention(nonces: number) {
  return {
    queries: 4 * nonces,
    heads: 128,
    headDimension: 4,
    keys: 4,
    sequences: nonces,
    sequenceStride: 1,
    keyStride: nonces,
    cacheRows: 4 * nonces,
    scoreShift: 9,
  }
}

/** @param bufferBytes sizes of the storage buffers in the order of the kernel's docstring */
function kernelCase<Params extends object>(
  spec: KernelSpec<Params>,
  label: string,
  params: Params,
  bufferBytes: readonly number[],
  work: Pick<Case, 'macs' | 'bytes'>,
): Case {
  return {
    id: `${spec.name} ${label} ${JSON.stringify(params)}`,
    prepare: (owner) =>
      owner.prepare(
        spec,
        params,
        bufferBytes.map((bytes) => owner.storage(spec.name, bytes)),
      ),
    ...work,
  }
}

async function measure({ id, prepare, macs, bytes }: Case): Promise<KernelFigures> {
  const own = kernels.arena()
  try {
    const dispatch = await prepare(own)
    const run = (repeats: number): Promise<number> =>
      submit((encoder) => encode(encoder, Array<PreparedDispatch>(repeats).fill(dispatch)))
    await run(1)
    let repeats = 1
    while (repeats < MOST_REPEATS && (await run(repeats)) < SAMPLE_MS) repeats *= 2
    const [from, to] = [own.storage('from', COPY_BYTES), own.storage('to', COPY_BYTES)]
    const copy = (): Promise<number> =>
      submit((encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, COPY_BYTES))
    await copy()
    const times: number[] = []
    const sharesOfPeak: number[] = []
    const sharesOfCopy: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const copyMs = await copy()
      const ms = (await run(repeats)) / repeats
      times.push(ms)
      sharesOfCopy.push(bytes / ms / ((2 * COPY_BYTES) / copyMs))
      if (macs === null) continue
      if (path.measurePeak === undefined) throw new Error(`${path.name} measures no peak`)
      sharesOfPeak.push((macs / ms) * (1000 / (await path.measurePeak())))
    }
    const medianMs = median(times)
    return {
      id,
      medianMs: round4(medianMs),
      p95Ms: round4(percentile(times, 0.95)),
      gmacs: macs === null ? null : round4(macs / medianMs / 1e6),
      shareOfPeak: macs === null ? null : round4(median(sharesOfPeak)),
      gigabytesPerSecond: round4(bytes / medianMs / 1e6),
      shareOfCopy: round4(median(sharesOfCopy)),
    }
  } finally {
    own.free()
  }
}

/** Milliseconds until the device has done what `write` encodes. */
async function submit(write: (encoder: GPUCommandEncoder) => void): Promise<number> {
  const { device } = kernels
  const encoder = device.createCommandEncoder()
  write(encoder)
  const startMs = performance.now()
  device.queue.submit([encoder.finish()])
  await device.queue.onSubmittedWorkDone()
  return performance.now() - startMs
}
