import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import { layerCount, type LayerRange } from '../protocol/layer-range.ts'
import { SESSION_LIMITS } from '../protocol/session/session.ts'
import type { Encoding } from '../model/manifest.ts'
import { memoryBytes, planWindows, weightBytes, type ModelSizes } from './window-plan.ts'

export interface AssignmentInput {
  readonly model: AssignmentModel
  /** Everybody who may be given layers of this model; who sleeps or drains is left out by the caller. */
  readonly peers: readonly AssignmentPeer[]
  readonly options?: AssignmentOptions | undefined
}

export interface AssignmentModel extends ModelSizes {
  readonly id: ModelId
  readonly encoding: Encoding
}

export interface AssignmentPeer {
  readonly peerId: PeerIdText
  readonly joinedAtMs: number
  readonly kind: 'tab' | 'native'
  readonly isBackstop: boolean
  readonly budgetBytes: number
  readonly encodings: readonly Encoding[]
  readonly pinnedLayers: LayerRange | null
  /** What it holds of this model, loads, or was asked to load. */
  readonly current: LayerRange | null
  /** One decode step of `current`; null where not measured. */
  readonly decodeStepMs: number | null
}

export interface AssignmentOptions {
  /** Stages that a pipeline has at least while there are as many peers: 2 keeps the mesh a mesh. */
  readonly minStages?: number | undefined
  /** By how much the slowest window has to gain before a peer that serves is moved. */
  readonly moveGain?: number | undefined
}

/** `layers` null: this peer should hold nothing of the model. */
export interface StageAssignment {
  readonly peerId: PeerIdText
  readonly layers: LayerRange | null
}

/** Two stages show and exercise the mesh, more would only add hops. */
export const DEFAULT_MIN_STAGES = 2
/** A move costs a download and a load: less than a quarter of gain is not worth it. */
export const DEFAULT_MOVE_GAIN = 1.25

/** Rates are integers, tokens per 10^6 s: sums do not depend on their order, so that plans are stable. */
const RATE_PER_MS = 1_000_000_000
/** Of one peer; 20,000 of these still add up exactly. No device decodes a token in 10 ns. */
const MAX_RATE = 100_000_000_000

/** What passing a window on counts for beside its download, so that of equal chains the shortest is taken. */
const STEP_BYTES = 1

/**
 * Decides which layers each peer should hold, one assignment per peer in the order of the input.
 *
 * The model is cut into few equal windows ({@link planWindows}); each ordinary peer serves one. Empty windows are
 * filled first and with the least download, by newcomers, then by peers whose window others serve too. Newcomers that
 * are left go where the pipeline is slowest. Who serves is moved only if its new and its old window both end
 * `moveGain` times faster than the slowest was. Pinned peers hold what their owner wishes, if it fits; backstops keep
 * what they hold and cover for nobody.
 *
 * Pure and stable: a plan that has become the current state is planned again.
 */
export function planAssignments(input: AssignmentInput): StageAssignment[] {
  const { model, peers } = input
  const moveGain = input.options?.moveGain ?? DEFAULT_MOVE_GAIN
  const assigned = new Map<PeerIdText, LayerRange>()
  const { pinned, backstops, ordinary } = sortPeers(model, peers)
  for (const peer of pinned) if (peer.pinnedLayers !== null) assigned.set(peer.peerId, peer.pinnedLayers)
  assignBackstops(model, backstops, assigned)

  const pinnedTabs = pinned.filter((peer) => !peer.isBackstop)
  const windows = ordinaryWindows(input)
  const placement = new Placement(model, windows, ordinary, pinnedTabs)
  placement.keepIncumbents()
  placement.fillGaps()
  placement.placeNewcomers(moveGain)
  placement.balance(moveGain)
  for (const [peer, window] of placement.windows()) assigned.set(peer.peerId, window)
  return peers.map(({ peerId }) => ({ peerId, layers: assigned.get(peerId) ?? null }))
}

