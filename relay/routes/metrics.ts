import { Hono } from 'hono'
import type { RelayEnv } from '../http/request-context.ts'
import type { RelayDeps } from '../relay-deps.ts'

/** `GET /metrics` in Prometheus' text format. */
export function metricsRoutes({ metrics }: Pick<RelayDeps, 'metrics'>) {
  return new Hono<RelayEnv>().get('/', async (c) =>
    c.body(await metrics.render(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }),
  )
}
