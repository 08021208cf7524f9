import type { Context } from 'hono'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { fileBody } from '../http/file-body.ts'
import { matchesEtag, parseRange } from '../http/parse-range.ts'
import type { RelayEnv } from '../http/request-context.ts'
import type { RelayDeps } from '../relay-deps.ts'

/**
 * `GET /models/:modelId/:path`: the files of packed models, with single ranges. The id is the root of everything in the
 * folder, so a file under it never changes and may be kept for good; what a peer gets it checks against the manifest.
 */
export function modelFilesRoutes(deps: Pick<RelayDeps, 'models'>) {
  return new Hono<RelayEnv>()
    .use(
      cors({
        origin: '*',
        allowMethods: ['GET', 'HEAD'],
        allowHeaders: ['Range', 'If-Range', 'If-None-Match'],
        exposeHeaders: ['Content-Range', 'Content-Length', 'Accept-Ranges', 'ETag'],
        maxAge: 86_400,
      }),
    )
    .get('/:modelId/:path{.+}', (c) => answerFile(c, deps, c.req.param('modelId'), c.req.param('path')))
}

function answerFile(
  c: Context<RelayEnv>,
  { models }: Pick<RelayDeps, 'models'>,
  modelId: string,
  path: string,
): Response {
  const model = models.models.find(({ manifest }) => manifest.id === modelId)
  // Looked up among the manifest's names, never joined to a folder: there is no path to escape by.
  const file = model?.files.get(path)
  if (file === undefined) {
    return c.text('There is no such model file here. GET /v1/models lists the ids.', 404)
  }

  // "manifest.json" names itself by the id; so does every file, because the id covers them all.
  const etag = `"${modelId.slice(0, 32)}:${path}"`
  c.header('etag', etag)
  c.header('cache-control', 'public, max-age=31536000, immutable')
  c.header('accept-ranges', 'bytes')
  // Pages under COEP may load it from here although the origin differs.
  c.header('cross-origin-resource-policy', 'cross-origin')
  c.header('x-content-type-options', 'nosniff')
  if (matchesEtag(c.req.header('if-none-match'), etag)) return c.body(null, 304)

  const ifRange = c.req.header('if-range')
  const isSameVersion = ifRange === undefined || ifRange === etag
  const range = parseRange(isSameVersion ? c.req.header('range') : undefined, file.sizeBytes)
  if (range === 'unsatisfiable') {
    c.header('content-range', `bytes */${file.sizeBytes}`)
    c.header('cache-control', 'no-store')
    return c.text(`The file has ${file.sizeBytes} bytes.`, 416)
  }
  const { start, end } = range === 'whole' ? { start: 0, end: file.sizeBytes } : range
  if (range !== 'whole') c.header('content-range', `bytes ${start}-${end - 1}/${file.sizeBytes}`)
  c.header('content-type', file.contentType)
  c.header('content-length', String(end - start))
  const status = range === 'whole' ? 200 : 206
  if (c.req.method === 'HEAD') return c.body(null, status)
  return c.body(fileBody(file.absolutePath, { start, end }), status)
}
