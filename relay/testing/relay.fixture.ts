import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Asker, GenerationEvent, GenerationRequest, ServedStage } from '../../shared/mesh/asker.ts'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { silentLogger } from '../../shared/mesh/ports.ts'
import type { ModelManifest } from '../../shared/model/manifest.ts'
import { parseModelId } from '../../shared/protocol/ids.ts'
import type { PeerIdText } from '../../shared/protocol/ids.ts'
import { createRelayApp } from '../app.ts'
import type { RelayLimits } from '../limits.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import type { CatalogueModel } from '../model-catalogue.ts'
import { createModelCatalogue } from '../model-catalogue.ts'
import type { ChatTokenizer } from '../openai/chat-tokenizer.ts'
import type { RelayDeps } from '../relay-deps.ts'
import { RelayMetrics } from '../relay-metrics.ts'

export const MODEL_ID = parseModelId('ab'.repeat(32))
export const CONTEXT_LENGTH = 256
/** One more than any byte. */
export const END_TOKEN = 256
export const PEER_A = '12D3KooWAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' as PeerIdText
export const PEER_B = '12D3KooWBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB' as PeerIdText

/** Every byte of UTF-8 is a token, so that each character beyond ASCII spans several. */
export const byteTokenizer: ChatTokenizer = {
  encodeChat: (messages) =>
    messages.flatMap(({ role, content }) => [...new TextEncoder().encode(`${role}:${content}\n`)]),
  encodeText: (text) => [...new TextEncoder().encode(text)],
  createStreamDecoder() {
    const decoder = new TextDecoder()
    return {
      push: (tokenId) => decoder.decode(Uint8Array.of(tokenId), { stream: true }),
      flush: () => decoder.decode(),
    }
  },
}

export const manifest: ModelManifest = {
  format: 'racemesh-model/1',
  id: MODEL_ID,
  name: 'guide',
  encoding: 'q8',
  config: {
    architecture: 'llama',
    layerCount: 8,
    hiddenSize: 64,
    intermediateSize: 128,
    headCount: 4,
    kvHeadCount: 2,
    headSize: 16,
    vocabSize: 257,
    contextLength: CONTEXT_LENGTH,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 10_000,
    tiedEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [END_TOKEN],
  },
  pieceSizeBytes: 1024 * 1024,
  files: [],
  sideFiles: [],
}

export const ROUTE: readonly ServedStage[] = [
  {
    peerId: PEER_A,
    kind: 'tab',
    layers: { start: 0, end: 4 },
    link: { path: 'worker-channel', roundTripMs: 1.23456 },
    prefillMs: 12.5,
    decodeStepMs: 3.25,
    tensorBytesSent: 4096,
    tensorBytesRelayed: 0,
  },
  {
    peerId: PEER_B,
    kind: 'native',
    layers: { start: 4, end: 8 },
    link: { path: 'relayed-stream', roundTripMs: 20 },
    prefillMs: 8,
    decodeStepMs: 2,
    tensorBytesSent: 64,
    tensorBytesRelayed: 64,
  },
]

export type Script = (request: GenerationRequest, signal: AbortSignal) => AsyncIterable<GenerationEvent>

/** Confirms the route, says `text` byte by byte as far as the request allows, and ends. */
export function says(text: string): Script {
  return async function* (request) {
    await Promise.resolve()
    yield { kind: 'route', stages: ROUTE }
    const bytes = new TextEncoder().encode(text)
    let position = request.promptTokenIds.length
    for (const tokenId of bytes.slice(0, request.maxNewTokens))
      yield { kind: 'token', tokenId, position: position++ }
    yield {
      kind: 'end',
      reason: bytes.length <= request.maxNewTokens ? 'end-token' : 'length',
      stages: ROUTE,
    }
  }
}

/** Says `text` and then waits until it is cancelled. */
export function saysThenWaits(text: string): Script {
  return async function* (request, signal) {
    for await (const event of says(text)(request, signal)) if (event.kind !== 'end') yield event
    await new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error)
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }
}

/** Says `text` and then fails. */
export function saysThenThrows(text: string, error: Error): Script {
  return async function* (request, signal) {
    for await (const event of says(text)(request, signal)) if (event.kind !== 'end') yield event
    throw error
  }
}

/** Fails before there is a route. */
export function throws(error: Error): Script {
  return async function* () {
    await Promise.resolve()
    throw error
  }
}

