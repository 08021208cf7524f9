import type { Browser, Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { contribute, launchBrowser } from './support/browser.ts'
import { startNode, startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'
import type { Running } from './support/processes.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const LONG_ANSWER = [{ role: 'user' as const, content: 'Tell me everything about Racemesh.' }]

async function meshOfTwo(): Promise<{ relay: TestRelay; page: Page; node: Running }> {
  const relay = await startRelay()
  cleanups.push(() => relay.stop())
  const browser: Browser = await launchBrowser()
  cleanups.push(() => browser.close())
  const page = await browser.newPage()
  await contribute(page, relay.origin, { layers: '0-4', power: 'Full' })
  const node = await startNode(relay.origin, ['--layers', '4-8'])
  cleanups.push(() => node.stop())
  await untilNetwork(relay.origin, (network) => network.models.every((model) => model.gaps.length === 0))
  // Warm the link, so that what follows measures the loss and not the first connection.
  await ask(relay.origin, [{ role: 'user', content: 'Hi' }], { maxTokens: 4 })
  return { relay, page, node }
}

describe('when a peer dies', () => {
  it('a frozen native peer leaves the map within a second of silence, and the answer ends with a clear error', async () => {
    const { relay, node } = await meshOfTwo()
    // Hot temperature: the end token may come late, so there is an answer to interrupt.
    const asked = interruptible(relay.origin)
    await asked.begun
    node.child.kill('SIGSTOP')
    const frozenAt = performance.now()
    await untilNetwork(
      relay.origin,
      (network) => network.peers.every((peer) => peer.kind !== 'native'),
      5_000,
    )
    const goneAfterMs = performance.now() - frozenAt
    node.child.kill('SIGCONT')
    // One second of silence, and the poll and scheduling of a loaded test machine on top.
    expect(goneAfterMs).toBeLessThan(1_600)
    await expect(asked.done).rejects.toThrow(/left|silent|ended the answer/)
  })

  it('a killed native peer leaves at once, and the next question says which layers are missing', async () => {
    const { relay, node } = await meshOfTwo()
    node.child.kill('SIGKILL')
    const network = await untilNetwork(
      relay.origin,
      ({ peers }) => peers.every((peer) => peer.kind !== 'native'),
      2_000,
    )
    expect(network.models[0]!.gaps).toEqual([{ start: 4, end: 8 }])
    const response = await fetch(`${relay.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(response.status).toBe(503)
    expect(JSON.stringify(await response.json())).toMatch(/4-8/)
  })

  it('a closed tab leaves at once', async () => {
    const { relay, page } = await meshOfTwo()
    await page.close()
    await untilNetwork(relay.origin, ({ peers }) => peers.every((peer) => peer.kind !== 'tab'), 2_000)
  })
})

/** An answer long enough to be interrupted: `begun` settles with its first text. */
function interruptible(origin: string): { begun: Promise<void>; done: Promise<unknown> } {
  let onBegun = (): void => {}
  const begun = new Promise<void>((resolve) => {
    onBegun = resolve
  })
  const done = (async () => {
    for (let seed = 1; seed <= 200; seed++)
      await ask(origin, LONG_ANSWER, { maxTokens: 400, temperature: 2, seed, onText: () => onBegun() })
  })()
  done.catch(() => {
    // The spec awaits it later.
  })
  return { begun, done }
}
