import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { packRandomModel, type PackedModel } from '../engine/packed-model.fixture.ts'
import {
  fetchSideFile,
  fetchStageFiles,
  MemoryPieceStore,
  type FetchProgress,
  type PieceSource,
} from './fetch-stage.ts'
import { httpPieceSource } from './http-piece-source.ts'
import { stageSizeBytes } from './manifest.ts'

const MIB = 1024 * 1024
const never = new AbortController().signal

/** `toEqual` takes seconds per megabyte. */
function expectSame(actual: Uint8Array | null | undefined, expected: Uint8Array | undefined): void {
  expect(actual?.byteLength).toBe(expected?.byteLength)
  expect(Buffer.compare(actual!, expected!)).toBe(0) // both there, or the line above has failed
}

describe('fetching a stage', () => {
  // A vocabulary that makes the embedding 5 pieces long; two layers of one piece each.
  let model: PackedModel
  beforeAll(async () => {
    model = await packRandomModel('q8', { layerCount: 2, vocabSize: 70_000, contextLength: 64 })
  })
  const layers = { start: 0, end: 1 }

  /** Serves the model and records what was asked for. */
  function source(
    change: (bytes: Uint8Array<ArrayBuffer>, path: string, offset: number) => void = () => undefined,
  ) {
    const reads: { path: string; offset: number; sizeBytes: number }[] = []
    const pieceSource: PieceSource = {
      read(path, offset, sizeBytes) {
        reads.push({ path, offset, sizeBytes })
        const bytes = model.files.get(path)!.slice(offset, offset + sizeBytes)
        change(bytes, path, offset)
        return Promise.resolve(bytes)
      },
    }
    return { ...pieceSource, reads }
  }

  it('brings exactly the files of the stage, in runs of pieces, and reports every byte', async () => {
    const from = source()
    const progress: FetchProgress[] = []
    const files = await fetchStageFiles({
      manifest: model.manifest,
      layers,
      source: from,
      store: new MemoryPieceStore(),
      onProgress: (step) => progress.push(step),
      signal: never,
    })
    expect([...files.keys()]).toEqual(['embedding.bin', 'layer-000.bin'])
    for (const [path, bytes] of files) expectSame(bytes, model.files.get(path))
    expect(from.reads).toHaveLength(2)
    const totalBytes = stageSizeBytes(model.manifest, layers)
    expect(progress[0]).toEqual({ doneBytes: 0, totalBytes, cachedBytes: 0 })
    expect(progress.at(-1)).toEqual({ doneBytes: totalBytes, totalBytes, cachedBytes: 0 })
  })

  it('takes from the store what is there, and fetches damaged pieces again', async () => {
    const store = new MemoryPieceStore()
    await fetchStageFiles({ manifest: model.manifest, layers, source: source(), store, signal: never })
    const hash = model.manifest.files[0]!.pieces[1]!
    await store.write(hash, new Uint8Array(MIB))
    const from = source()
    const progress: FetchProgress[] = []
    const files = await fetchStageFiles({
      manifest: model.manifest,
      layers,
      source: from,
      store,
      onProgress: (step) => progress.push(step),
      signal: never,
    })
    expectSame(files.get('embedding.bin'), model.files.get('embedding.bin'))
    expect(from.reads).toEqual([{ path: 'embedding.bin', offset: MIB, sizeBytes: MIB }])
    const { doneBytes, cachedBytes } = progress.at(-1)!
    expect(doneBytes - cachedBytes).toBe(MIB)
    expectSame(await store.read(hash), model.files.get('embedding.bin')!.slice(MIB, 2 * MIB))
  })

  it('names the wrong piece of a lying source and keeps nothing of it, but what came before', async () => {
    const store = new MemoryPieceStore()
    const lying = source((bytes, path) => {
      if (path === 'embedding.bin') bytes[2 * MIB + 5]! ^= 1
    })
    const fetching = fetchStageFiles({
      manifest: model.manifest,
      layers,
      source: lying,
      store,
      signal: never,
    })
    await expect(fetching).rejects.toMatchObject({
      name: 'ModelError',
      data: { code: 'HASH_MISMATCH', path: 'embedding.bin', piece: 2 },
    })
    const pieces = model.manifest.files[0]!.pieces
    expect(await Promise.all(pieces.map((hash) => store.has(hash)))).toEqual(
      pieces.map((_, piece) => piece < 2),
    )

    const from = source()
    await fetchStageFiles({ manifest: model.manifest, layers, source: from, store, signal: never })
    expect(from.reads[0]).toMatchObject({ path: 'embedding.bin', offset: 2 * MIB })
  })

  it('refuses a source that sends too little', async () => {
    const short: PieceSource = { read: () => Promise.resolve(new Uint8Array(3)) }
    const fetching = fetchStageFiles({
      manifest: model.manifest,
      layers,
      source: short,
      store: new MemoryPieceStore(),
      signal: never,
    })
    await expect(fetching).rejects.toMatchObject({ data: { code: 'SOURCE_FAILED', path: 'embedding.bin' } })
  })

  it('goes on without a store that is full, and says so once', async () => {
    const failures: unknown[] = []
    const full = new MemoryPieceStore()
    full.write = () => Promise.reject(new Error('quota'))
    const files = await fetchStageFiles({
      manifest: model.manifest,
      layers,
      source: source(),
      store: full,
      onStoreFailed: (error) => failures.push(error),
      signal: never,
    })
    expectSame(files.get('layer-000.bin'), model.files.get('layer-000.bin'))
    expect(failures).toHaveLength(1)
  })

  it('stops when it is aborted, and resumes later', async () => {
    const store = new MemoryPieceStore()
    const controller = new AbortController()
    const stopping = source((_, path) => {
      if (path === 'layer-000.bin') controller.abort()
    })
    const fetching = fetchStageFiles({
      manifest: model.manifest,
      layers: { start: 0, end: 2 },
      source: stopping,
      store,
      signal: controller.signal,
    })
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' })
    const from = source()
    await fetchStageFiles({
      manifest: model.manifest,
      layers: { start: 0, end: 2 },
      source: from,
      store,
      signal: never,
    })
    expect(from.reads.map(({ path }) => path)).toEqual(['layer-001.bin', 'head.bin'])
  })

  it('checks side files', async () => {
    const path = 'tokenizer.json'
    expect(await fetchSideFile(model.manifest, path, source(), never)).toEqual(model.files.get(path))
    const lying = source((bytes) => (bytes[0]! ^= 1))
    await expect(fetchSideFile(model.manifest, path, lying, never)).rejects.toMatchObject({
      data: { code: 'HASH_MISMATCH', path },
    })
    await expect(fetchSideFile(model.manifest, '../x', source(), never)).rejects.toMatchObject({
      data: { code: 'MISSING_FILE' },
    })
  })
})

