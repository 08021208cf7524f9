import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildAppWithFakeMesh } from './testing/build-app.ts'
import { emptyNetwork, largeNetwork, PEERS, smallNetwork } from './testing/fake-network.ts'
import { startFakeRelay, type FakeRelay, type Scenario } from './testing/fake-relay.ts'

const ANSWER = ['Racemesh is ', 'a **mesh** ', 'of browser ', 'tabs.']
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
]

let folder: string
let browser: Browser
let relay: FakeRelay
/** What went wrong on any page; every test must leave it empty. */
let problems: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'racemesh-app-'))
  await buildAppWithFakeMesh(folder)
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: FLAGS,
  })
})

afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true })
})

afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await relay.close()
  expect(problems).toEqual([])
})

async function open(
  path: string,
  scenario: Partial<Scenario> = {},
  options: BrowserContextOptions & { script?: () => void } = {},
): Promise<Page> {
  problems = []
  relay = await startFakeRelay(folder, {
    network: smallNetwork,
    answer: { pieces: ANSWER, gapMs: 20 },
    ...scenario,
  })
  const { script, ...contextOptions } = options
  const context = await browser.newContext(contextOptions)
  if (script !== undefined) await context.addInitScript(script)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    // A refusal of the relay is logged by the browser itself; the page's own complaints are not expected.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(message.text())
    }
  })
  await page.goto(relay.origin + path)
  return page
}

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Your question' }).fill(question)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** Counts every way to use the device or reach a peer; installed before the app's own code. */
function watchDevice(): void {
  const calls: string[] = []
  Object.assign(globalThis, { deviceCalls: calls })
  const watched = globalThis as unknown as Record<string, new (...args: unknown[]) => object>
  for (const name of [
    'Worker',
    'SharedWorker',
    'RTCPeerConnection',
    'WebSocket',
    'WebTransport',
    'EventSource',
  ]) {
    const original = watched[name]
    if (original === undefined) continue
    watched[name] = new Proxy(original, {
      construct(target, args: unknown[]) {
        calls.push(name)
        return new target(...args)
      },
    })
  }
  const gpu = (navigator as { gpu?: { requestAdapter: (...args: unknown[]) => unknown } }).gpu
  if (gpu === undefined) calls.push('no navigator.gpu to watch')
  else {
    const requestAdapter = gpu.requestAdapter.bind(gpu)
    gpu.requestAdapter = (...args) => {
      calls.push('requestAdapter')
      return requestAdapter(...args)
    }
  }
}

const deviceCalls = (page: Page): Promise<unknown> =>
  page.evaluate(() => (globalThis as unknown as { deviceCalls: string[] }).deviceCalls)
const isMeshLoaded = (): boolean => relay.requests.some((path) => path.includes('contributor'))

describe('consent', () => {
  it('touches neither device nor peers nor weights before a trusted press, whatever page is shown', async () => {
    const page = await open('/', {}, { script: watchDevice })
    for (const name of ['Network', 'Race', 'Contribute', 'Chat', 'Contribute']) {
      await page.getByRole('navigation').getByRole('link', { name }).click()
      await page.waitForTimeout(150)
    }
    // Scripts can click too; their events are not trusted.
    await page.getByRole('button', { name: 'Start' }).evaluate((button: HTMLElement) => {
      button.click()
      button.dispatchEvent(new MouseEvent('click', { bubbles: true }))
    })
    await page.waitForTimeout(300)
    expect(await deviceCalls(page)).toEqual([])
    expect(isMeshLoaded()).toBe(false)
    expect(relay.requests.filter((path) => path.startsWith('/models'))).toEqual([])

    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByText('This tab is downloading layers 4-8 of 8.').first().waitFor()
    expect(isMeshLoaded()).toBe(true)
  })

  it('says in megabytes what will be downloaded', async () => {
    const page = await open('/contribute')
    await page.getByText('It downloads up to 13 MB of weights (guide)').waitFor()
  })
})

