// Draws the PNG icons of the app from its SVG. Run by hand after a change of app/public/icon.svg.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const folder = fileURLToPath(new URL('../app/public/', import.meta.url))
const svg = await readFile(`${folder}icon.svg`, 'utf8')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-quic', '--no-first-run'],
})
const page = await browser.newPage({ deviceScaleFactor: 1 })

// A maskable icon may lose its outer fifth to a circle, so the drawing shrinks and its ground fills the square.
const ground = '#17191e'
for (const { name, size, isMaskable } of [
  { name: 'icon-180', size: 180, isMaskable: true },
  { name: 'icon-192', size: 192, isMaskable: false },
  { name: 'icon-512', size: 512, isMaskable: false },
  { name: 'icon-maskable-512', size: 512, isMaskable: true },
]) {
  const drawn = isMaskable ? Math.round(size * 0.8) : size
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(
    `<style>html{background:${isMaskable ? ground : 'transparent'}}body{margin:0;height:100vh;display:grid;place-items:center}svg{width:${drawn}px;height:${drawn}px}</style>${svg}`,
  )
  await page.screenshot({ path: `${folder}${name}.png`, omitBackground: true })
}
await browser.close()
