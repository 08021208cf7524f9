import type { ModelId, PeerIdText } from '../protocol/ids.ts'
import type { LayerRange } from '../protocol/layer-range.ts'
import { SESSION_LIMITS } from '../protocol/session/session.ts'
import { isRelayedPath, type AdvertisedStage } from '../protocol/stage-advert/stage-advert.ts'
import type { MemberPeer } from './membership.ts'

export interface RouteInput {
  readonly modelId: ModelId
  readonly layerCount: number
  /** Live members; whom the caller has tried in vain is left out by the caller. */
  readonly peers: readonly MemberPeer[]
  /** Chooses among equal routes, so that they share the load; without it the order of peer ids decides. */
  readonly tieSeed?: number | undefined
  readonly costs?: Partial<RouteCosts> | undefined
}

/** What things cost, microseconds per token. */
export interface RouteCosts {
  /** One decode step of a stage that has not measured itself. */
  readonly unknownStepMicros: number
  /** One way to a peer whom neither side has measured. */
  readonly unknownHopMicros: number
  /** On top of a hop through a relay, whose bytes somebody pays. */
  readonly relayedHopMicros: number
  /** On top of each layer that a backstop serves, so that tabs take over wherever they can. */
  readonly backstopLayerMicros: number
}

export const ROUTE_COSTS: RouteCosts = {
  unknownStepMicros: 50_000,
  unknownHopMicros: 10_000,
  relayedHopMicros: 50_000,
  backstopLayerMicros: 1_000_000,
}

/** Stages in layer order: the first starts at 0, each next one where the last ended, the last ends at `layerCount`. */
export interface RoutePlan {
  readonly kind: 'route'
  readonly hops: readonly RouteHop[]
  /** What the route costs by {@link RouteCosts}, the way back to the head included. */
  readonly costMicros: number
}

export interface RouteHop {
  readonly peerId: PeerIdText
  readonly generation: number
  readonly kind: 'tab' | 'native'
  readonly isBackstop: boolean
  readonly layers: LayerRange
  readonly relayAddresses: readonly string[]
}

/** No route: serving `missing` too, in stages of exactly these ranges, would make one, and no fewer layers would. */
export interface NoRoute {
  readonly kind: 'no-route'
  readonly missing: readonly LayerRange[]
}

/** Steps and round trips jitter by this much between two adverts; what is closer counts as equal and shares the load. */
const RESOLUTION_MICROS = 500
/** No duration counts for more than an hour: the bound of the wire, and what keeps every sum below exact in a double. */
const MAX_COST_MICROS = 3_600_000_000
/** Above the stages of any route: cost * this + stages orders routes by cost and then by length, in one number. */
const STAGES_UNIT = 1025
/** Above the cost of any route of 1,024 stages: stages * this + cost orders by length first. 2^53 holds both. */
const COST_UNIT = 8_000_000_000_000

interface Candidate {
  readonly index: number
  readonly peer: MemberPeer
  readonly layers: LayerRange
  readonly costMicros: number
}

/** A chain of stages from a head to the end and back to the head. */
interface Chain {
  readonly stages: readonly Candidate[]
  readonly weight: number
}

interface RestOfChain {
  readonly weight: number
  readonly next: Candidate | null
}

/** By candidate index; undefined where no chain reaches the end. */
type Rest = readonly (RestOfChain | undefined)[]

/** One number that orders chains by cost and length; sums of it are exact. */
type Weigh = (costMicros: number, stages: number) => number

/**
 * Chooses the stages of a session: the cheapest chain of ready stages from layer 0 to the last and back to the head,
 * with fewer stages where costs are equal. A stage is used whole, because its graph was loaded whole: stages join only
 * where one ends and the next starts. A route has at most 64 hops; where the cheapest has more, the shortest is taken.
 *
 * Exact, not greedy. Heads are tried in the order of a lower bound and partial routes are cut by it, so that in
 * practice little more than one pass over the stages is made.
 */