describe('contributing', () => {
  it('starts, shows its work and stops by keyboard alone', async () => {
    const page = await open('/contribute')
    await page.keyboard.press('Tab')
    expect(await focusedName(page)).toBe('Skip to the page')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focusedName(page)).toBe('balanced')
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('radio', { name: 'Full' }).isChecked()).toBe(true)
    await page.keyboard.press('Tab')
    const hidesAddress = page.getByRole('checkbox', { name: 'Hide my IP address from other peers' })
    expect(await hidesAddress.evaluate((box) => box === document.activeElement)).toBe(true)
    await page.keyboard.press('Space')
    await page.getByText('Only the relay sees your IP address.').waitFor()
    await page.keyboard.press('Tab')
    expect(await focusedName(page)).toBe('Start')
    await page.keyboard.press('Enter')
    await page.getByText(/This tab holds layers 4-8 of 8 and has answered \d+ tokens?\./).waitFor()
    await page.getByText('through the relay').waitFor()
    const stop = page.getByRole('button', { name: 'Stop contributing' })
    await stop.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Start' }).waitFor()
    await page.getByText(/Stopped\. This tab answered \d+ tokens?\./).waitFor()
    expect(await stop.count()).toBe(0)
  })

  it('keeps Stop in the same place on every page', async () => {
    const page = await open('/contribute')
    await page.getByRole('button', { name: 'Start' }).click()
    const stop = page.getByRole('button', { name: 'Stop contributing' })
    await page.getByText('Layers 4-8', { exact: true }).waitFor()
    const places = []
    for (const name of ['Contribute', 'Chat', 'Network']) {
      await page.getByRole('navigation').getByRole('link', { name }).click()
      places.push(await stop.boundingBox())
    }
    expect(places[0]).not.toBeNull()
    expect(places[1]).toEqual(places[0])
    expect(places[2]).toEqual(places[0])
    await stop.click()
    await stop.waitFor({ state: 'detached' })
  })

  it('stops while the code of the mesh is still on its way', async () => {
    const page = await open('/contribute')
    await page.route('**/*contributor*', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await route.continue()
    })
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByRole('button', { name: 'Stop contributing' }).click()
    await page.getByRole('button', { name: 'Start' }).waitFor()
    await page.waitForTimeout(900)
    expect(await page.getByRole('button', { name: 'Start' }).isVisible()).toBe(true)
  })

  it('pins the layers that the address asks for, and offers a way on when they do not fit', async () => {
    const page = await open('/contribute?layers=1000-1004')
    await page.getByText('The address of this page asks for layers 1000-1004.').waitFor()
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByText('These layers need 3.1 GB, and this device offers 0.5 GB.').waitFor()
    await page.getByRole('button', { name: 'Back to the choice' }).click()
    await page.getByRole('button', { name: 'Start' }).waitFor()
  })
})

