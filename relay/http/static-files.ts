import { stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** A file of the built app. */
export interface StaticFile {
  readonly absolutePath: string
  readonly sizeBytes: number
  readonly contentType: string
  /** Changes with the content; weak, because size and time stand in for a hash. */
  readonly etag: string
  /** The name holds a hash of the content (`assets/index-4f9c2d1a.js`). */
  readonly isImmutable: boolean
}

// Browsers refuse module scripts and streamed wasm under any other type.
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

// No dot files, no `..`, no backslash, no NUL: only names that a build writes.
const SAFE_PATH = /^\/[A-Za-z0-9_@-][A-Za-z0-9._@-]*(\/[A-Za-z0-9_@-][A-Za-z0-9._@-]*)*$/

/** Finds a file below `directory` by the path of its URL; undefined for what is not there or no file. */
export async function findStaticFile(directory: string, urlPath: string): Promise<StaticFile | undefined> {
  if (!SAFE_PATH.test(urlPath)) return undefined
  const absolutePath = join(directory, urlPath)
  const info = await stat(absolutePath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (info === undefined || !info.isFile()) return undefined
  return {
    absolutePath,
    sizeBytes: info.size,
    contentType: CONTENT_TYPES[extname(urlPath).toLowerCase()] ?? 'application/octet-stream',
    etag: `W/"${info.size.toString(16)}-${Math.floor(info.mtimeMs).toString(16)}"`,
    // Vite's form: eight or more characters after the last dash, below assets/.
    isImmutable: /^\/assets\/.*-[\w-]{8,}\.\w+$/.test(urlPath),
  }
}