/** The windows that ordinary peers serve. They depend on budgets, encodings and pins alone, not on who holds what. */
export function ordinaryWindows({ model, peers, options }: AssignmentInput): readonly LayerRange[] {
  const { pinned, ordinary } = sortPeers(model, peers)
  return planWindows({
    model,
    budgets: ordinary.map((peer) => peer.budgetBytes),
    pinned: pinned.flatMap(({ isBackstop, pinnedLayers }) =>
      isBackstop || pinnedLayers === null ? [] : [pinnedLayers],
    ),
    minStages: options?.minStages ?? DEFAULT_MIN_STAGES,
    maxStages: SESSION_LIMITS.maxHops,
  })
}

/** Who can run the model, by seniority: whose wish is possible, else backstops, else ordinary. */
function sortPeers(
  model: AssignmentModel,
  peers: readonly AssignmentPeer[],
): Record<'pinned' | 'backstops' | 'ordinary', readonly AssignmentPeer[]> {
  const able = peers.filter((peer) => peer.encodings.includes(model.encoding)).sort(bySeniority)
  const pinned = able.filter((peer) => isWishPossible(model, peer))
  const unpinned = able.filter((peer) => !isWishPossible(model, peer))
  return {
    pinned,
    backstops: unpinned.filter((peer) => peer.isBackstop),
    ordinary: unpinned.filter((peer) => !peer.isBackstop),
  }
}

function bySeniority(a: AssignmentPeer, b: AssignmentPeer): number {
  return a.joinedAtMs - b.joinedAtMs || (a.peerId < b.peerId ? -1 : a.peerId > b.peerId ? 1 : 0)
}

/** A wish that does not fit the model or the peer is none: the peer is placed like any other. */
function isWishPossible(model: AssignmentModel, peer: AssignmentPeer): boolean {
  const wish = peer.pinnedLayers
  return wish !== null && isInside(model, wish) && memoryBytes(model, wish) <= peer.budgetBytes
}

function isInside(model: AssignmentModel, layers: LayerRange): boolean {
  return 0 <= layers.start && layers.start < layers.end && layers.end <= model.layerCount
}

function isSameRange(a: LayerRange, b: LayerRange): boolean {
  return a.start === b.start && a.end === b.end
}

function assignBackstops(
  model: AssignmentModel,
  backstops: readonly AssignmentPeer[],
  assigned: Map<PeerIdText, LayerRange>,
): void {
  const cover = new Array<number>(model.layerCount).fill(0)
  const take = (peer: AssignmentPeer, layers: LayerRange): void => {
    assigned.set(peer.peerId, layers)
    for (let layer = layers.start; layer < layers.end; layer++) cover[layer] = (cover[layer] ?? 0) + 1
  }
  const isKept = (peer: AssignmentPeer): boolean =>
    peer.current !== null &&
    isInside(model, peer.current) &&
    memoryBytes(model, peer.current) <= peer.budgetBytes
  // Who holds something goes first, so that a newcomer covers what they leave open.
  for (const peer of backstops) if (peer.current !== null && isKept(peer)) take(peer, peer.current)
  for (const peer of backstops) {
    if (isKept(peer)) continue
    const layers = largestFit(model, peer.budgetBytes, cover)
    if (layers !== null) take(peer, layers)
  }
}

/** The longest range that fits, where backstops cover least; the whole model if it fits. */
function largestFit(
  model: AssignmentModel,
  budgetBytes: number,
  cover: readonly number[],
): LayerRange | null {
  for (let length = model.layerCount; length > 0; length--) {
    let best: { layers: LayerRange; covered: number } | null = null
    for (let start = 0; start + length <= model.layerCount; start++) {
      const layers = { start, end: start + length }
      if (memoryBytes(model, layers) > budgetBytes) continue
      const covered = cover.slice(start, start + length).reduce((sum, count) => sum + count, 0)
      if (best === null || covered < best.covered) best = { layers, covered }
    }
    if (best !== null) return best.layers
  }
  return null
}

