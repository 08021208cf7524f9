import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'
import { clientKey } from './client-address.ts'

/** Hono's environment on every route. Bindings are absent when a test calls `app.request()`. */
export interface RelayEnv {
  readonly Bindings: Partial<HttpBindings>
  readonly Variables: RequestIdVariables
}

/** The key of a request's client for limits. */
export function clientOf(c: Context<RelayEnv>, trustedHops: number): string {
  return clientKey({
    remoteAddress: c.env?.incoming?.socket.remoteAddress,
    forwardedFor: c.req.header('x-forwarded-for'),
    trustedHops,
  })
}
