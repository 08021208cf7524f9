import { formatRange } from '../../shared/protocol/layer-range.ts'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { formatMs, formatPlural, shortPeerId } from './format.ts'
import type { TrackBar, TrackLink } from './track-layout.ts'

/** One model of the mesh, ready to draw. */
export interface ModelTrack {
  readonly model: NetworkSnapshot['models'][number]
  readonly bars: readonly TrackBar[]
  readonly links: readonly TrackLink[]
  /** Ready peers on the layer that has fewest. */
  readonly cover: number
}

/** Turns a snapshot into tracks, in the relay's order of models. */
export function modelTracks(snapshot: NetworkSnapshot, yourPeerId: string | null): readonly ModelTrack[] {
  return snapshot.models.map((model) => {
    const bars = snapshot.peers.flatMap((peer) =>
      peer.stages
        .filter((stage) => stage.modelId === model.id)
        .map((stage) => barOf(model, peer, stage, yourPeerId)),
    )
    return { model, bars, links: linksOf(snapshot, bars), cover: coverOf(bars, model.layerCount) }
  })
}

type Peer = NetworkSnapshot['peers'][number]
type Stage = Peer['stages'][number]

function barOf(
  model: NetworkSnapshot['models'][number],
  peer: Peer,
  stage: Stage,
  yourPeerId: string | null,
): TrackBar {
  const state = peer.isAwake ? stage.state : 'asleep'
  const isYours = peer.peerId === yourPeerId
  const who = isYours
    ? 'This tab'
    : `${peer.kind === 'tab' ? 'Tab' : 'Native peer'} ${shortPeerId(peer.peerId)}`
  const doing = { ready: 'holds', loading: 'is loading', asleep: 'sleeps on' }[state]
  const rate =
    state === 'ready'
      ? ` ${formatMs(stage.decodeStepMs)} a token, ${formatPlural(stage.openSessions, 'open session')}.`
      : ''
  return {
    key: `${peer.peerId} ${formatRange(stage.layers)}`,
    peerId: peer.peerId,
    layers: stage.layers,
    state,
    isYours,
    note: state === 'ready' ? noteOf(stage) : undefined,
    description: `${who} ${doing} layers ${formatRange(stage.layers)} of ${model.layerCount}.${rate}`,
  }
}

function noteOf({ decodeStepMs, openSessions }: Stage): string {
  const sessions = openSessions === 0 ? '' : `, ${formatPlural(openSessions, 'session')}`
  return `${formatMs(decodeStepMs)} a token${sessions}`
}

/** Links between bars of one track: both ends report a link, so each pair is drawn once, left to right. */
function linksOf(snapshot: NetworkSnapshot, bars: readonly TrackBar[]): readonly TrackLink[] {
  const links = new Map<string, TrackLink>()
  for (const link of snapshot.links) {
    for (const a of bars.filter((bar) => bar.peerId === link.from)) {
      for (const b of bars.filter((bar) => bar.peerId === link.to)) {
        const [left, right] = a.layers.start <= b.layers.start ? [a, b] : [b, a]
        // Replicas of one range keep links too, but no token ever takes them.
        if (left.layers.end > right.layers.start && left.layers.end >= right.layers.end) continue
        const key = `${left.key} ${right.key}`
        links.set(key, { key, from: left.key, to: right.key, path: link.path, roundTripMs: link.roundTripMs })
      }
    }
  }
  return [...links.values()]
}

function coverOf(bars: readonly TrackBar[], layerCount: number): number {
  const ready = bars.filter((bar) => bar.state === 'ready')
  let cover = Infinity
  for (let layer = 0; layer < layerCount; layer++) {
    cover = Math.min(cover, ready.filter(({ layers }) => layers.start <= layer && layer < layers.end).length)
  }
  return cover
}
