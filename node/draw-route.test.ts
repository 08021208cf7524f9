import { describe, expect, it } from 'vitest'
import { drawRoute, type RouteReport } from './draw-route.ts'

const REPORT: RouteReport = {
  stages: [
    {
      peerId: '12D3KooWHead1234',
      kind: 'tab',
      layers: [0, 2],
      link: { path: 'main-channel', rtt_ms: 3.21 },
      prefill_ms: 41.6,
      decode_step_ms: 2.34,
    },
    {
      peerId: '12D3KooWLast5678',
      kind: 'native',
      layers: [2, 8],
      link: { path: 'relayed-stream', rtt_ms: 40 },
      prefill_ms: 60,
      decode_step_ms: 6,
    },
  ],
  ttft_ms: 120.4,
  tokens_per_second: 31.25,
}

describe('drawRoute', () => {
  it('draws each stage where its layers are, with its figures', () => {
    expect(drawRoute(REPORT, false)).toBe(
      '━━━━━━━━························  layers 0-2  tab …Head1234  prompt 42 ms, token 2.3 ms  direct, 3.2 ms round trip\n' +
        '········━━━━━━━━━━━━━━━━━━━━━━━━  layers 2-8  native …Last5678  prompt 60 ms, token 6.0 ms  relayed, 40.0 ms round trip\n' +
        'first token after 120 ms, 31.3 tokens/s\n',
    )
  })

  it('leaves out what the relay did not measure', () => {
    const stages = REPORT.stages.map((stage) => ({
      ...stage,
      link: { path: 'main-channel', rtt_ms: null },
      prefill_ms: null,
      decode_step_ms: null,
    }))
    expect(drawRoute({ stages, ttft_ms: null, tokens_per_second: null }, false)).toBe(
      '━━━━━━━━························  layers 0-2  tab …Head1234  direct\n' +
        '········━━━━━━━━━━━━━━━━━━━━━━━━  layers 2-8  native …Last5678  direct\n',
    )
  })

  it.each([
    ['no prompt time', { prefill_ms: null }, {}, 'token 2.3 ms  direct'],
    ['no time per token', { decode_step_ms: null }, {}, 'prompt 42 ms  direct'],
    ['no first token', {}, { ttft_ms: null }, '\n31.3 tokens/s\n'],
    ['one token, so no rate', {}, { tokens_per_second: null }, '\nfirst token after 120 ms\n'],
  ])('shows the rest when there is %s', (_, stage, report, text) => {
    const stages = [{ ...REPORT.stages[0]!, ...stage }]
    const drawn = drawRoute({ ...REPORT, stages, ...report }, false)
    expect(drawn).toContain(text)
    expect(drawn).not.toMatch(/null|NaN|undefined/)
  })

  it('says when there is nothing to draw', () => {
    expect(drawRoute({}, false)).toBe('The relay sent no route.\n')
  })

  it('colours the bars for a terminal only', () => {
    expect(drawRoute(REPORT, true)).toContain('\u001B[36m━━━━━━━━\u001B[0m')
  })
})
