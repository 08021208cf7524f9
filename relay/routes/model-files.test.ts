import { describe, expect, it } from 'vitest'
import { createTestRelay, MODEL_ID } from '../testing/relay.fixture.ts'

const FILE = `/models/${MODEL_ID}/layer-000.bin`
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)

describe('GET /models/:modelId/:path', () => {
  it('sends a whole file that may be kept for good', async () => {
    const response = await createTestRelay().get(FILE)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    })
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
  })

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=990-', 990, 1000],
    ['bytes=-1', 999, 1000],
  ])('sends %s', async (range, start, end) => {
    const response = await createTestRelay().get(FILE, { headers: { range } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/1000`)
    expect(response.headers.get('content-length')).toBe(String(end - start))
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(start, end))
  })

  it('answers 416 with the size, and lets nobody keep that', async () => {
    const response = await createTestRelay().get(FILE, { headers: { range: 'bytes=1000-' } })
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */1000')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('answers 304 to who has it', async () => {
    const relay = createTestRelay()
    const etag = (await relay.get(FILE)).headers.get('etag') ?? ''
    const response = await relay.get(FILE, { headers: { 'if-none-match': etag } })
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
  })

  it('resumes only what is the same file', async () => {
    const relay = createTestRelay()
    const etag = (await relay.get(FILE)).headers.get('etag') ?? ''
    const resume = (ifRange: string) =>
      relay.get(FILE, { headers: { range: 'bytes=5-', 'if-range': ifRange } })
    expect((await resume(etag)).status).toBe(206)
    expect((await resume('"other"')).status).toBe(200)
  })

  it('answers HEAD without a body', async () => {
    const response = await createTestRelay().get(FILE, { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('1000')
    expect(await response.text()).toBe('')
  })

  it('answers preflights of other origins', async () => {
    const response = await createTestRelay().get(FILE, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.org', 'access-control-request-headers': 'range' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toContain('Range')
  })

  it.each([
    `/models/${MODEL_ID}/tokenizer.json`,
    `/models/${MODEL_ID}/..%2flayer-000.bin`,
    `/models/${MODEL_ID}/%2e%2e/%2e%2e/etc/passwd`,
    `/models/${MODEL_ID}/layer-000.bin%00`,
    `/models/${MODEL_ID}/constructor`,
    `/models/${'cd'.repeat(32)}/layer-000.bin`,
    '/models/guide/layer-000.bin',
  ])('has nothing but the files of the manifest: %s', async (path) => {
    expect((await createTestRelay().get(path)).status).toBe(404)
  })
})
