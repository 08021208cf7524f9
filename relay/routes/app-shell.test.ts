import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestRelay } from '../testing/relay.fixture.ts'

let staticDir = ''

beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), 'racemesh-app-'))
  staticDir = join(root, 'app')
  mkdirSync(join(staticDir, 'assets'), { recursive: true })
  writeFileSync(join(root, 'secret.txt'), 'secret')
  writeFileSync(join(staticDir, '.env'), 'secret')
  writeFileSync(join(staticDir, 'index.html'), '<!doctype html>app')
  writeFileSync(join(staticDir, 'sw.js'), '1')
  writeFileSync(join(staticDir, 'assets', 'index-4f9c2d1a.js'), '2')
  writeFileSync(join(staticDir, 'assets', 'ort-Bx3_k-9Z.wasm'), '3')
  writeFileSync(join(staticDir, 'assets', 'ort-Bx3_k-9Z.mjs'), '4')
  symlinkSync('index.html', join(staticDir, 'link.html'))
})

const get = (path: string, headers?: Record<string, string>) =>
  createTestRelay({ deps: { staticDir, connectSources: ['wss://b.example.org:443'] } }).get(
    path,
    headers ? { headers } : {},
  )

describe('the app', () => {
  it.each(['/', '/network', '/chat/42'])('sends the page for %s', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('<!doctype html>app')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
  })

  it('isolates the page and says what it may load', async () => {
    const { headers } = await get('/')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('content-security-policy')?.split('; ')).toMatchSnapshot()
  })

  it.each([
    ['/assets/index-4f9c2d1a.js', 'text/javascript; charset=utf-8'],
    ['/assets/ort-Bx3_k-9Z.wasm', 'application/wasm'],
    ['/assets/ort-Bx3_k-9Z.mjs', 'text/javascript; charset=utf-8'],
  ])('sends %s as %s, to be kept for good', async (path, type) => {
    const response = await get(path)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
  })

  it('has the service worker asked for anew each time', async () => {
    const response = await get('/sw.js')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    const etag = response.headers.get('etag') ?? ''
    expect((await get('/sw.js', { 'if-none-match': etag })).status).toBe(304)
  })

  it.each([
    '/missing.js',
    '/.env',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/../../secret.txt',
    '/index.html%00.txt',
  ])('does not send %s', async (path) => {
    const response = await get(path)
    expect(await response.text()).not.toContain('secret')
    expect(response.status).toBe(404)
  })

  it('says so when the app is not built', async () => {
    const response = await createTestRelay().get('/')
    expect(response.status).toBe(404)
    expect(await response.text()).toBe(
      'The app is not built on this relay (npm run build). The API is at /v1.',
    )
  })
})
