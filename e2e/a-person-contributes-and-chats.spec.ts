import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contribute, launchBrowser, untilServing } from './support/browser.ts'
import { startRelay, untilNetwork, type TestRelay } from './support/mesh.ts'

describe('a person', () => {
  let relay: TestRelay
  let browser: Browser
  let context: BrowserContext
  let first: Page
  let second: Page
  const problems: string[] = []

  beforeAll(async () => {
    relay = await startRelay()
    browser = await launchBrowser()
    context = await browser.newContext()
    context.on('page', (page) => {
      page.on('pageerror', (error) => problems.push(String(error)))
    })
    first = await context.newPage()
    second = await context.newPage()
  })

  afterAll(async () => {
    await browser.close()
    await relay.stop()
  })

  it('sees what will happen before anything runs', async () => {
    const requests: string[] = []
    first.on('request', (request) => requests.push(request.url()))
    const sockets: string[] = []
    first.on('websocket', (socket) => sockets.push(socket.url()))
    await first.goto(`${relay.origin}/contribute`)
    await first.getByRole('button', { name: 'Start' }).waitFor()
    await first.getByText('IP address', { exact: true }).waitFor()
    expect(first.workers()).toHaveLength(0)
    expect(sockets).toEqual([])
    expect(requests.filter((url) => url.includes('/models/'))).toEqual([])
  })

  it('is told that nobody can answer yet', async () => {
    await second.goto(relay.origin)
    await second.getByRole('textbox', { name: 'Your question' }).fill('What is Racemesh?')
    await second.getByRole('button', { name: 'Send' }).click()
    await second
      .getByText(/Nobody/)
      .first()
      .waitFor()
  })

  it('presses Start in one tab and holds the whole model', async () => {
    await first.getByRole('button', { name: 'Start' }).click()
    await untilServing(first)
    await first.getByRole('paragraph').getByText('This tab holds layers 0-8 of 8').waitFor()
  })

  it('presses Start in another tab, and the two share the layers', async () => {
    await contribute(second, relay.origin)
    const network = await untilNetwork(relay.origin, ({ peers }) => {
      const ranges = peers.flatMap((peer) => peer.stages.map(({ layers }) => `${layers.start}-${layers.end}`))
      return (
        ranges.sort().join(' ') === '0-4 4-8' &&
        peers.every((peer) => peer.stages.every(({ state }) => state === 'ready'))
      )
    })
    expect(network.peers).toHaveLength(2)
  })

  it('chats and sees which tabs made the answer', async () => {
    const chat = await context.newPage()
    await chat.goto(relay.origin)
    await chat.getByRole('textbox', { name: 'Your question' }).fill('What is Racemesh?')
    await chat.keyboard.press('Enter')
    const strip = chat.getByRole('region', { name: 'How this answer was made' })
    await strip
      .getByText(/tokens per second|tokens\/s/i)
      .first()
      .waitFor({ timeout: 60_000 })
    expect((await chat.getByRole('article').last().innerText()).length).toBeGreaterThan(20)
    const text = await strip.innerText()
    expect(text).toMatch(/0-4/)
    expect(text).toMatch(/4-8/)
    expect(text.toLowerCase()).toMatch(/direct/)
    await chat.close()
  })

  it('reloads and starts again without downloading the weights a second time', async () => {
    const downloads: string[] = []
    first.on('request', (request) => {
      if (/\/models\/.*\.bin/.test(request.url())) downloads.push(request.url())
    })
    await contribute(first, relay.origin)
    expect(downloads).toEqual([])
  })

  it('presses Stop, and the tab has left within a second', async () => {
    await second.getByRole('button', { name: /^Stop/ }).first().click()
    const startMs = performance.now()
    await untilNetwork(relay.origin, ({ peers }) => peers.length === 1, 3_000)
    expect(performance.now() - startMs).toBeLessThan(1_500)
    await second.getByRole('button', { name: 'Start' }).waitFor()
    expect(second.workers()).toHaveLength(0)
  })

  it('met no error in the pages', () => {
    expect(problems).toEqual([])
  })
})