export class FakeAsker implements Asker {
  script: Script
  readonly requests: GenerationRequest[] = []
  /** Generations that are under way. */
  open = 0

  constructor(script: Script) {
    this.script = script
  }

  async *generate(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationEvent> {
    this.requests.push(request)
    this.open++
    try {
      yield* this.script(request, signal)
    } finally {
      this.open--
    }
  }
}

export const snapshot: NetworkSnapshot = {
  relay: { peerId: PEER_A, addresses: ['/ip4/127.0.0.1/tcp/9090/ws'], uptimeMs: 61_000 },
  models: [{ id: MODEL_ID, name: 'guide', encoding: 'q8', layerCount: 8, sizeBytes: 1000, gaps: [] }],
  peers: [
    {
      peerId: PEER_B,
      kind: 'tab',
      isBackstop: false,
      isAwake: true,
      sinceMs: 5000,
      stages: [
        {
          modelId: MODEL_ID,
          layers: { start: 0, end: 8 },
          state: 'ready',
          decodeStepMs: 3,
          openSessions: 1,
        },
      ],
    },
  ],
  links: [],
  rates: {
    tokensPerSecond: 2.5,
    openSessions: 1,
    answersTotal: 7,
    tokensTotal: 1234,
    tensorBytesRelayedTotal: 64,
    tensorBytesTotal: 4160,
  },
}

/** A catalogue model with two real files on disk. */
export function modelOnDisk(): CatalogueModel {
  const directory = mkdtempSync(join(tmpdir(), 'racemesh-model-'))
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
  writeFileSync(join(directory, 'layer-000.bin'), bytes)
  writeFileSync(join(directory, 'manifest.json'), '{}')
  return {
    name: 'guide',
    manifest,
    tokenizer: byteTokenizer,
    createdAtSeconds: 1_790_000_000,
    files: new Map([
      [
        'layer-000.bin',
        {
          absolutePath: join(directory, 'layer-000.bin'),
          sizeBytes: 1000,
          contentType: 'application/octet-stream',
        },
      ],
      [
        'manifest.json',
        { absolutePath: join(directory, 'manifest.json'), sizeBytes: 2, contentType: 'application/json' },
      ],
    ]),
  }
}

/** A clock that stands still until it is told. */
export class ManualClock {
  atMs = 1_800_000_000_000
  readonly nowMs = (): number => this.atMs
  readonly monotonicMs = (): number => this.atMs
}

export interface TestRelay {
  readonly app: ReturnType<typeof createRelayApp>
  readonly asker: FakeAsker
  readonly clock: ManualClock
  readonly deps: RelayDeps
  /** Posts JSON, as if from `address`. */
  post(
    path: string,
    body: unknown,
    init?: { readonly headers?: Record<string, string>; readonly address?: string },
  ): Promise<Response>
  get(
    path: string,
    init?: { readonly headers?: Record<string, string>; readonly address?: string; readonly method?: string },
  ): Promise<Response>
}

/** A whole relay app without a mesh, a port or a real clock. */
export function createTestRelay(
  options: {
    readonly script?: Script
    readonly limits?: Partial<RelayLimits>
    readonly deps?: Partial<RelayDeps>
  } = {},
): TestRelay {
  const asker = new FakeAsker(options.script ?? says('Hello, world!'))
  const clock = new ManualClock()
  const deps: RelayDeps = {
    asker,
    clock,
    models: createModelCatalogue([modelOnDisk()]),
    snapshot: () => snapshot,
    health: () => ({ status: 'ok', version: '0.0.0-test' }),
    logger: silentLogger,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    metrics: new RelayMetrics(() => snapshot),
    staticDir: join(tmpdir(), 'racemesh-no-such-app'),
    trustedHops: 0,
    connectSources: [],
    ...options.deps,
  }
  const app = createRelayApp(deps)
  const request = async (path: string, init: RequestInit, address = '192.0.2.1'): Promise<Response> =>
    app.request(path, init, { incoming: { socket: { remoteAddress: address } } })
  return {
    app,
    asker,
    clock,
    deps,
    post: (path, body, init = {}) =>
      request(
        path,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...init.headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        },
        init.address,
      ),
    get: (path, init = {}) =>
      request(
        path,
        { method: init.method ?? 'GET', ...(init.headers ? { headers: init.headers } : {}) },
        init.address,
      ),
  }
}

/** The `data:` payloads of a finished event stream. */
export async function sseEvents(response: Response): Promise<string[]> {
  const text = await response.text()
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length))
}