export function planRoute(input: RouteInput): RoutePlan | NoRoute {
  const search = new RouteSearch(input)
  const cheapest = search.run('cost')
  if (cheapest === null) return { kind: 'no-route', missing: search.missing() }
  if (cheapest.length <= SESSION_LIMITS.maxHops) return search.plan(cheapest)
  const shortest = search.run('stages')
  if (shortest !== null && shortest.length <= SESSION_LIMITS.maxHops) return search.plan(shortest)
  // Somebody has to serve more layers at once; anybody who serves all would do.
  return { kind: 'no-route', missing: [{ start: 0, end: input.layerCount }] }
}

class RouteSearch {
  readonly #layerCount: number
  readonly #costs: RouteCosts
  readonly #candidates: readonly Candidate[]
  /** By first layer, in tie order. */
  readonly #starting: readonly Candidate[][]
  readonly #hops: HopCosts
  /** Peers with a stage that ends the model: to such a head the way back may be none. */
  readonly #lastPeers: ReadonlySet<MemberPeer>

  constructor(input: RouteInput) {
    this.#layerCount = input.layerCount
    this.#costs = { ...ROUTE_COSTS, ...input.costs }
    this.#candidates = this.#findCandidates(input)
    this.#starting = Array.from({ length: input.layerCount + 1 }, () => [])
    for (const candidate of this.#candidates) this.#starting[candidate.layers.start]?.push(candidate)
    this.#hops = new HopCosts(
      this.#candidates.map(({ peer }) => peer),
      this.#costs,
    )
    this.#lastPeers = new Set(
      this.#candidates.flatMap(({ peer, layers }) => (layers.end === input.layerCount ? [peer] : [])),
    )
  }

  #findCandidates({ modelId, layerCount, peers, tieSeed }: RouteInput): Candidate[] {
    const found: { order: number; peer: MemberPeer; stage: AdvertisedStage }[] = []
    for (const peer of peers) {
      if (!peer.advert.isAwake) continue
      for (const stage of peer.advert.stages) {
        const isUsable =
          stage.modelId === modelId &&
          stage.state === 'ready' &&
          stage.openSessions < stage.maxSessions &&
          stage.layers.end <= layerCount
        if (!isUsable) continue
        const order =
          tieSeed === undefined ? 0 : hash(`${tieSeed}|${peer.advert.peerId}|${stage.layers.start}`)
        found.push({ order, peer, stage })
      }
    }
    found.sort(
      (a, b) =>
        a.order - b.order ||
        compareText(a.peer.advert.peerId, b.peer.advert.peerId) ||
        a.stage.layers.start - b.stage.layers.start ||
        a.stage.layers.end - b.stage.layers.end,
    )
    return found.map(({ peer, stage }, index) => ({
      index,
      peer,
      layers: stage.layers,
      costMicros: this.#stageCost(peer, stage),
    }))
  }

  #stageCost(peer: MemberPeer, stage: AdvertisedStage): number {
    const stepMicros = stage.decodeStepMicros === 0 ? this.#costs.unknownStepMicros : stage.decodeStepMicros
    // Sessions of a stage are served in turn.
    const loaded = rounded(stepMicros * (1 + stage.openSessions))
    const layers = stage.layers.end - stage.layers.start
    return loaded + (peer.advert.isBackstop ? this.#costs.backstopLayerMicros * layers : 0)
  }

  /** The best chain by `order`, or null where no chain reaches the end. */
  run(order: 'cost' | 'stages'): readonly Candidate[] | null {
    const weigh: Weigh = (costMicros, stages) =>
      order === 'cost' ? costMicros * STAGES_UNIT + stages : costMicros + stages * COST_UNIT
    const rest = this.#costsToEnd(weigh)
    const heads = (this.#starting[0] ?? [])
      .filter((head) => rest[head.index] !== undefined)
      .map((head) => ({ head, bound: weightOf(rest, head) + this.#leastReturn(head, weigh) }))
      // Stable: equal bounds keep their tie order.
      .sort((a, b) => a.bound - b.bound)
    let best: Chain | null = null
    for (const { head, bound } of heads) {
      if (best !== null && bound >= best.weight) break
      best = this.#fromHead(head, rest, weigh, best)
    }
    return best?.stages ?? null
  }

  #leastReturn(head: Candidate, weigh: Weigh): number {
    return this.#lastPeers.has(head.peer) ? 0 : weigh(this.#hops.least(head.peer), 0)
  }

  /** For each candidate that reaches the end: its own weight and the least of what follows, without the way back. */
  #costsToEnd(weigh: Weigh): Rest {
    const rest: (RestOfChain | undefined)[] = new Array<undefined>(this.#candidates.length)
    for (let start = this.#layerCount - 1; start >= 0; start--) {
      for (const candidate of this.#starting[start] ?? []) {
        const { layers, costMicros, index, peer } = candidate
        const own = weigh(costMicros, 1)
        if (layers.end === this.#layerCount) {
          rest[index] = { weight: own, next: null }
          continue
        }
        let after = Number.POSITIVE_INFINITY
        for (const next of this.#starting[layers.end] ?? []) {
          // A hop costs nothing at best, so most of the pairs need no look-up.
          if (weightOf(rest, next) >= after) continue
          const weight = weigh(this.#hops.between(peer, next.peer), 0) + weightOf(rest, next)
          if (weight >= after) continue
          after = weight
          rest[index] = { weight: own + after, next }
        }
      }
    }
    return rest
  }

  /** The best chain that starts with `head`, if it is better than `best`; else `best`. */
  #fromHead(head: Candidate, rest: Rest, weigh: Weigh, best: Chain | null): Chain | null {
    const close = (last: Candidate, weight: number): number =>
      weight + weigh(this.#hops.between(last.peer, head.peer), 0)
    // The best way to the end, closed, is seldom beaten by another: it cuts nearly everything below.
    let found = best
    const direct = restOfChain(head, rest)
    const directWeight = close(direct.at(-1) ?? head, weightOf(rest, head))
    if (found === null || directWeight < found.weight) found = { stages: direct, weight: directWeight }

    const least = this.#leastReturn(head, weigh)
    const reached = new Map<Candidate, { weight: number; before: Candidate | null }>([
      [head, { weight: weigh(head.costMicros, 1), before: null }],
    ])
    // Layer by layer: every chain into a stage is known before the stage is left.
    const byStart: Set<Candidate>[] = Array.from({ length: this.#layerCount }, () => new Set())
    byStart[0]?.add(head)
    for (const frontier of byStart) {
      for (const candidate of frontier) {
        const here = reached.get(candidate)?.weight ?? Number.POSITIVE_INFINITY
        if (candidate.layers.end === this.#layerCount) {
          const weight = close(candidate, here)
          if (weight < found.weight) found = { stages: chainTo(candidate, reached), weight }
          continue
        }
        for (const next of this.#starting[candidate.layers.end] ?? []) {
          if (here + weightOf(rest, next) + least >= found.weight) continue
          const hop = weigh(this.#hops.between(candidate.peer, next.peer), 0)
          if (here + hop + weightOf(rest, next) + least >= found.weight) continue
          const weight = here + hop + weigh(next.costMicros, 1)
          const known = reached.get(next)
          if (known !== undefined && known.weight <= weight) continue
          reached.set(next, { weight, before: candidate })
          byStart[next.layers.start]?.add(next)
        }
      }
    }
    return found
  }

  plan(chain: readonly Candidate[]): RoutePlan {
    let costMicros = 0
    chain.forEach((candidate, index) => {
      const next = chain[(index + 1) % chain.length] ?? candidate
      costMicros += candidate.costMicros + this.#hops.between(candidate.peer, next.peer)
    })
    return {
      kind: 'route',
      costMicros,
      hops: chain.map(({ peer: { advert }, layers }) => ({
        peerId: advert.peerId,
        generation: advert.generation,
        kind: advert.kind,
        isBackstop: advert.isBackstop,
        layers,
        relayAddresses: advert.relayAddresses,
      })),
    }
  }

  /** A way from 0 to the end that serves the fewest layers anew, and among those the fewest ranges. */
  missing(): readonly LayerRange[] {
    const steps: { weight: number; from: number; isMissing: boolean }[] = Array.from(
      { length: this.#layerCount + 1 },
      () => ({ weight: Number.POSITIVE_INFINITY, from: 0, isMissing: false }),
    )
    const relax = (from: number, to: number, weight: number, isMissing: boolean): void => {
      const known = steps[to]
      if (known !== undefined && weight < known.weight) steps[to] = { weight, from, isMissing }
    }
    const unit = this.#layerCount + 1
    if (steps[0] !== undefined) steps[0].weight = 0
    for (let start = 0; start < this.#layerCount; start++) {
      const here = steps[start]?.weight ?? Number.POSITIVE_INFINITY
      for (const { layers } of this.#starting[start] ?? []) relax(start, layers.end, here, false)
      for (let end = start + 1; end <= this.#layerCount; end++)
        relax(start, end, here + (end - start) * unit + 1, true)
    }
    const missing: LayerRange[] = []
    for (let end = this.#layerCount; end > 0;) {
      const step = steps[end]
      if (step === undefined) break
      if (step.isMissing) missing.unshift({ start: step.from, end })
      end = step.from
    }
    return missing
  }
}

/** Measured hops between peers; whoever advertises a link speaks for both, and the better of two reports counts. */
class HopCosts {
  readonly #measured = new Map<PeerIdText, Map<PeerIdText, number>>()
  readonly #least = new Map<PeerIdText, number>()
  readonly #unknownMicros: number

  constructor(peers: readonly MemberPeer[], costs: RouteCosts) {
    this.#unknownMicros = rounded(costs.unknownHopMicros)
    const known = new Set(peers.map(({ advert }) => advert.peerId))
    for (const { advert } of peers) {
      for (const link of advert.links) {
        if (!known.has(link.peerId)) continue
        const oneWay = rounded(link.roundTripMicros / 2)
        const micros = oneWay + (isRelayedPath(link.path) ? costs.relayedHopMicros : 0)
        this.#note(advert.peerId, link.peerId, micros)
        this.#note(link.peerId, advert.peerId, micros)
      }
    }
  }

  #note(from: PeerIdText, to: PeerIdText, micros: number): void {
    const row = this.#measured.get(from) ?? new Map<PeerIdText, number>()
    this.#measured.set(from, row)
    row.set(to, Math.min(row.get(to) ?? Number.POSITIVE_INFINITY, micros))
  }

  between(from: MemberPeer, to: MemberPeer): number {
    if (from === to) return 0
    return this.#measured.get(from.advert.peerId)?.get(to.advert.peerId) ?? this.#unknownMicros
  }

  /** The least that a way back to `head` from another peer can cost. */
  least(head: MemberPeer): number {
    let least = this.#unknownMicros
    for (const micros of this.#measured.get(head.advert.peerId)?.values() ?? [])
      least = Math.min(least, micros)
    return least
  }
}

function chainTo(
  last: Candidate,
  reached: ReadonlyMap<Candidate, { before: Candidate | null }>,
): readonly Candidate[] {
  const stages: Candidate[] = []
  for (let at: Candidate | null = last; at !== null; at = reached.get(at)?.before ?? null) stages.unshift(at)
  return stages
}

function restOfChain(head: Candidate, rest: Rest): readonly Candidate[] {
  const stages: Candidate[] = []
  for (let at: Candidate | null = head; at !== null; at = rest[at.index]?.next ?? null) stages.push(at)
  return stages
}

function weightOf(rest: Rest, candidate: Candidate): number {
  return rest[candidate.index]?.weight ?? Number.POSITIVE_INFINITY
}

function rounded(micros: number): number {
  return Math.min(Math.round(micros / RESOLUTION_MICROS) * RESOLUTION_MICROS, MAX_COST_MICROS)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** FNV-1a with a last mix: spreads equal routes, protects nothing. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return (value ^ (value >>> 13)) >>> 0
}
