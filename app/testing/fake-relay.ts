import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { PEERS } from './fake-network.ts'

/** What the relay answers next; a test changes it as it goes. */
export interface Scenario {
  network: (second: number) => NetworkSnapshot
  /** The answer's pieces, or the body of a refusal. */
  answer: { pieces: readonly string[]; gapMs: number } | { status: number; body: unknown }
}

export interface FakeRelay {
  readonly origin: string
  readonly scenario: Scenario
  /** Paths asked for so far, in order. */
  readonly requests: readonly string[]
  /** Bodies of the completions asked for so far. */
  readonly completions: readonly unknown[]
  /** Completions whose client went away before the end. */
  readonly cancelled: () => number
  close(): Promise<void>
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/** As the relay sends it: what breaks under it must break in these tests too. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "manifest-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
].join('; ')

/** Serves a built app on loopback and answers the three API calls that the pages make. */
export async function startFakeRelay(appFolder: string, scenario: Scenario): Promise<FakeRelay> {
  const requests: string[] = []
  const completions: unknown[] = []
  const startedMs = Date.now()
  let cancelled = 0
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://relay').pathname
    requests.push(path)
    handle(path, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })

  async function handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/api/network') return json(response, 200, scenario.network((Date.now() - startedMs) / 1000))
    if (path === '/v1/models')
      return json(response, 200, { object: 'list', data: [{ id: 'guide', object: 'model' }] })
    if (path === '/v1/chat/completions') {
      completions.push(JSON.parse(await text(request)))
      if ('status' in scenario.answer) return json(response, scenario.answer.status, scenario.answer.body)
      await stream(scenario.answer, response, () => cancelled++)
      return
    }
    await file(appFolder, path, response)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's
  return {
    origin: `http://127.0.0.1:${port}`,
    scenario,
    requests,
    completions,
    cancelled: () => cancelled,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer) // no encoding was set
  return Buffer.concat(parts).toString('utf8')
}

async function file(folder: string, path: string, response: ServerResponse): Promise<void> {
  const wanted = normalize(join(folder, path))
  const isAsset = extname(path) !== ''
  if (!wanted.startsWith(folder + sep) && wanted !== folder + sep) return json(response, 403, {})
  const name = isAsset ? wanted : join(folder, 'index.html')
  const body = await readFile(name).catch(() => null)
  if (body === null) return json(response, 404, {})
  response
    .writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    .end(body)
}

/** Streams as the relay's gateway does: the route first, then the text, then the report. */
async function stream(
  { pieces, gapMs }: { pieces: readonly string[]; gapMs: number },
  response: ServerResponse,
  oncancel: () => void,
): Promise<void> {
  let isOpen = true
  response.on('close', () => (isOpen = false))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (chunk: object): void => void response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'guide' }
  const choice = (delta: object, finish_reason: string | null = null): object => ({
    choices: [{ index: 0, delta, finish_reason }],
  })
  const links = [
    { path: 'worker-channel', rtt: 1.24 },
    { path: 'relayed-stream', rtt: 38.2 },
    { path: 'worker-channel', rtt: 2.1 },
  ]
  const stages = [0, 1, 2].map((i) => ({
    peerId: PEERS[i],
    kind: i === 1 ? 'native' : 'tab',
    layers: ([
      [0, 3],
      [3, 6],
      [6, 8],
    ][i] ?? [0, 8]) as [number, number], // the three ranges above
    link: links[i] ?? null,
  }))
  const session_id = '0123456789abcdef0123456789abcdef'
  const route = stages.map(({ link, ...stage }) => ({
    ...stage,
    link: link && { path: link.path, rtt_ms: link.rtt },
  }))
  send({ ...base, ...choice({ role: 'assistant', content: '' }), racemesh: { session_id, route } })
  for (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve, gapMs))
    if (!isOpen) {
      oncancel()
      return
    }
    send({ ...base, ...choice({ content: piece }) })
  }
  send({
    ...base,
    ...choice({}, 'stop'),
    racemesh: {
      session_id,
      seed: 2_864_434_397,
      stages: stages.map(({ link, ...stage }, i) => ({
        ...stage,
        link: link && { path: link.path, rtt_ms: link.rtt },
        prefill_ms: 41 + 7 * i,
        decode_step_ms: 2.2 + 0.4 * i,
        tensor_bytes_sent: 142_000,
        tensor_bytes_relayed: i === 1 ? 142_000 : 0,
      })),
      ttft_ms: 231,
      tokens_per_second: 38.4,
    },
  })
  send({
    ...base,
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: pieces.length, total_tokens: 9 },
  })
  response.end('data: [DONE]\n\n')
}