/** Which ordinary peer serves which window. Windows are named by index. */
class Placement {
  readonly #model: AssignmentModel
  readonly #windows: readonly LayerRange[]
  readonly #memoryBytes: readonly number[]
  /** Who can hold some window, by seniority. */
  readonly #peers: readonly AssignmentPeer[]
  readonly #perLayerMs: ReadonlyMap<AssignmentPeer, number>
  readonly #windowOf = new Map<AssignmentPeer, number>()
  /** Placed ordinary peers by window. */
  readonly #servers: readonly Set<AssignmentPeer>[]
  /** Rate of pinned peers whose wish is exactly the window. */
  readonly #pinnedRate: readonly number[]
  /** Rate of all who serve the window. */
  readonly #totalRate: number[]

  constructor(
    model: AssignmentModel,
    windows: readonly LayerRange[],
    peers: readonly AssignmentPeer[],
    pinned: readonly AssignmentPeer[],
  ) {
    this.#model = model
    this.#windows = windows
    this.#memoryBytes = windows.map((window) => memoryBytes(model, window))
    // Who can hold no window will hold nothing, and then its measurement is gone: it must not count now either.
    const able = peers.filter((peer) => windows.some((_window, index) => this.#fits(peer, index)))
    this.#peers = able
    this.#perLayerMs = perLayerTimes([...able, ...pinned])
    this.#servers = windows.map(() => new Set())
    this.#pinnedRate = windows.map((window, index) =>
      pinned
        .filter(({ pinnedLayers }) => pinnedLayers !== null && isSameRange(pinnedLayers, window))
        .reduce((sum, peer) => sum + this.#rate(peer, index), 0),
    )
    this.#totalRate = [...this.#pinnedRate]
  }

  *windows(): Iterable<[AssignmentPeer, LayerRange]> {
    for (const [peer, index] of this.#windowOf) {
      const window = this.#windows[index]
      if (window !== undefined) yield [peer, window]
    }
  }

  keepIncumbents(): void {
    for (const peer of this.#peers) {
      const { current } = peer
      if (current === null) continue
      const index = this.#windows.findIndex((window) => isSameRange(window, current))
      if (index >= 0 && this.#fits(peer, index)) this.#place(peer, index)
    }
  }

  /**
   * Fills each empty window along the chain of moves that downloads least (successive shortest augmenting paths, so
   * the sum over the windows is least too): a free peer comes in, or a peer of a window that has another one, or
   * peers pass windows on to each other. No chain empties a window.
   */
  fillGaps(): void {
    for (let gap = 0; gap < this.#windows.length; gap++) {
      if (this.#isServed(gap)) continue
      const chain = this.#cheapestChain(gap)
      // Each step gives the window that it comes from to the step that follows.
      for (const { peer, to } of chain) this.#place(peer, to)
    }
  }

  /** The moves that fill `gap`, the one into `gap` first; empty if nobody can. */
  #cheapestChain(gap: number): { peer: AssignmentPeer; to: number }[] {
    const count = this.#windows.length
    const cost = new Array<number>(count).fill(Number.POSITIVE_INFINITY)
    // From a window to the one that its server would fill, on the best chain towards the gap.
    const step = new Array<{ peer: AssignmentPeer; to: number } | null>(count).fill(null)
    cost[gap] = 0
    const moves = this.#cheapestMoves()
    for (let changed = true, round = 0; changed && round < count; round++) {
      changed = false
      for (const { peer, from, to, bytes } of moves) {
        const next = (cost[to] ?? Number.POSITIVE_INFINITY) + bytes
        if (next >= (cost[from] ?? Number.POSITIVE_INFINITY)) continue
        cost[from] = next
        step[from] = { peer, to }
        changed = true
      }
    }
    let best: { bytes: number; first: { peer: AssignmentPeer; to: number } | null; at: number } | null = null
    for (let at = 0; at < count; at++) {
      const reached = cost[at] ?? Number.POSITIVE_INFINITY
      if (reached === Number.POSITIVE_INFINITY) continue
      const free = this.#cheapestFree(at)
      if (free !== null && (best === null || reached + free.bytes < best.bytes))
        best = { bytes: reached + free.bytes, first: { peer: free.peer, to: at }, at }
    }
    // A free peer costs nobody's service; only without one does a served window give up a server.
    for (let at = 0; best?.first == null && at < count; at++) {
      const reached = cost[at] ?? Number.POSITIVE_INFINITY
      if (at === gap || reached === Number.POSITIVE_INFINITY || !this.#hasSpare(at)) continue
      if (best === null || reached < best.bytes) best = { bytes: reached, first: null, at }
    }
    if (best === null) return []
    const chain = best.first === null ? [] : [best.first]
    for (let at = best.at; at !== gap;) {
      const next = step[at]
      if (next === null || next === undefined) throw new Error('a chain of moves lost its way')
      chain.push(next)
      at = next.to
    }
    return chain.reverse()
  }

  /** For each pair of windows the placed peer whose move between them downloads least more than it has to now. */
  #cheapestMoves(): { peer: AssignmentPeer; from: number; to: number; bytes: number }[] {
    const best = new Map<number, { peer: AssignmentPeer; from: number; to: number; bytes: number }>()
    for (const [peer, from] of this.#windowOf) {
      const now = this.#downloadBytes(peer, from)
      for (let to = 0; to < this.#windows.length; to++) {
        if (to === from || !this.#fits(peer, to)) continue
        const bytes = this.#downloadBytes(peer, to) - now + STEP_BYTES
        const key = from * this.#windows.length + to
        const known = best.get(key)
        // Of equals the latest to join moves.
        if (
          known === undefined ||
          bytes < known.bytes ||
          (bytes === known.bytes && isJunior(peer, known.peer))
        )
          best.set(key, { peer, from, to, bytes })
      }
    }
    return [...best.values()].sort((a, b) => a.from - b.from || a.to - b.to)
  }

  #cheapestFree(window: number): { peer: AssignmentPeer; bytes: number } | null {
    let best: { peer: AssignmentPeer; bytes: number } | null = null
    for (const peer of this.#peers) {
      if (this.#windowOf.has(peer) || !this.#fits(peer, window)) continue
      const bytes = this.#downloadBytes(peer, window)
      if (best === null || bytes < best.bytes) best = { peer, bytes }
    }
    return best
  }

  /**
   * Gives every free peer the slowest window that it can hold. One that holds layers already takes, among the windows
   * that are nearly as slow, the one with the least download.
   */
  placeNewcomers(moveGain: number): void {
    for (const peer of this.#peers) {
      if (this.#windowOf.has(peer)) continue
      const open = this.#windows.flatMap((_window, index) =>
        this.#fits(peer, index) ? [{ index, rate: this.#totalRate[index] ?? 0 }] : [],
      )
      const slowest = Math.min(...open.map(({ rate }) => rate))
      const choice = open
        .filter(({ rate }) => rate <= (peer.current === null ? slowest : slowest * moveGain))
        .map((option) => ({ ...option, bytes: this.#downloadBytes(peer, option.index) }))
        .sort((a, b) => a.bytes - b.bytes || a.rate - b.rate || a.index - b.index)[0]
      if (choice !== undefined) this.#place(peer, choice.index)
    }
  }

  /**
   * Moves servers to the slowest window while that helps. The condition looks at the placement alone and not at who
   * came from where, so a balanced placement stays as it is. Each move raises the slowest window beyond `moveGain`
   * and leaves none behind that is slower, so this ends.
   */
  balance(moveGain: number): void {
    for (let move = this.#bestMove(moveGain); move !== null; move = this.#bestMove(moveGain))
      this.#place(move.peer, move.to)
  }

  #bestMove(moveGain: number): { peer: AssignmentPeer; to: number } | null {
    const rates = this.#totalRate
    // A window that nobody serves is one that nobody can fill: see fillGaps.
    const slowest = Math.min(...rates.filter((rate) => rate > 0))
    const to = rates.indexOf(slowest)
    if (to < 0) return null
    const needed = slowest * moveGain
    let best: { peer: AssignmentPeer; to: number; rate: number; bytes: number } | null = null
    for (const [from, rate] of rates.entries()) {
      if (from === to || rate < needed || !this.#hasSpare(from)) continue
      for (const peer of this.#servers[from] ?? []) {
        if (!this.#fits(peer, to)) continue
        const after = Math.min(slowest + this.#rate(peer, to), rate - this.#rate(peer, from))
        // A window that was as slow as the slowest must not merely change places with it.
        if (after < needed || after <= slowest) continue
        const bytes = this.#downloadBytes(peer, to)
        const isBetter =
          best === null ||
          after > best.rate ||
          (after === best.rate && (bytes < best.bytes || (bytes === best.bytes && isJunior(peer, best.peer))))
        if (isBetter) best = { peer, to, rate: after, bytes }
      }
    }
    return best
  }

  #place(peer: AssignmentPeer, window: number): void {
    const before = this.#windowOf.get(peer)
    if (before !== undefined) {
      this.#servers[before]?.delete(peer)
      this.#totalRate[before] = (this.#totalRate[before] ?? 0) - this.#rate(peer, before)
    }
    this.#windowOf.set(peer, window)
    this.#servers[window]?.add(peer)
    this.#totalRate[window] = (this.#totalRate[window] ?? 0) + this.#rate(peer, window)
  }

  #fits(peer: AssignmentPeer, window: number): boolean {
    return (this.#memoryBytes[window] ?? Number.POSITIVE_INFINITY) <= peer.budgetBytes
  }

  #isServed(window: number): boolean {
    return (this.#servers[window]?.size ?? 0) > 0 || (this.#pinnedRate[window] ?? 0) > 0
  }

  /** True if the window is served without any one of its ordinary peers. */
  #hasSpare(window: number): boolean {
    const servers = this.#servers[window]?.size ?? 0
    return servers > 1 || (servers === 1 && (this.#pinnedRate[window] ?? 0) > 0)
  }

  /** At least 1, so that a served window is never taken for an empty one. */
  #rate(peer: AssignmentPeer, index: number): number {
    const window = this.#windows[index]
    if (window === undefined) return 0
    const stepMs = (this.#perLayerMs.get(peer) ?? 1) * layerCount(window)
    return Math.min(Math.max(1, Math.round(RATE_PER_MS / stepMs)), MAX_RATE)
  }

  /** Bytes of the window that the peer does not hold yet. */
  #downloadBytes(peer: AssignmentPeer, index: number): number {
    const window = this.#windows[index]
    const held = peer.current
    if (window === undefined) return 0
    if (held === null) return weightBytes(this.#model, window)
    let bytes = 0
    for (let layer = window.start; layer < window.end; layer++)
      if (layer < held.start || layer >= held.end) bytes += this.#model.layerBytes[layer] ?? 0
    if (window.start === 0 && held.start !== 0) bytes += this.#model.embeddingBytes
    if (window.end === this.#model.layerCount && held.end !== this.#model.layerCount)
      bytes += this.#model.headBytes
    return bytes
  }
}

function isJunior(peer: AssignmentPeer, other: AssignmentPeer): boolean {
  return bySeniority(peer, other) > 0
}

/** Milliseconds per layer; who has not measured is taken for the median of those who have. */
function perLayerTimes(peers: readonly AssignmentPeer[]): ReadonlyMap<AssignmentPeer, number> {
  const known = new Map<AssignmentPeer, number>()
  for (const peer of peers) {
    if (peer.current === null || peer.decodeStepMs === null || !(peer.decodeStepMs > 0)) continue
    known.set(peer, peer.decodeStepMs / Math.max(1, layerCount(peer.current)))
  }
  const sorted = [...known.values()].sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 1
  return new Map(peers.map((peer) => [peer, known.get(peer) ?? median]))
}
