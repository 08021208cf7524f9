import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'

const KNOWN_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The Chromium that scripts/ensure-chromium.mjs has made sure of. */
export function chromiumPath(): string {
  const path = process.env['CHROMIUM_PATH'] ?? KNOWN_PATHS.find((candidate) => existsSync(candidate))
  if (path === undefined) throw new Error('no Chromium: run node scripts/ensure-chromium.mjs')
  return path
}

/** Starts one Chromium process. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--enable-unsafe-webgpu',
    ],
  })
}

/** Opens Contribute and presses Start, as a person would. Settles when the tab serves. */
export async function contribute(
  page: Page,
  origin: string,
  options: {
    layers?: string
    power?: 'Quiet' | 'Balanced' | 'Full'
    isRelayOnly?: boolean
    timeoutMs?: number
  } = {},
): Promise<void> {
  const query = options.layers === undefined ? '' : `?layers=${options.layers}`
  await page.goto(`${origin}/contribute${query}`)
  if (options.power !== undefined) await page.getByRole('radio', { name: options.power }).check()
  if (options.isRelayOnly === true)
    await page.getByRole('checkbox', { name: 'Hide my IP address from other peers' }).check()
  await page.getByRole('button', { name: 'Start' }).click()
  await untilServing(page, options.timeoutMs)
}

/** Waits until the page says that this tab holds layers and is ready. */
export async function untilServing(page: Page, timeoutMs = 60_000): Promise<void> {
  await page
    .getByRole('paragraph')
    .getByText(/^This tab holds layers \d+-\d+ of \d+ and/)
    .waitFor({ timeout: timeoutMs })
}
