import { attention } from '../kernels/attention/attention.ts'
import { gemmGated } from '../kernels/gemm-gated/gemm-gated.ts'
import { gemmInt8, gemmOutput, gemmRequantised, type GemmShape } from '../kernels/gemm-int8/gemm-int8.ts'
import { generateInputs, generateWeights } from '../kernels/generate/generate.ts'
import type { BufferArena, KernelDevice, PreparedDispatch } from '../kernels/kernel-device.ts'
import type { KernelSpec } from '../kernels/kernel-spec.ts'
import { normInt8, normResidual, normSums } from '../kernels/norm/norm.ts'
import { score } from '../kernels/score/score.ts'
import { HEAD_DIMENSION, POSITIONS, type RaceClass } from '../race-class.ts'
import type { TraceName } from '../race-path.ts'
import type { DeviceWeights } from './device-weights.ts'

/** A dispatch may not run longer than 100 ms (design, section 12); half of it is left for a device that slows down. */
const DISPATCH_MS = 50

/** Batches have a multiple of so many nonces: tiles of the products have four rows. */
export const BATCH_STEP = 4

/** The buffers of a batch. Rows are position-major: row `position * batch + nonce`. */
export interface Workspace {
  readonly nonces: GPUBuffer
  readonly input: GPUBuffer
  readonly stream: GPUBuffer
  readonly query: GPUBuffer
  readonly key: GPUBuffer
  readonly value: GPUBuffer
  readonly context: GPUBuffer
  readonly sums: GPUBuffer
  readonly attentionBranch: GPUBuffer
  readonly middle: GPUBuffer
  readonly hidden: GPUBuffer
  readonly feedForwardBranch: GPUBuffer
  readonly output: GPUBuffer
  readonly scores: GPUBuffer
  readonly hits: GPUBuffer
}

/** Bytes of a {@link Workspace} for each nonce. */
export function workspaceBytesPerNonce({ width, feedForward }: RaceClass): number {
  return POSITIONS * (9 * width + 4 * width + feedForward) + width + 16
}

/** @param batch nonces, a multiple of {@link BATCH_STEP} */
export function createWorkspace(
  arena: BufferArena,
  { width, feedForward }: RaceClass,
  batch: number,
): Workspace {
  const rows = POSITIONS * batch
  const int8 = (label: string, columns = width): GPUBuffer => arena.storage(label, rows * columns)
  return {
    nonces: arena.storage('nonces', 4 * batch),
    input: int8('input'),
    stream: int8('stream'),
    query: int8('query'),
    key: int8('key'),
    value: int8('value'),
    context: int8('context'),
    sums: arena.storage('sums', 4 * rows * width),
    attentionBranch: int8('attention branch'),
    middle: int8('middle'),
    hidden: int8('hidden', feedForward),
    feedForwardBranch: int8('feed-forward branch'),
    output: arena.storage('output', batch * width),
    scores: arena.storage('scores', 8 * batch),
    hits: arena.storage('hits', 4 * (1 + batch)),
  }
}

/** A dispatch with the multiply-accumulates that it is predicted by. */
export interface PlannedDispatch extends PreparedDispatch {
  readonly macs: number
}

/** All dispatches of one batch. */
export interface BatchPlan {
  readonly batch: number
  readonly generate: PreparedDispatch
  readonly embed: readonly PlannedDispatch[]
  readonly layers: readonly (readonly PlannedDispatch[])[]
  readonly score: PreparedDispatch
}

/** The buffers that a trace reads after a layer, in the order of docs/race.md, section 8. */
export function tracedBuffers(
  workspace: Workspace,
  { isLast }: { isLast: boolean },
): readonly (readonly [name: TraceName, buffer: GPUBuffer])[] {
  const common = [
    ['query', workspace.query],
    ['key', workspace.key],
    ['value', workspace.value],
    ['context', workspace.context],
    ['attention', workspace.attentionBranch],
    ['middle', workspace.middle],
    ['hidden', workspace.hidden],
  ] as const
  if (isLast) return [...common, ['output', workspace.output]]
  return [...common, ['feed-forward', workspace.feedForwardBranch], ['stream', workspace.stream]]
}

export interface PlanParams {
  readonly raceClass: RaceClass
  /** Nonces, a multiple of {@link BATCH_STEP}. */
  readonly batch: number
  readonly workspace: Workspace
  readonly weights: Pick<DeviceWeights, 'target' | 'tensors'>
  /** What the device does in a millisecond: dispatches are cut by it as far as whole tiles allow. */
  readonly macsPerMs: number
  /** See {@link NormShape.brokenRounding}. */
  readonly brokenRounding?: number | undefined
}

/** Binds every dispatch of a batch; running it creates nothing. @throws KernelError */
export async function planBatch(arena: BufferArena, params: PlanParams): Promise<BatchPlan> {
  const { raceClass, batch, workspace, weights } = params
  const { width, layers, hitNumerator, normConstant } = raceClass
  const rows = POSITIONS * batch
  // The key, and how many nonces count, are written before each run.
  const key = new Uint8Array(32)
  const [generate, embedNorm, scoring] = await Promise.all([
    arena.prepare(
      generateInputs,
      { key, batch, width, positions: POSITIONS },
      [workspace.nonces, workspace.input],
      { hasOwnUniforms: true },
    ),
    arena.prepare(normInt8, { rows, n: width, normConstant, brokenRounding: params.brokenRounding }, [
      workspace.stream,
      workspace.input,
    ]),
    arena.prepare(
      score,
      { key, width, batch, count: batch, hitNumerator },
      [workspace.nonces, workspace.output, weights.target, workspace.scores, workspace.hits],
      { hasOwnUniforms: true },
    ),
  ])
  const planned: PlannedDispatch[][] = []
  for (let layer = 0; layer < layers; layer++) planned.push(await planLayer(arena, params, layer))
  return {
    batch,
    generate,
    embed: [
      { ...generate, macs: 0 },
      { ...embedNorm, macs: 0 },
    ],
    layers: planned,
    score: scoring,
  }
}

