import { Hono } from 'hono'
import type { RelayEnv } from '../http/request-context.ts'
import type { RelayDeps } from '../relay-deps.ts'

/** `GET /healthz` for load balancers and supervisors. 200 says that the relay works, not that peers are there. */
export function healthRoutes(deps: Pick<RelayDeps, 'health' | 'snapshot'>) {
  return new Hono<RelayEnv>().get('/', (c) => {
    const health = deps.health()
    const { relay, peers, models } = deps.snapshot()
    c.header('cache-control', 'no-store')
    return c.json(
      {
        ...health,
        uptime_ms: relay.uptimeMs,
        peers: peers.length,
        models_ready: models.filter(({ gaps }) => gaps.length === 0).length,
        models: models.length,
      },
      health.status === 'ok' ? 200 : 503,
    )
  })
}
