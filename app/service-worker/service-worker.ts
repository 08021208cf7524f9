import { cacheRuleOf } from './cache-rule.ts'

declare const self: ServiceWorkerGlobalScope

// The build replaces this with the shell's hashed files; the list changes with every release and so does the name below.
declare const __SHELL_FILES__: readonly string[]
declare const __SHELL_VERSION__: string

const SHELL = `shell-${__SHELL_VERSION__}`

self.addEventListener('install', (event) => {
  event.waitUntil(install())
})

self.addEventListener('activate', (event) => {
  event.waitUntil(activate())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  const rule = cacheRuleOf(request.method, request.mode, url, self.location.origin)
  if (rule === 'network') return
  event.respondWith(rule === 'shell' ? shell(request) : asset(request))
})

async function install(): Promise<void> {
  const cache = await caches.open(SHELL)
  await cache.addAll(['/', ...__SHELL_FILES__])
  await self.skipWaiting()
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) if (name !== SHELL) await caches.delete(name)
  await self.clients.claim()
}

/** A page: fresh when the relay answers, else the kept shell, whatever the path. */
async function shell(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    const kept = await (await caches.open(SHELL)).match('/')
    if (kept !== undefined) return kept
    throw error
  }
}

/** A hashed file never changes: the kept copy is as good as the relay's. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL)
  const kept = await cache.match(request)
  if (kept !== undefined) return kept
  const response = await fetch(request)
  if (response.status === 200) await cache.put(request, response.clone())
  return response
}
