import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { packRandomModel, type PackedModel } from '../engine/packed-model.fixture.ts'
import { MemoryPieceStore } from '../model/fetch-stage.ts'
import { MAX_MANIFEST_BYTES } from '../model/parse-manifest.ts'
import { parseModelId } from '../protocol/ids.ts'
import { httpModelSource } from './http-model-source.ts'
import type { DownloadProgress } from './stage-host.ts'

const LAST = { start: 1, end: 2 }
const PIECE = 1 << 20
const signal = new AbortController().signal

let model: PackedModel
beforeAll(async () => {
  // A layer of several pieces, the last of which is short.
  model = await packRandomModel('q8', { layerCount: 2, hiddenSize: 256, intermediateSize: 3072 })
})

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

type Answer = (request: IncomingMessage, response: ServerResponse, path: string) => boolean

/** A relay's file server: ranges, and whatever else `answer` does first. */
async function serve(answer: Answer = () => false): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url?.slice(`/models/${model.manifest.id}/`.length) ?? ''
    asked.push([path, request.headers.range ?? 'all'].join(' '))
    if (answer(request, response, path)) return
    if (path === 'manifest.json') {
      response.end(JSON.stringify(model.manifest))
      return
    }
    const file = model.files.get(path)
    const [start, end] = rangeOf(request)
    if (file === undefined) response.writeHead(404).end()
    else response.writeHead(206).end(file.subarray(start, end + 1))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function rangeOf(request: IncomingMessage): [start: number, end: number] {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  return [Number(start), Number(end)]
}

const source = (...origins: string[]) => httpModelSource({ origins, store: new MemoryPieceStore() })
const stage = (
  from: ReturnType<typeof source>,
  onProgress: (progress: DownloadProgress) => void = () => {},
) => from.stageFiles(model.manifest, LAST, onProgress, signal)
const layerBytes = (): number => model.files.get('layer-001.bin')!.byteLength // packed above

