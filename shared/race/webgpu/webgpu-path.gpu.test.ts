import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInChromium } from '../../engine/chromium.suite.ts'
import type { PathReport } from '../conformance/check-path.ts'

describe('the Race on WebGPU in Chromium', () => {
  let page: Page
  let close: () => Promise<void>

  beforeAll(async () => {
    const entry = fileURLToPath(new URL('../../../app/worker/race-page.fixture.ts', import.meta.url))
    ;({ page, close } = await openInChromium(entry))
  })
  afterAll(() => close())

  it.each(['packed', 'polyfill'] as const)(
    'gives the golden bits with the %s dot product, and frees every buffer',
    async (dot4) => {
      const report = await page.evaluate<PathReport & { liveBuffers: number }>(
        `checkWebGpu('${dot4}', { micro: { nonces: 96, traces: 2 } })`,
      )
      expect(report).toMatchObject({ nonces: 96, mismatches: 0, details: [], liveBuffers: 0 })
    },
  )

  it('gives the golden bits of tab', async () => {
    const report = await page.evaluate<PathReport>(`checkOpened({ tab: { nonces: 1, traces: 1 } })`)
    expect(report).toMatchObject({ nonces: 1, mismatches: 0, details: [] })
  })

  it('names the operator of a kernel that rounds wrongly', async () => {
    const report = await page.evaluate<PathReport>(
      `checkWebGpu('packed', { micro: { nonces: 4, traces: 4 } }, 0)`,
    )
    expect(report.mismatches).toBe(4)
    expect(report.details[0]).toBe('micro nonce 0: input, output, dot, squared length')
  })

  it('gives the golden bits on WebAssembly too', async () => {
    const report = await page.evaluate<PathReport>(`checkWasm({ micro: { nonces: 2052, traces: 4 } })`)
    expect(report).toMatchObject({ nonces: 2052, mismatches: 0 })
  })
})