describe('the HTTP source', () => {
  const body = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
  let server: Server | undefined
  afterEach(() => server?.close())

  async function serve(answer: Parameters<typeof createServer>[1]): Promise<PieceSource> {
    server = createServer(answer)
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    return httpPieceSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}/models/guide`)
  }

  it('asks for ranges', async () => {
    const from = await serve((request, response) => {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!
      response.writeHead(206).end(body.subarray(Number(first), Number(last) + 1))
    })
    expect(await from.read('a.bin', 10, 300, never)).toEqual(body.slice(10, 310))
  })

  it('cuts the range out of a whole file', async () => {
    const from = await serve((_, response) => response.end(body))
    expect(await from.read('a.bin', 990, 10, never)).toEqual(body.slice(990))
  })

  it('takes no more than it asked for from a server that sends without end', async () => {
    const from = await serve((_, response) => {
      response.writeHead(206)
      const send = (): void => {
        while (!response.destroyed && response.write(body));
      }
      response.on('drain', send)
      send()
    })
    expect(await from.read('a.bin', 0, 1500, never)).toHaveLength(1500)
  })

  it.each([
    ['a refusal', 404, body],
    ['a short body', 206, body.subarray(0, 5)],
    ['a whole file that ends too early', 200, body],
  ])('reports %s', async (_, status, sent) => {
    const from = await serve((__, response) => response.writeHead(status).end(sent))
    await expect(from.read('a.bin', 995, 10, never)).rejects.toMatchObject({
      data: { code: 'SOURCE_FAILED', path: 'a.bin' },
    })
  })

  it('reports a server that is not there, and an abort as an abort', async () => {
    const from = httpPieceSource('http://127.0.0.1:9/models/guide')
    await expect(from.read('a.bin', 0, 1, never)).rejects.toMatchObject({ data: { code: 'SOURCE_FAILED' } })
    await expect(from.read('a.bin', 0, 1, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})
