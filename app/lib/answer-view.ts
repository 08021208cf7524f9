import { formatRange } from '../../shared/protocol/layer-range.ts'
import type { AnswerStage } from './completion-chunk.ts'
import { describePath, formatBytes, formatMs, shortPeerId } from './format.ts'
import type { TrackBar, TrackLink } from './track-layout.ts'

/** The stages of an answer as a track: one bar a stage, an arc for each hop to the next. */
export function answerTrack(
  stages: readonly AnswerStage[],
  yourPeerId: string | null,
): { readonly layerCount: number; readonly bars: readonly TrackBar[]; readonly links: readonly TrackLink[] } {
  const bars = stages.map((stage) => ({
    key: `${stage.layers.start}`,
    peerId: stage.peerId,
    layers: stage.layers,
    state: 'ready' as const,
    isYours: stage.peerId === yourPeerId,
    note: stage.work === null ? undefined : formatMs(stage.work.decodeStepMs),
    description: describeStage(stage, yourPeerId),
  }))
  const links = stages.slice(0, -1).flatMap((stage, i) => {
    const next = bars[i + 1]
    if (stage.link === null || next === undefined) return []
    return [{ key: `${i}`, from: `${stage.layers.start}`, to: next.key, ...stage.link }]
  })
  return { layerCount: Math.max(1, ...stages.map((stage) => stage.layers.end)), bars, links }
}

/** All that is known of one stage, in sentences. */
export function describeStage(
  { peerId, kind, layers, link, work }: AnswerStage,
  yourPeerId: string | null,
): string {
  const who =
    peerId === yourPeerId ? 'This tab' : `${kind === 'tab' ? 'Tab' : 'Native peer'} ${shortPeerId(peerId)}`
  const parts = [`${who} ran layers ${formatRange(layers)}.`]
  if (work !== null) {
    parts.push(`${formatMs(work.prefillMs)} to read the question, ${formatMs(work.decodeStepMs)} a token.`)
  }
  if (link !== null) {
    const sent =
      work === null || work.tensorBytesSent === 0 ? '' : `, ${formatBytes(work.tensorBytesSent)} sent`
    const path = describePath(link.path)
    parts.push(`Hop onward: ${path}, ${formatMs(link.roundTripMs)} round trip${sent}.`)
  }
  return parts.join(' ')
}