describe('chat', () => {
  it('streams an answer, then shows who made it', async () => {
    const page = await open('/', { answer: { pieces: ANSWER, gapMs: 150 } })
    await ask(page, 'What is Racemesh?')
    const answer = page.getByRole('article')
    await answer.getByText('Racemesh is', { exact: false }).waitFor()
    expect(await answer.textContent()).not.toContain('tabs.')
    await answer.getByText('Racemesh is a mesh of browser tabs.').waitFor()
    expect(await answer.locator('strong').textContent()).toBe('mesh')
    await answer.getByText('38 tokens/s').waitFor()
    await answer.getByText('1 hop through the relay').waitFor()
    const stage = answer.getByRole('button', { name: `Native peer ${PEERS[1]?.slice(-6)} ran layers 3-6.` })
    await stage.focus()
    await page.keyboard.press('Enter')
    await answer
      .getByRole('paragraph')
      .filter({
        hasText: /48 ms to read the question, 2\.6 ms a token\. Hop onward: through the relay, 38 ms/,
      })
      .waitFor()
    expect(relay.completions).toMatchObject([
      { model: 'guide', stream: true, messages: [{ role: 'user', content: 'What is Racemesh?' }] },
    ])
    await page.reload()
    await page.getByRole('article').getByText('Racemesh is a mesh of browser tabs.').waitFor()
  })

  it('leaves what a hostile model writes inert', async () => {
    const pieces = [
      '<img src=x onerror="window.pwned=1"><scr',
      'ipt>window.pwned=1</script>\n\n[a](javascript:window.pwned=1) [b](https://example.org/) ',
      '![c](http://127.0.0.1:9/x.png) <svg onload="window.pwned=1"></svg><style>*{display:none}</style>',
      '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe><form action="/"><input name=q></form>',
      '\n\n[d](data:text/html,<script>window.pwned=1</script>) <p id="app" class="x" style="position:fixed">e</p>',
    ]
    const outside: string[] = []
    const page = await open('/', { answer: { pieces, gapMs: 30 } })
    page.on('request', (request) => {
      if (!request.url().startsWith(relay.origin)) outside.push(request.url())
    })
    await ask(page, 'Hello')
    const body = page.locator('article .markdown')
    await page.getByRole('article').getByText('38 tokens/s').waitFor()
    await page.waitForTimeout(200)
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined()
    expect(outside).toEqual([])
    expect(
      await body
        .locator('img, script, svg, style, iframe, form, input, [style], [id], [class], [onerror]')
        .count(),
    ).toBe(0)
    const links = await body
      .locator('a')
      .evaluateAll((all) =>
        all.map((link) => [link.textContent, link.getAttribute('href'), link.getAttribute('rel')]),
      )
    expect(links.filter(([, href]) => href !== null)).toEqual([
      ['b', 'https://example.org/', 'noopener noreferrer nofollow'],
    ])
    // The text itself is not lost, only its power.
    expect(await body.textContent()).toContain('<img src=x onerror="window.pwned=1">')
  })

  it('stops at once, keeps what came, and tells the relay', async () => {
    const pieces = Array.from({ length: 200 }, (_, i) => `word${i} `)
    const page = await open('/', { answer: { pieces, gapMs: 30 } })
    await ask(page, 'Count')
    await page.getByText('word5').waitFor()
    await page.getByRole('button', { name: 'Stop answer' }).click()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await expect.poll(() => relay.cancelled()).toBe(1)
    const text = await page.getByRole('article').textContent()
    expect(text).toContain('word5')
    expect(text).not.toContain('word150')
    await page.getByRole('button', { name: 'New chat' }).click()
    await page.getByRole('heading', { name: 'Ask the mesh' }).waitFor()
  })

  it('says which layers nobody holds and how to fill them, then answers on the next try', async () => {
    const refusal = {
      error: {
        message: 'Layers 4-8 of this model have no awake peer.',
        type: 'server_error',
        param: null,
        code: 'no_route',
      },
      racemesh: { missing: [[4, 8]] },
    }
    const page = await open('/', { answer: { status: 503, body: refusal } })
    await ask(page, 'Hello')
    const alert = page.getByRole('alert')
    await alert.getByText('Nobody holds layers 4-8 of this model.').waitFor()
    expect(
      await alert.getByRole('link', { name: 'Open Contribute in another tab' }).getAttribute('href'),
    ).toBe('/contribute')
    relay.scenario.answer = { pieces: ANSWER, gapMs: 5 }
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Racemesh is a mesh of browser tabs.').waitFor()
    expect(await alert.count()).toBe(0)
  })

  it('sends the settings that were chosen', async () => {
    const page = await open('/')
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('Seed').fill('42')
    await page.getByLabel('System prompt').fill('Be brief.')
    await page.getByLabel('Longest answer, tokens').fill('64')
    await page.keyboard.press('Escape')
    await ask(page, 'Hello')
    await page.getByText('Racemesh is a mesh of browser tabs.').waitFor()
    expect(relay.completions).toMatchObject([
      { seed: 42, max_tokens: 64, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }] },
    ])
  })

  it.each([
    ['sends pulses over the strip', 'no-preference' as const],
    ['sends none under reduced motion', 'reduce' as const],
  ])('%s', async (_, reducedMotion) => {
    const pieces = Array.from({ length: 40 }, () => 'word ')
    const page = await open('/', { answer: { pieces, gapMs: 40 } }, { reducedMotion })
    await ask(page, 'Count')
    await page.getByText('word word word').waitFor()
    const seen = page.locator('circle.pulse').first().waitFor({ state: 'attached', timeout: 1_000 })
    if (reducedMotion === 'reduce') await expect(seen).rejects.toThrow('Timeout')
    else await seen
  })
})

