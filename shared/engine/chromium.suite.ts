import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Without it Chromium offers no adapter where there is no GPU; with it, SwiftShader.
  '--enable-unsafe-webgpu',
]
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** Bundles `entry` for the browser, serves it on loopback and opens it in Chromium. Call `close` at the end. */
export async function openInChromium(entry: string): Promise<{ page: Page; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'racemesh-gpu-'))
  await build({
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      outDir: folder,
      target: 'es2023',
      reportCompressedSize: false,
      rolldownOptions: { input: entry, output: { entryFileNames: 'entry.js' } },
    },
  })
  const server = await serve(folder)
  let browser: Browser | undefined
  try {
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      args: FLAGS,
    })
    const page = await browser.newPage()
    page.on('pageerror', (error) => console.error(error))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction('globalThis.isReady === true')
    const opened = browser
    return {
      page,
      async close() {
        await opened.close()
        server.close()
        await rm(folder, { recursive: true })
      },
    }
  } catch (error) {
    await browser?.close()
    server.close()
    throw error
  }
}

async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '')
    const body =
      path === '/index.html'
        ? Promise.resolve(Buffer.from('<!doctype html><script type="module" src="/entry.js"></script>'))
        : readFile(join(folder, path.replaceAll('..', '')))
    body.then(
      (bytes) =>
        response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
