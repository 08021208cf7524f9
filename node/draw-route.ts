/** The `racemesh` object that a relay adds to an answer, as far as it is drawn. What was not measured is null. */
export interface RouteReport {
  readonly stages: readonly {
    readonly peerId: string
    readonly kind: string
    readonly layers: readonly [number, number]
    readonly link: { readonly path: string; readonly rtt_ms: number | null } | null
    readonly prefill_ms: number | null
    readonly decode_step_ms: number | null
  }[]
  readonly ttft_ms: number | null
  readonly tokens_per_second: number | null
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
        ? ['answers itself']
        : [
            link.path === 'relayed-stream' ? 'relayed' : 'direct',
            ...figure('', link.rtt_ms, 1, ' ms round trip'),
          ]
    const steps = [...figure('prompt ', prefill_ms, 0, ' ms'), ...figure('token ', decode_step_ms, 1, ' ms')]
    return [
      track,
      `layers ${start}-${end}`,
      `${kind} …${peerId.slice(-8)}`,
      ...(steps.length === 0 ? [] : [steps.join(', ')]),
      hop.join(', '),
    ].join('  ')
  })
  const summary = [
    ...figure('first token after ', report.ttft_ms, 0, ' ms'),
    ...figure('', report.tokens_per_second, 1, ' tokens/s'),
  ]
  if (summary.length > 0) lines.push(summary.join(', '))
  return `${lines.join('\n')}\n`
}

/** Nothing at all for what was not measured: a person would read a dash as a fault and a 0 as a figure. */
function figure(before: string, value: number | null | undefined, digits: number, after: string): string[] {
  return value === null || value === undefined ? [] : [`${before}${value.toFixed(digits)}${after}`]
}
