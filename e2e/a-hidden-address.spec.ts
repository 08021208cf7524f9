import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { contribute, launchBrowser } from './support/browser.ts'
import { startNode, startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'
import type { Running } from './support/processes.ts'

let relay: TestRelay
let browser: Browser
let node: Running
let page: Page

beforeAll(async () => {
  relay = await startRelay()
  browser = await launchBrowser()
  page = await browser.newPage()
  await page.addInitScript(() => {
    // Whatever gathers an address of this device makes one of these first.
    const made: string[] = []
    const Actual = RTCPeerConnection
    Object.assign(globalThis, {
      made,
      RTCPeerConnection: class extends Actual {
        constructor(configuration?: RTCConfiguration) {
          super(configuration)
          made.push('RTCPeerConnection')
        }
      },
    })
  })
  await contribute(page, relay.origin, { layers: '0-4', power: 'Full', isRelayOnly: true })
  node = await startNode(relay.origin, ['--layers', '4-8'])
  await untilNetwork(relay.origin, (network) => network.models.every((model) => model.gaps.length === 0))
})
afterAll(async () => {
  await node.stop()
  await browser.close()
  await relay.stop()
})

describe('a tab that hides its address', () => {
  it('answers through the relay alone, which is shown and counted, and makes no peer connection', async () => {
    const answer = await ask(relay.origin, [{ role: 'user', content: 'What is Racemesh?' }], {
      maxTokens: 16,
    })
    expect(answer.tokens).toBe(16)
    const stages = answer.stages ?? []
    expect(stages.map(({ layers }) => layers)).toEqual([
      [0, 4],
      [4, 8],
    ])
    expect(stages[0]?.link?.path).toBe('relayed-stream')
    expect(stages[0]?.tensor_bytes_relayed).toBe(stages[0]?.tensor_bytes_sent)
    expect(stages[0]?.tensor_bytes_relayed).toBeGreaterThan(0)
    expect(await page.evaluate(() => (globalThis as unknown as { made: string[] }).made)).toEqual([])
  })

  it('remembers the wish', async () => {
    await page.getByRole('button', { name: 'Stop' }).first().click()
    await page.reload()
    const wish = page.getByRole('checkbox', { name: 'Hide my IP address from other peers' })
    await wish.waitFor()
    expect(await wish.isChecked()).toBe(true)
    await page.getByText('Only the relay sees your IP address.').waitFor()
  })
})
