/** The `racemesh` object that a relay adds to an answer, as far as it is drawn. */
export interface RouteReport {
  readonly stages: readonly {
    readonly peerId: string
    readonly kind: string
    readonly layers: readonly [number, number]
    readonly link: { readonly path: string; readonly rtt_ms: number } | null
    readonly prefill_ms: number
    readonly decode_step_ms: number
  }[]
  readonly ttft_ms: number
  readonly tokens_per_second: number
}

const TRACK_WIDTH = 32

/** Draws the track of an answer in text: one line per stage, its bar as long as its layers. */
export function drawRoute(report: Partial<RouteReport>, hasColour: boolean): string {
  const stages = report.stages ?? []
  const total = stages.at(-1)?.layers[1] ?? 0
  if (total === 0) return 'The relay sent no route.\n'
  const accent = hasColour ? (text: string) => `\u001B[36m${text}\u001B[0m` : (text: string) => text
  const lines = stages.map(({ peerId, kind, layers: [start, end], link, prefill_ms, decode_step_ms }) => {
    const from = Math.round((start / total) * TRACK_WIDTH)
    const to = Math.max(from + 1, Math.round((end / total) * TRACK_WIDTH))
    const track = '·'.repeat(from) + accent('━'.repeat(to - from)) + '·'.repeat(Math.max(0, TRACK_WIDTH - to))
    const hop =
      link === null
        ? 'answers itself'
        : `${link.path === 'relayed-stream' ? 'relayed' : 'direct'}, ${link.rtt_ms.toFixed(1)} ms round trip`
    return `${track}  layers ${start}-${end}  ${kind} …${peerId.slice(-8)}  prompt ${prefill_ms.toFixed(0)} ms, token ${decode_step_ms.toFixed(1)} ms  ${hop}`
  })
  const first = report.ttft_ms === undefined ? '' : `first token after ${report.ttft_ms.toFixed(0)} ms, `
  const rate = report.tokens_per_second === undefined ? '' : `${report.tokens_per_second.toFixed(1)} tokens/s`
  return `${lines.join('\n')}\n${first}${rate}\n`
}
