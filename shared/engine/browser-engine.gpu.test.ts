import { fileURLToPath } from 'node:url'
import * as ort from 'onnxruntime-web'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInChromium } from './chromium.suite.ts'
import { generate, GENERATE } from './generate.fixture.ts'
import { InThreadEngine } from './ort-engine.ts'
import { packRandomModel } from './packed-model.fixture.ts'
import { createWasmBackend } from './wasm-backend.ts'

describe('the engine in a browser', () => {
  let page: Page
  let close: () => Promise<void>

  beforeAll(async () => {
    const entry = fileURLToPath(new URL('../../app/worker/engine-page.fixture.ts', import.meta.url))
    ;({ page, close } = await openInChromium(entry))
  })
  afterAll(() => close())

  it('gives the golden logits on WebGPU, and on WASM the very bits of Node', async () => {
    const golden = await page.evaluate<Record<'webgpu' | 'wasmQ4' | 'wasmQ8', number>>('golden()')
    // Measured 4.0e-7 on SwiftShader.
    expect(golden.webgpu).toBeLessThan(1e-5)
    expect(golden).toMatchObject({ wasmQ4: 0, wasmQ8: 0 })
  })

  it('agrees with WASM over a prompt beyond 48 positions and creates no buffer per token', async () => {
    const result = await page.evaluate<{ differences: number[]; buffersPerStep: number[] }>('compareStage()')
    // Measured 6e-7 to 8e-7 on SwiftShader.
    for (const difference of result.differences) expect(difference).toBeLessThan(1e-5)
    // The first step with a head and one row creates the scratch buffers of these shapes.
    const [first, ...steady] = result.buffersPerStep
    expect(first).toBeGreaterThan(0)
    expect(steady).toEqual(steady.map(() => 0))
  })

  it.each([
    { preferWebGpu: false, encoding: 'q8', backend: 'wasm' },
    { preferWebGpu: true, encoding: 'q8', backend: 'webgpu' },
    { preferWebGpu: true, encoding: 'q4', backend: 'webgpu' },
  ] as const)(
    'serves $encoding from the compute worker on $backend with the tokens of Node',
    async (variant) => {
      const engine = new InThreadEngine({
        backend: createWasmBackend(ort),
        memoryBudgetBytes: 64 * 1024 * 1024,
      })
      const model = await packRandomModel(variant.encoding, GENERATE.shape)
      const expected = await generate({ engine, model, ...GENERATE.request })
      expect(new Set(expected).size).toBeGreaterThan(3)

      const call = `generateInWorker(${variant.preferWebGpu}, '${variant.encoding}')`
      const report = await page.evaluate<{ backend: string; tokens: number[] }>(call)
      expect(report).toMatchObject({ backend: variant.backend, tokens: expected })
    },
  )
})