/** Compiles all kernels of a batch side by side, which the plans would do one after the other. @throws KernelError */
export async function compileKernels(
  kernels: KernelDevice,
  brokenRounding: number | undefined,
): Promise<void> {
  const specs = [
    attention,
    gemmGated,
    gemmInt8,
    gemmOutput,
    gemmRequantised,
    generateInputs,
    generateWeights,
    score,
  ]
  // None of these has constants, and those of the norms do not depend on the shape.
  const shape = {} as never
  const norms = [normInt8, normResidual, normSums].map((spec) =>
    kernels.pipeline(spec, { rows: 1, n: 16, normConstant: 0, brokenRounding }),
  )
  await Promise.all([...norms, ...specs.map((spec: KernelSpec<never>) => kernels.pipeline(spec, shape))])
}

/** Binds the dispatches of one layer. @throws KernelError */
export async function planLayer(
  arena: BufferArena,
  { raceClass, batch, workspace, weights: { tensors }, macsPerMs, brokenRounding }: PlanParams,
  layer: number,
): Promise<PlannedDispatch[]> {
  const { width, feedForward, heads, projectionShift, productShift, scoreShift, normConstant } = raceClass
  const weights = tensors(layer)
  const allRows = POSITIONS * batch
  // Only the last position's output counts, so the last layer needs the others for their keys and values alone.
  const isLast = layer === raceClass.layers - 1
  const rows = isLast ? batch : allRows
  const firstRow = allRows - rows
  const planned: PlannedDispatch[] = []

  const multiply = async <Shape extends GemmShape>(
    spec: KernelSpec<Shape>,
    shape: Shape,
    products: number,
    buffers: readonly GPUBuffer[],
  ): Promise<void> => {
    for (const columns of splitColumns(shape, (DISPATCH_MS * macsPerMs) / products)) {
      const macs = products * shape.m * shape.k * (columns.end - columns.first)
      planned.push({ ...(await arena.prepare(spec, { ...shape, columns }, buffers)), macs })
    }
  }
  const project = (tensor: GPUBuffer, output: GPUBuffer, m: number): Promise<void> =>
    multiply(
      gemmRequantised,
      { m, n: width, k: width, rows: allRows, firstRow: allRows - m, shift: projectionShift },
      1,
      [workspace.stream, tensor, output],
    )
  const norm = { rows, n: width, normConstant, brokenRounding }
  const merge = async (
    stream: GPUBuffer,
    source: object,
    branch: GPUBuffer,
    sum: GPUBuffer,
  ): Promise<void> => {
    planned.push({ ...(await arena.prepare(normSums, norm, [branch, workspace.sums])), macs: 0 })
    planned.push({
      ...(await arena.prepare(normResidual, { ...norm, ...source }, [sum, stream, branch])),
      macs: 0,
    })
  }

  await project(weights.query, workspace.query, rows)
  await project(weights.key, workspace.key, allRows)
  await project(weights.value, workspace.value, allRows)
  const attended = await arena.prepare(
    attention,
    {
      queries: rows,
      heads,
      headDimension: HEAD_DIMENSION,
      keys: POSITIONS,
      sequences: batch,
      sequenceStride: 1,
      keyStride: batch,
      cacheRows: allRows,
      scoreShift,
    },
    [workspace.query, workspace.key, workspace.value, workspace.context],
  )
  planned.push({ ...attended, macs: 2 * rows * POSITIONS * width })
  await multiply(gemmInt8, { m: rows, n: width, k: width }, 1, [
    workspace.context,
    weights.output,
    workspace.sums,
  ])
  const source = { sourceRows: allRows, sourceFirst: firstRow }
  await merge(workspace.stream, source, workspace.attentionBranch, workspace.middle)
  await multiply(gemmGated, { m: rows, n: feedForward, k: width, projectionShift, productShift }, 2, [
    workspace.middle,
    weights.gate,
    weights.up,
    workspace.hidden,
  ])
  const down = { m: rows, n: width, k: feedForward }
  if (isLast) {
    await multiply(gemmOutput, down, 1, [workspace.hidden, weights.down, workspace.output])
    return planned
  }
  await multiply(gemmInt8, down, 1, [workspace.hidden, weights.down, workspace.sums])
  await merge(workspace.middle, {}, workspace.feedForwardBranch, workspace.stream)
  return planned
}

/** Whole tiles of 64 columns, as few parts as the limit allows. */
function splitColumns({ m, n, k }: GemmShape, limit: number): { first: number; end: number }[] {
  const step = Math.max(64, Math.floor(limit / (m * k) / 64) * 64)
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => ({
    first: i * step,
    end: Math.min(n, (i + 1) * step),
  }))
}
