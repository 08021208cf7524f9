import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'
import { clientKey } from './client-address.ts'

/** Hono's environment on every route. Bindings are absent when a test calls `app.request()`. */
export interface RelayEnv {
  readonly Bindings: Partial<HttpBindings>
  readonly Variables: RequestIdVariables & {
    /** The request as it came. It must stay referenced while it is answered, see {@link keepRequest}. */
    arrived: Request
  }
}

/**
 * Keeps the request as it came, whose signal says that the client has left. The body limit replaces `c.req.raw` by a
 * copy that follows the first signal only weakly: once the original was collected, a leaving client went unnoticed.
 */
export const keepRequest: MiddlewareHandler<RelayEnv> = async (c, next) => {
  c.set('arrived', c.req.raw)
  await next()
}

/** The key of a request's client for limits. */
export function clientOf(c: Context<RelayEnv>, trustedHops: number): string {
  return clientKey({
    remoteAddress: c.env?.incoming?.socket.remoteAddress,
    forwardedFor: c.req.header('x-forwarded-for'),
    trustedHops,
  })
}
