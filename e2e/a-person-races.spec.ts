import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from './support/ask.ts'
import { contribute, launchBrowser } from './support/browser.ts'
import { startRelay, type TestRelay } from './support/mesh.ts'
import { run } from './support/processes.ts'

describe('a person races', () => {
  let relay: TestRelay
  let browser: Browser
  let page: Page
  let folder: string
  const problems: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'racemesh-race-'))
    relay = await startRelay()
    browser = await launchBrowser()
    page = await (await browser.newContext()).newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
  })

  afterAll(async () => {
    await browser.close()
    await relay.stop()
    await rm(folder, { recursive: true })
  })

  /** The figure of this name. */
  const reading = async (name: string): Promise<number> => {
    const figure = page
      .getByRole('region', { name: 'Readings' })
      .locator('.figure', { hasText: name })
      .first()
    return Number((await figure.locator('.value').innerText()).replaceAll(',', ''))
  }

  it('reads what will happen before anything runs', async () => {
    await page.goto(`${relay.origin}/race`)
    await page.getByText(/Nothing runs yet/).waitFor()
    await page.getByText(/about 218 MB of weights/).waitFor()
    expect(page.workers()).toHaveLength(0)
  })

  it('presses Start and sees hits in the test class', async () => {
    await page
      .getByRole('combobox', { name: 'Class' })
      .selectOption({ label: 'micro: test class, no weight' })
    await page.getByRole('combobox', { name: 'Time' }).selectOption({ label: '5 min' })
    await page.getByRole('radio', { name: 'Full' }).check()
    await page.getByRole('button', { name: 'Start' }).click()
    await expect.poll(() => reading('Hits'), { timeout: 60_000 }).toBeGreaterThan(2)
    expect(await reading('Nonces')).toBeGreaterThan(500)
    const picture = await page.getByLabel(/^Picture of the race: /).getAttribute('aria-label')
    expect(picture).toMatch(/\d nonces, of which \d+ lie above the line of a hit/)
  })

  it('waits while another tab of the site makes an answer', async () => {
    const other = await page.context().newPage()
    await contribute(other, relay.origin)
    await page.bringToFront()
    await page.evaluate(() => {
      const seen: string[] = []
      Object.assign(globalThis, { seen })
      const look = (): void => {
        const text = document.querySelector('main')?.textContent ?? ''
        const found = /An answer for a user goes first/.exec(text)?.[0]
        if (found !== undefined) seen.push(found)
      }
      new MutationObserver(look).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
      })
    })
    await ask(relay.origin, [{ role: 'user', content: 'What is Racemesh?' }], { maxTokens: 16 })
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen.length)
    expect(seen).toBeGreaterThan(0)
    await other.close()
    const nonces = await reading('Nonces')
    await expect.poll(() => reading('Nonces'), { timeout: 20_000 }).toBeGreaterThan(nonces)
  })

  it('pauses and goes on', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await page
      .getByText(/^Paused\./)
      .first()
      .waitFor()
    await page.waitForTimeout(300)
    const paused = await reading('Nonces')
    await page.waitForTimeout(700)
    expect(await reading('Nonces')).toBe(paused)
    await page.getByRole('button', { name: 'Resume' }).click()
    await expect.poll(() => reading('Nonces'), { timeout: 20_000 }).toBeGreaterThan(paused)
  })

  it('stops, has the proof checked, and saves it for anybody to check', async () => {
    await page.getByRole('button', { name: 'Stop the race' }).click()
    const told = page.getByText(/^Stopped: /)
    await told.waitFor({ timeout: 5_000 })
    expect(await told.innerText()).toMatch(/^Stopped: .* nonces of class micro\.$/)
    await page.getByRole('button', { name: 'Check the proof' }).click()
    await page.getByText(/^Accepted: /).waitFor()

    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the proof' }).click()
    const file = join(folder, 'race.proof')
    await (await downloading).saveAs(file)
    // Another program, on another path: the same bits.
    const check = await run(['bin/racemesh.mjs', 'race', 'verify', file, '--path', 'wasm'], /^Accepted: /m)
    expect(check.output()).toMatch(/Every claim was run again and is a hit\./)
    await check.stop()
  })

  it('met no error in the page', () => {
    expect(problems).toEqual([])
  })
})

describe('racemesh race', () => {
  it('keeps what it found on Ctrl-C, and verify accepts it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'racemesh-race-'))
    try {
      const file = join(folder, 'race.proof')
      const args = ['race', '--class', 'micro', '--seconds', '600', '--path', 'wasm', '--threads', '2']
      const race = spawn(process.execPath, ['bin/racemesh.mjs', ...args, '--out', file])
      let output = ''
      race.stdout.on('data', (data: Buffer) => (output += data.toString()))
      race.stderr.on('data', (data: Buffer) => (output += data.toString()))
      const ended = new Promise((resolve) => race.once('close', resolve))
      setTimeout(() => race.kill('SIGINT'), 4_000)
      expect(await ended, output).toBe(130)
      expect(output).toMatch(/nonces\n[\s\S]*Interrupted; what was found is kept\./)
      const check = await run(['bin/racemesh.mjs', 'race', 'verify', file, '--path', 'wasm'], /^Accepted: /m)
      await check.stop()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