describe('httpModelSource', () => {
  describe('the manifest', () => {
    it('is fetched by the id of the model', async () => {
      const { origin, asked } = await serve()
      expect(await source(origin).manifest(model.manifest.id, signal)).toEqual(model.manifest)
      expect(asked).toEqual(['manifest.json all'])
    })

    it.each<[string, Answer, string]>([
      [
        'is not there',
        (_request, response) => {
          response.writeHead(404).end('nothing here')
          return true
        },
        'The relay does not have this model (it answered 404).',
      ],
      [
        'is no JSON',
        (_request, response) => {
          response.end('<!doctype html>')
          return true
        },
        'The manifest is not JSON.',
      ],
      [
        'never ends',
        (_request, response) => {
          const more = (): void => {
            while (!response.destroyed && response.write(' '.repeat(PIECE)));
            if (!response.destroyed) response.once('drain', more)
          }
          more()
          return true
        },
        `The manifest is larger than ${MAX_MANIFEST_BYTES} bytes.`,
      ],
    ])('that %s is refused, and the next relay asked', async (_name, answer, message) => {
      const bad = await serve(answer)
      const good = await serve()
      await expect(source(bad.origin).manifest(model.manifest.id, signal)).rejects.toMatchObject({
        shortMessage: message,
        data: { code: 'SOURCE_FAILED', path: 'manifest.json' },
      })
      const fetched = await source(bad.origin, good.origin).manifest(model.manifest.id, signal)
      expect(fetched.id).toBe(model.manifest.id)
    })

    it('of another model is refused', async () => {
      const { origin } = await serve((_request, response) => {
        response.end(JSON.stringify(model.manifest))
        return true
      })
      await expect(source(origin).manifest(parseModelId('cd'.repeat(32)), signal)).rejects.toMatchObject({
        shortMessage: 'The relay sent the manifest of another model.',
      })
    })

    it('of a relay that is down gives a clear error', async () => {
      const { origin } = await serve()
      const server = servers.pop()
      await new Promise((resolve) => server?.close(resolve))
      await expect(source(origin).manifest(model.manifest.id, signal)).rejects.toMatchObject({
        shortMessage: 'The relay could not be reached for the manifest.',
        data: { code: 'SOURCE_FAILED' },
      })
    })

    it('is given up at once when it is not wanted any more', async () => {
      const silent = await serve(() => true)
      const abort = new AbortController()
      const waiting = source(silent.origin, silent.origin).manifest(model.manifest.id, abort.signal)
      await expect.poll(() => silent.asked.length).toBe(1)
      abort.abort()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      expect(silent.asked).toHaveLength(1)
    })
  })

  describe('the files of a stage', () => {
    it('are fetched by ranges, those of the stage and no others, with true figures on the way', async () => {
      const { origin, asked } = await serve()
      const seen: DownloadProgress[] = []
      const files = await stage(source(origin), (progress) => seen.push(progress))
      expect([...files.keys()].sort()).toEqual(['head.bin', 'layer-001.bin'])
      for (const [path, bytes] of files) expect(Buffer.compare(bytes, model.files.get(path)!), path).toBe(0)
      expect(asked).toContain(`layer-001.bin bytes=0-${layerBytes() - 1}`)
      expect(asked.filter((line) => line.startsWith('embedding'))).toEqual([])
      expect(seen.at(-1)).toMatchObject({ doneBytes: seen[0]?.totalBytes, cachedBytes: 0 })
    })

    it('come from the next relay where one sends wrong bytes, and nothing wrong is kept', async () => {
      const flip: Answer = (request, response, path) => {
        if (path !== 'layer-001.bin') return false
        const [start, end] = rangeOf(request)
        const bytes = model.files.get(path)!.slice(start, end + 1)
        // In the second piece: the first is good and is kept.
        bytes[PIECE + 7 - start]! ^= 1
        response.writeHead(206).end(bytes)
        return true
      }
      const liar = await serve(flip)
      const honest = await serve()
      await expect(stage(source(liar.origin))).rejects.toMatchObject({
        data: { code: 'HASH_MISMATCH', path: 'layer-001.bin', piece: 1 },
      })
      const files = await stage(source(liar.origin, honest.origin))
      expect(Buffer.compare(files.get('layer-001.bin')!, model.files.get('layer-001.bin')!)).toBe(0)
      // Only what the liar did not give: from the second piece on.
      expect(honest.asked).toContain(`layer-001.bin bytes=${PIECE}-${layerBytes() - 1}`)
    })

    it('that broke off are resumed where they ended', async () => {
      let isBroken = true
      const relay = await serve((request, response, path) => {
        if (!isBroken || path !== 'head.bin') return false
        const [start, end] = rangeOf(request)
        response.writeHead(206, { 'content-length': end + 1 - start })
        response.write(model.files.get(path)!.subarray(start, start + 10), () => response.destroy())
        return true
      })
      const from = source(relay.origin)
      await expect(stage(from)).rejects.toMatchObject({ data: { code: 'SOURCE_FAILED', path: 'head.bin' } })
      isBroken = false
      relay.asked.length = 0
      const seen: DownloadProgress[] = []
      await stage(from, (progress) => seen.push(progress))
      expect(relay.asked.map((line) => line.split(' ')[0])).toEqual(['head.bin'])
      expect(seen.at(-1)?.cachedBytes).toBe(layerBytes())
    })

    it('stop at once when they are not wanted any more, and what came is kept', async () => {
      const relay = await serve((_request, _response, path) => path === 'head.bin')
      const from = source(relay.origin)
      const abort = new AbortController()
      const fetching = from.stageFiles(model.manifest, LAST, () => {}, abort.signal)
      await expect.poll(() => relay.asked.some((line) => line.startsWith('head.bin'))).toBe(true)
      abort.abort(new Error('not wanted'))
      await expect(fetching).rejects.toThrow('not wanted')
      relay.asked.length = 0
      const again = new AbortController()
      const resumed = from.stageFiles(model.manifest, LAST, () => {}, again.signal)
      await expect.poll(() => relay.asked).toHaveLength(1)
      expect(relay.asked[0]).toMatch(/^head\.bin /)
      again.abort(new Error('seen enough'))
      await expect(resumed).rejects.toThrow('seen enough')
    })

    it('come without a store that is full, and its owner hears of that once', async () => {
      const { origin } = await serve()
      const heard: unknown[] = []
      const full = new Error('the disk is full')
      const store = Object.assign(new MemoryPieceStore(), { write: () => Promise.reject(full) })
      const from = httpModelSource({ origins: [origin], store, onStoreFailed: (error) => heard.push(error) })
      const files = await stage(from)
      expect(Buffer.compare(files.get('layer-001.bin')!, model.files.get('layer-001.bin')!)).toBe(0)
      expect(heard).toEqual([full])
    })

    it('come from a server without ranges too', async () => {
      const relay = await serve((_request, response, path) => {
        const file = model.files.get(path)
        if (file !== undefined) response.writeHead(200).end(file)
        return file !== undefined
      })
      const files = await stage(source(relay.origin))
      expect(Buffer.compare(files.get('head.bin')!, model.files.get('head.bin')!)).toBe(0)
    })
  })
})
