import { Hono } from 'hono'
import { ApiError } from '../http/api-error.ts'
import { EVENT_STREAM_HEADERS, eventStreamBody, sseData } from '../http/event-stream.ts'
import type { RelayEnv } from '../http/request-context.ts'
import { clientOf } from '../http/request-context.ts'
import { Slots } from '../http/slots.ts'
import type { RelayDeps } from '../relay-deps.ts'
import { SnapshotFeed } from '../snapshot-feed.ts'

/** Live views of all clients together; each costs one socket and a few kilobytes a second. */
const MAX_EVENT_STREAMS = 2000

/** `GET /api/network`: the mesh as this relay sees it; `/api/network/events`: the same once a second. */
export function networkRoutes(deps: Pick<RelayDeps, 'snapshot' | 'limits' | 'trustedHops'>) {
  const { limits } = deps
  const slots = new Slots({ perKey: limits.eventStreamsPerClient, total: MAX_EVENT_STREAMS })
  const feed = new SnapshotFeed(deps.snapshot)
  return new Hono<RelayEnv>()
    .get('/', (c) => {
      c.header('cache-control', 'no-store')
      return c.json(deps.snapshot(), 200)
    })
    .get('/events', (c) => {
      const slot = slots.acquire(clientOf(c, deps.trustedHops))
      if (slot.status !== 'acquired') {
        throw new ApiError('Too many live views are open. Close one, or poll /api/network instead.', {
          code: 'too_many_streams',
          status: slot.status === 'key-full' ? 429 : 503,
          param: null,
          retryAfterSeconds: 10,
        })
      }
      const leaving = new AbortController()
      const leave = () => {
        leaving.abort()
        slot.release()
      }
      c.req.raw.signal.addEventListener('abort', leave, { once: true })
      if (c.req.raw.signal.aborted) leave()
      const body = eventStreamBody(lines(feed, leaving.signal), {
        keepAliveMs: limits.keepAliveMs,
        onCancel: leave,
      })
      return c.newResponse(body, 200, EVENT_STREAM_HEADERS)
    })
}

async function* lines(feed: SnapshotFeed, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  for await (const json of feed.follow(signal)) yield sseData(json)
}
