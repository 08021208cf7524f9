import { layerCount, type LayerRange } from '../protocol/layer-range.ts'

/** Sizes of a model, bytes. */
export interface ModelSizes {
  readonly layerCount: number
  /** By layer, `layerCount` of them. */
  readonly layerBytes: readonly number[]
  /** Held by whoever holds layer 0. */
  readonly embeddingBytes: number
  /** Held by whoever holds the last layer. */
  readonly headBytes: number
  /** Room for the caches of sessions on one layer, as much on each. Nothing to download. */
  readonly layerCacheBytes: number
}

export interface WindowPlanInput {
  readonly model: ModelSizes
  /** Of the peers that can be placed freely, bytes. */
  readonly budgets: readonly number[]
  /** What others hold anyway; earlier entries count where they overlap. */
  readonly pinned: readonly LayerRange[]
  /** Stages that a pipeline has at least while there are as many peers. */
  readonly minStages: number
  readonly maxStages: number
}

interface Candidate {
  readonly windows: readonly LayerRange[]
  /** Enough peers are large enough to serve every window. */
  readonly isCoverable: boolean
  /** At least half of the peers can serve any window. */
  readonly isTypical: boolean
  readonly coveredLayers: number
}

/** Bytes of weights that a range downloads and holds. */
export function weightBytes(model: ModelSizes, layers: LayerRange): number {
  let bytes = 0
  for (let layer = layers.start; layer < layers.end; layer++) bytes += model.layerBytes[layer] ?? 0
  if (layers.start === 0) bytes += model.embeddingBytes
  if (layers.end === model.layerCount) bytes += model.headBytes
  return bytes
}

/** Bytes of a memory budget that a range takes: its weights and its caches. */
export function memoryBytes(model: ModelSizes, layers: LayerRange): number {
  return weightBytes(model, layers) + layerCount(layers) * model.layerCacheBytes
}

/** Bytes of a memory budget below which a peer can hold no layer of the model. */
export function leastMemoryBytes(model: ModelSizes): number {
  return Math.min(
    ...model.layerBytes.map((_bytes, layer) => memoryBytes(model, { start: layer, end: layer + 1 })),
  )
}

/**
 * Cuts a model into the windows that peers serve: as few and as equal as possible, in layer order without gap.
 *
 * Preferred are cuts that every window of can be served by somebody and any window by half of the peers; then those
 * that can merely be served; then those with fewer than `minStages`; at last the one that covers most layers. Cuts
 * around the pinned ranges come before cuts that ignore them, because stages have to join exactly.
 * Empty if nobody can hold a single layer. Depends on budgets and pins alone, so peers that move do not change it.
 */
export function planWindows(input: WindowPlanInput): readonly LayerRange[] {
  const { model, minStages, maxStages } = input
  const smallestBytes = leastMemoryBytes(model)
  const budgets = input.budgets.filter((bytes) => bytes >= smallestBytes).sort((a, b) => b - a)
  if (budgets.length === 0) return []
  const pinned = disjoint(input.pinned, model.layerCount)

  const whole = { start: 0, end: model.layerCount }
  const equal = candidates(model, [whole], pinned, budgets, maxStages)
  const leastEqual = Math.min(minStages, budgets.length)
  const around = pinned.length === 0 ? [] : candidatesAround(model, pinned, budgets, maxStages)
  const leastAround = Math.min(minStages, budgets.length + pinned.length)

  const aroundDeep = around.filter(({ windows }) => windows.length >= leastAround)
  const equalDeep = equal.filter(({ windows }) => windows.length >= leastEqual)
  const chosen =
    aroundDeep.find(({ isCoverable, isTypical }) => isCoverable && isTypical) ??
    aroundDeep.find(({ isCoverable }) => isCoverable) ??
    equalDeep.find(({ isCoverable, isTypical }) => isCoverable && isTypical) ??
    equalDeep.find(({ isCoverable }) => isCoverable) ??
    equal.findLast(({ isCoverable }) => isCoverable) ??
    mostCovered([...around, ...equal])
  return chosen?.windows ?? []
}

