import { formatRange } from '../../shared/protocol/layer-range.ts'
import type { LayerRange } from '../../shared/protocol/layer-range.ts'
import type { ContributorStatus } from '../mesh-contributor.ts'
import type { ModelTrack } from './network-view.ts'
import { findGaps, type TrackBar, type TrackLink } from './track-layout.ts'

export interface ShownTrack {
  readonly name: string
  readonly layerCount: number
  readonly bars: readonly TrackBar[]
  readonly links: readonly TrackLink[]
  readonly gaps: readonly LayerRange[]
}

/**
 * The tracks that matter to this tab: the one it serves, or all while it has none. The tab knows its own stage before
 * the relay does (and without it), so its bar is drawn from its own status; only its own links are drawn.
 */
export function withYourBar(tracks: readonly ModelTrack[], status: ContributorStatus): readonly ShownTrack[] {
  const { stage, peerId } = status
  if (stage === null || peerId === null) {
    return tracks.map(({ model, bars }) => ({
      name: model.name,
      layerCount: model.layerCount,
      bars,
      links: [],
      gaps: model.gaps,
    }))
  }
  const track = tracks.find(({ model }) => model.name === stage.modelName)
  const others = (track?.bars ?? []).filter((bar) => bar.peerId !== peerId)
  const own: TrackBar = {
    key: `${peerId} own`,
    peerId,
    layers: stage.layers,
    state: status.phase === 'serving' ? 'ready' : 'loading',
    isYours: true,
    description: `This tab ${status.phase === 'serving' ? 'holds' : 'is loading'} layers ${formatRange(stage.layers)} of ${stage.layerCount}.`,
  }
  const bars = [...others, own]
  return [
    {
      name: stage.modelName,
      layerCount: stage.layerCount,
      bars,
      links: status.links.flatMap((link) => ownLinks(link, own, others)),
      gaps: findGaps(bars, stage.layerCount),
    },
  ]
}

function ownLinks(
  link: ContributorStatus['links'][number],
  own: TrackBar,
  others: readonly TrackBar[],
): readonly TrackLink[] {
  return others
    .filter((bar) => bar.peerId === link.peerId)
    .flatMap((bar) => {
      const [left, right] = bar.layers.start <= own.layers.start ? [bar, own] : [own, bar]
      if (left.layers.end > right.layers.start) return []
      return [
        {
          key: `${left.key} ${right.key}`,
          from: left.key,
          to: right.key,
          path: link.path,
          roundTripMs: link.roundTripMs,
        },
      ]
    })
}
