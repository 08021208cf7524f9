import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import {
  ordinaryWindows,
  planAssignments,
  type AssignmentModel,
  type AssignmentOptions,
  type AssignmentPeer,
  type StageAssignment,
} from './assignment.ts'
import { leastMemoryBytes, memoryBytes } from './window-plan.ts'

export interface ModelAssignmentInput {
  /** Most important first. */
  readonly models: readonly AssignmentModel[]
  readonly peers: readonly SharingPeer[]
  readonly options?: AssignmentOptions | undefined
}

/** A peer whose budget all models share. */
export interface SharingPeer extends Omit<AssignmentPeer, 'current' | 'decodeStepMs'> {
  /** By model; see `current` and `decodeStepMs` of {@link AssignmentPeer}. */
  readonly held: ReadonlyMap<ModelId, Pick<AssignmentPeer, 'current' | 'decodeStepMs'>>
}

/** By model, in the order of the input; per model one assignment per peer. */
export type ModelAssignments = ReadonlyMap<ModelId, readonly StageAssignment[]>

/** The models that a peer may hold; absent for one that may hold all. */
type Homes = ReadonlyMap<PeerIdText, ModelId>

/**
 * Decides which layers of which models each peer holds, within one budget per peer.
 *
 * If the peers are large enough, each serves a window of every model, the first models first. If that leaves a model
 * without some layers, each ordinary peer gets one model as its home, so that every model has its share of the peers: it
 * stays where it is while all models can be served, else peers are dealt anew. Of these plans the first that serves most
 * models is taken. A plan that has become the current state is planned again, or one that serves more models.
 */
export function planModels(input: ModelAssignmentInput): ModelAssignments {
  let best = planWith(input, new Map())
  let mostServed = servedModels(input.models, best)
  for (const keepsHeld of [true, false]) {
    if (mostServed === input.models.length) break
    const plan = planWith(input, dealHomes(input, keepsHeld))
    const served = servedModels(input.models, plan)
    if (served <= mostServed) continue
    best = plan
    mostServed = served
  }
  return best
}

/** Plans one model after the other, each with what those before have left of the budgets. */
function planWith({ models, peers, options }: ModelAssignmentInput, homes: Homes): ModelAssignments {
  const left = new Map(peers.map((peer) => [peer.peerId, peer.budgetBytes]))
  const plans = new Map<ModelId, readonly StageAssignment[]>()
  for (const model of models) {
    const sharing = peers.map((peer): AssignmentPeer => {
      const home = homes.get(peer.peerId)
      return {
        ...peer,
        ...(peer.held.get(model.id) ?? { current: null, decodeStepMs: null }),
        budgetBytes: home === undefined || home === model.id ? (left.get(peer.peerId) ?? 0) : 0,
      }
    })
    const plan = planAssignments({ model, peers: sharing, options })
    const windows = ordinaryWindows({ model, peers: sharing, options })
    plan.forEach(({ peerId, layers }, index) => {
      const peer = sharing[index]
      if (layers === null || peer === undefined) return
      left.set(peerId, (left.get(peerId) ?? 0) - reservedBytes(model, peer, layers, windows))
    })
    plans.set(model.id, plan)
  }
  return plans
}

/**
 * What a model takes of a peer's budget: of an ordinary peer the largest window that it could be given, so that who
 * moves from one window to another does not change the plans of the other models.
 */
function reservedBytes(
  model: AssignmentModel,
  peer: AssignmentPeer,
  layers: LayerRange,
  windows: readonly LayerRange[],
): number {
  const own = memoryBytes(model, layers)
  if (peer.isBackstop || peer.pinnedLayers !== null) return own
  const fitting = windows
    .map((window) => memoryBytes(model, window))
    .filter((bytes) => bytes <= peer.budgetBytes)
  return Math.max(own, ...fitting)
}

/** Gives each ordinary peer that has no wish of its own to the model whose share of budgets is least. */
function dealHomes({ models, peers }: ModelAssignmentInput, keepsHeld: boolean): Homes {
  const homes = new Map<PeerIdText, ModelId>()
  const shares = new Map(models.map((model) => [model.id, 0]))
  const give = (peer: SharingPeer, model: AssignmentModel): void => {
    homes.set(peer.peerId, model.id)
    const whole = memoryBytes(model, { start: 0, end: model.layerCount })
    shares.set(model.id, (shares.get(model.id) ?? 0) + peer.budgetBytes / whole)
  }
  const free = peers
    .filter((peer) => !peer.isBackstop && peer.pinnedLayers === null)
    .sort((a, b) => a.joinedAtMs - b.joinedAtMs || (a.peerId < b.peerId ? -1 : 1))
  for (const peer of keepsHeld ? free : []) {
    const held = models
      .map((model) => ({ model, bytes: heldBytes(model, peer) }))
      .reduce((most, each) => (each.bytes > most.bytes ? each : most))
    if (held.bytes > 0) give(peer, held.model)
  }
  for (const peer of free) {
    if (homes.has(peer.peerId)) continue
    const able = models.filter((model) => canHoldSome(model, peer))
    const neediest = able.reduce<AssignmentModel | null>(
      (least, model) =>
        least === null || (shares.get(model.id) ?? 0) < (shares.get(least.id) ?? 0) ? model : least,
      null,
    )
    if (neediest !== null) give(peer, neediest)
  }
  return homes
}

function heldBytes(model: AssignmentModel, peer: SharingPeer): number {
  const current = peer.held.get(model.id)?.current ?? null
  return current === null ? 0 : memoryBytes(model, current)
}

function canHoldSome(model: AssignmentModel, peer: SharingPeer): boolean {
  return peer.encodings.includes(model.encoding) && leastMemoryBytes(model) <= peer.budgetBytes
}

/** Models with a chain of assigned ranges from their first layer to their last. */
function servedModels(models: readonly AssignmentModel[], plans: ModelAssignments): number {
  return models.filter((model) => {
    const ranges = (plans.get(model.id) ?? []).flatMap(({ layers }) => (layers === null ? [] : [layers]))
    const reached = new Set([0])
    for (const { start, end } of ranges.sort((a, b) => a.start - b.start))
      if (reached.has(start)) reached.add(end)
    return reached.has(model.layerCount)
  }).length
}