/** Cuts of the free segments between the pinned ranges, with the pinned ranges as windows of their own. */
function candidatesAround(
  model: ModelSizes,
  pinned: readonly LayerRange[],
  budgets: readonly number[],
  maxStages: number,
): Candidate[] {
  const free: LayerRange[] = []
  let start = 0
  for (const range of [...pinned, { start: model.layerCount, end: model.layerCount }]) {
    if (start < range.start) free.push({ start, end: range.start })
    start = range.end
  }
  return candidates(model, free, pinned, budgets, maxStages)
}

/** One candidate per number of cuts, fewest first. Pinned ranges outside of the segments become windows too. */
function candidates(
  model: ModelSizes,
  segments: readonly LayerRange[],
  pinned: readonly LayerRange[],
  budgets: readonly number[],
  maxStages: number,
): Candidate[] {
  const isWhole =
    segments.length === 1 && layerCount(segments[0] ?? { start: 0, end: 0 }) === model.layerCount
  const given = isWhole ? [] : pinned
  const freeLayers = segments.reduce((sum, segment) => sum + layerCount(segment), 0)
  const found: Candidate[] = []
  for (let parts = segments.length; parts <= Math.min(freeLayers, maxStages - given.length); parts++) {
    const windows = [...given, ...split(segments, parts)].sort((a, b) => a.start - b.start)
    found.push(judge(model, windows, pinned, budgets))
  }
  return found
}

/** Cuts the segments into `parts` pieces altogether; each further cut goes where the pieces are longest. */
function split(segments: readonly LayerRange[], parts: number): LayerRange[] {
  const pieces = segments.map((segment) => ({ segment, count: 1 }))
  for (let left = parts - segments.length; left > 0; left--) {
    let longest = pieces[0]
    for (const piece of pieces)
      if (longest === undefined || pieceLength(piece) > pieceLength(longest)) longest = piece
    if (longest !== undefined) longest.count++
  }
  return pieces.flatMap(({ segment, count }) => {
    const edge = (index: number): number => segment.start + Math.floor((index * layerCount(segment)) / count)
    return Array.from({ length: count }, (_piece, index) => ({ start: edge(index), end: edge(index + 1) }))
  })
}

function pieceLength(piece: { segment: LayerRange; count: number }): number {
  return layerCount(piece.segment) / piece.count
}

/** `budgets` from large to small. */
function judge(
  model: ModelSizes,
  windows: readonly LayerRange[],
  pinned: readonly LayerRange[],
  budgets: readonly number[],
): Candidate {
  const open = windows
    .filter((window) => !pinned.some((range) => range.start === window.start && range.end === window.end))
    .map((window) => ({ layers: layerCount(window), bytes: memoryBytes(model, window) }))
    .sort((a, b) => a.bytes - b.bytes)
  const largest = open.at(-1)?.bytes ?? 0
  const able = budgets.filter((bytes) => bytes >= largest).length
  // Smallest window to smallest peer that can hold it: fit is one threshold, so this serves as many as possible.
  let peer = budgets.length - 1
  let served = 0
  let coveredLayers = model.layerCount - open.reduce((sum, window) => sum + window.layers, 0)
  for (const window of open) {
    while (peer >= 0 && (budgets[peer] ?? 0) < window.bytes) peer--
    if (peer < 0) break
    peer--
    served++
    coveredLayers += window.layers
  }
  return {
    windows,
    isCoverable: served === open.length,
    isTypical: 2 * able >= budgets.length,
    coveredLayers,
  }
}

function mostCovered(all: readonly Candidate[]): Candidate | undefined {
  let most: Candidate | undefined
  for (const candidate of all)
    if (most === undefined || candidate.coveredLayers > most.coveredLayers) most = candidate
  return most
}

/** The ranges that overlap no earlier one, in layer order. */
function disjoint(ranges: readonly LayerRange[], layers: number): LayerRange[] {
  const kept: LayerRange[] = []
  for (const range of ranges) {
    if (range.end > layers || kept.some((other) => range.start < other.end && other.start < range.end))
      continue
    kept.push(range)
  }
  return kept.sort((a, b) => a.start - b.start)
}
