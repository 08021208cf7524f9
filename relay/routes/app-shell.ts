import type { Context } from 'hono'
import { Hono } from 'hono'
import { fileBody } from '../http/file-body.ts'
import { matchesEtag } from '../http/parse-range.ts'
import type { RelayEnv } from '../http/request-context.ts'
import type { StaticFile } from '../http/static-files.ts'
import { findStaticFile } from '../http/static-files.ts'
import type { RelayDeps } from '../relay-deps.ts'

/** The built app: its files, and the page itself for every address that the app routes inside the browser. */
export function appShellRoutes({
  staticDir,
  connectSources,
}: Pick<RelayDeps, 'staticDir' | 'connectSources'>) {
  const policy = contentSecurityPolicy(connectSources)
  return new Hono<RelayEnv>().get('*', async (c) => {
    const path = c.req.path
    const file = path === '/' ? undefined : await findStaticFile(staticDir, path)
    if (file !== undefined) return answerStatic(c, file, policy)
    // A name with an extension is a file that is missing: a page in its place would only confuse the browser.
    if (/\.[A-Za-z0-9]+$/.test(path)) return c.text('There is no such file.', 404)
    const page = await findStaticFile(staticDir, '/index.html')
    if (page === undefined) {
      return c.text('The app is not built on this relay (npm run build). The API is at /v1.', 404)
    }
    return answerStatic(c, page, policy)
  })
}

function answerStatic(c: Context<RelayEnv>, file: StaticFile, policy: string): Response {
  // Cross-origin isolation gives the engine SharedArrayBuffer, and with it threads in WebAssembly.
  c.header('cross-origin-opener-policy', 'same-origin')
  c.header('cross-origin-embedder-policy', 'require-corp')
  c.header('cross-origin-resource-policy', 'same-origin')
  // On every file, not on the page alone: a worker has the policy of its own script.
  c.header('content-security-policy', policy)
  c.header('x-content-type-options', 'nosniff')
  c.header('referrer-policy', 'no-referrer')
  c.header('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=()')
  c.header('cache-control', file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  c.header('etag', file.etag)
  if (matchesEtag(c.req.header('if-none-match'), file.etag.replace(/^W\//, ''))) return c.body(null, 304)
  c.header('content-type', file.contentType)
  c.header('content-length', String(file.sizeBytes))
  if (c.req.method === 'HEAD') return c.body(null, 200)
  return c.body(fileBody(file.absolutePath, { start: 0, end: file.sizeBytes }), 200)
}

/** What the page may load: its own files, compiled WebAssembly, workers; connections to this relay and named others. */
function contentSecurityPolicy(connectSources: readonly string[]): string {
  return [
    "default-src 'none'",
    // 'wasm-unsafe-eval' compiles WebAssembly and still forbids eval.
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "style-src 'self'",
    // Svelte's `style:` directives reach the page as attributes of its templates.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    // 'self' covers ws: and wss: to the same host and port (CSP level 3).
    ["connect-src 'self'", ...connectSources].join(' '),
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')
}