describe('network', () => {
  it('shows the details of a bar that is chosen by keyboard, and all stages as a table', async () => {
    const page = await open('/network')
    const bar = page.getByRole('button', { name: `Tab ${PEERS[0]?.slice(-6)} holds layers 0-4 of 8.` })
    await bar.focus()
    await page.keyboard.press('Enter')
    await page
      .getByRole('region', { name: 'Chosen peer' })
      .getByText(PEERS[0] ?? '')
      .waitFor()
    await page.getByText('As a table').click()
    expect(await page.getByRole('table').getByRole('row').count()).toBe(3)
  })

  it('polls each second while it is visible, and not at all while it is hidden', async () => {
    const page = await open('/network')
    const polls = (): number => relay.requests.filter((path) => path === '/api/network').length
    await page.waitForTimeout(3_300)
    expect(polls()).toBeGreaterThanOrEqual(3)
    expect(polls()).toBeLessThanOrEqual(5)
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.waitForTimeout(200)
    const before = polls()
    await page.waitForTimeout(2_200)
    expect(polls()).toBe(before)
  })

  it('teaches when nobody is there', async () => {
    const page = await open('/network', { network: emptyNetwork })
    await page.getByText('No peers yet.').waitFor()
    await page.getByText('Missing layers 0-8').waitFor()
  })
})

describe('the shell', () => {
  it('opens every page without the relay, once it has been seen', async () => {
    const page = await open('/')
    await ask(page, 'What is Racemesh?')
    await page.getByText('Racemesh is a mesh of browser tabs.').waitFor()
    await workerTakesOver(page)
    await relay.close()
    await page.goto(`${relay.origin}/network`)
    await page.getByRole('alert').getByText('The relay does not answer.').waitFor()
    await page.goto(`${relay.origin}/`)
    await page.getByRole('article').locator('strong', { hasText: 'mesh' }).waitFor()
  })

  it('keeps no answer, picture or weight', async () => {
    const page = await open('/')
    await ask(page, 'What is Racemesh?')
    await workerTakesOver(page)
    await page.getByRole('link', { name: 'Network' }).click()
    await page.getByText('Complete, 1 peer on the thinnest layer').waitFor()
    const kept = await page.evaluate(async () => {
      const paths: string[] = []
      for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys())
          paths.push(new URL(request.url).pathname)
      }
      return paths
    })
    expect(kept).toContain('/')
    expect(kept.filter((path) => /^\/(v1|api|models)/.test(path) || path.includes('contributor'))).toEqual([])
  })

  it('goes back and forward between pages and says so in the title', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'Network' }).click()
    expect(await page.title()).toBe('Network · Racemesh')
    await page.goBack()
    await page.getByRole('heading', { name: 'Ask the mesh' }).waitFor()
    await page.goto(`${relay.origin}/nowhere`)
    await page.getByRole('heading', { name: 'There is no page here.' }).waitFor()
  })

  it.each(['/', '/contribute', '/network', '/race', '/details'])(
    'never scrolls sideways on a phone: %s',
    async (path) => {
      const page = await open(path, { network: largeNetwork }, { viewport: { width: 360, height: 740 } })
      await page.waitForTimeout(600)
      if (path === '/') {
        await ask(page, `A long word: ${'x'.repeat(80)}`)
        await page.getByRole('article').getByText('38 tokens/s').waitFor()
      }
      if (path === '/contribute') {
        await page.getByRole('button', { name: 'Start' }).click()
        await page.getByText(/has answered/).waitFor()
      }
      const widths = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement
        return { scrollWidth, clientWidth }
      })
      expect(widths.scrollWidth).toBe(widths.clientWidth)
    },
  )
})

/** Waits until the shell is kept; `serviceWorker.ready` would wait for ever where registration failed. */
async function workerTakesOver(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
}

/** The accessible text of what has the focus, as far as these tests need it. */
function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (element instanceof HTMLInputElement) return element.value
    return element?.textContent?.trim() ?? ''
  })
}
