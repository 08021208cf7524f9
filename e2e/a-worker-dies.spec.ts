import type { Browser, Page, Worker } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { contribute, launchBrowser, untilServing } from './support/browser.ts'
import { startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'

let relay: TestRelay
let browser: Browser
let page: Page

beforeAll(async () => {
  relay = await startRelay()
  browser = await launchBrowser()
  page = await browser.newPage()
  await contribute(page, relay.origin, { layers: '0-8', power: 'Full' })
})
afterAll(async () => {
  await browser.close()
  await relay.stop()
})

async function servingPeer(except?: string): Promise<string> {
  const isServing = (peer: { peerId: string; stages: readonly { state: string }[] }): boolean =>
    peer.peerId !== except && peer.stages.some(({ state }) => state === 'ready')
  const { peers } = await untilNetwork(relay.origin, (network) => network.peers.some(isServing), 60_000)
  return peers.find(isServing)!.peerId // just waited for
}

function worker(name: 'network' | 'compute'): Worker {
  const found = page.workers().find((each) => each.url().includes(name))
  if (found === undefined) throw new Error(`this tab has no ${name} worker`)
  return found
}

describe('when a worker of a tab dies', () => {
  it.each([
    [
      'the network worker throws',
      () => worker('network').evaluate(() => void setTimeout(() => { throw new Error('boom') })), // prettier-ignore
    ],
    ['the network worker is gone without a word', () => worker('network').evaluate(() => self.close())],
    [
      'the compute worker throws',
      () => worker('compute').evaluate(() => void setTimeout(() => { throw new Error('boom') })), // prettier-ignore
    ],
  ])('%s: the tab joins again by itself and answers', async (_, kill) => {
    const before = await servingPeer()
    await kill()
    const after = await servingPeer(before)
    await untilServing(page)
    expect(after).not.toBe(before)
    await untilNetwork(relay.origin, ({ peers }) => peers.every(({ peerId }) => peerId !== before), 5_000)
    expect((await ask(relay.origin, [{ role: 'user', content: 'Hi' }], { maxTokens: 4 })).tokens).toBe(4)
  })
})
