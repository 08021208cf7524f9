import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { requestId } from 'hono/request-id'
import { routePath } from 'hono/route'
import { createMiddleware } from 'hono/factory'
import { ApiError, apiErrorBody, toApiError } from './http/api-error.ts'
import { logFailure } from './http/log-failure.ts'
import type { RelayEnv } from './http/request-context.ts'
import { clientOf, keepRequest } from './http/request-context.ts'
import { Slots } from './http/slots.ts'
import { TokenBuckets } from './http/token-buckets.ts'
import type { RelayDeps } from './relay-deps.ts'
import { appShellRoutes } from './routes/app-shell.ts'
import { chatCompletionsRoutes } from './routes/chat-completions.ts'
import { completionsRoutes } from './routes/completions.ts'
import { embeddingsRoutes } from './routes/embeddings.ts'
import { healthRoutes } from './routes/health.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { modelFilesRoutes } from './routes/model-files.ts'
import { modelsRoutes } from './routes/models.ts'
import { networkRoutes } from './routes/network.ts'

/** Types of the relay's routes, for `hc<RelayApp>(url)`. */
export type RelayApp = ReturnType<typeof createRelayApp>

/** Composes the relay's HTTP side. Opens no port: the mesh host's listener hands requests to `app.fetch`. */
export function createRelayApp(deps: RelayDeps) {
  const { limits } = deps
  const slots = new Slots({ perKey: limits.generationsPerClient, total: limits.maxGenerations })
  const generationDeps = { ...deps, slots }
  // Any page may call the API from a browser; it carries no cookies, so no credentials are allowed.
  const openToAll = cors({
    origin: '*',
    exposeHeaders: ['X-Request-Id', 'Retry-After'],
    maxAge: 86_400,
  })

  return new Hono<RelayEnv>()
    .use(requestId())
    .use(keepRequest)
    .use(measured(deps))
    .use('/v1/*', openToAll)
    .use('/api/*', openToAll)
    .use('/v1/*', rateLimit(deps))
    .use(
      '/v1/*',
      bodyLimit({ maxSize: limits.maxBodyBytes, onError: () => bodyTooLarge(limits.maxBodyBytes) }),
    )
    .route('/v1/chat/completions', chatCompletionsRoutes(generationDeps))
    .route('/v1/completions', completionsRoutes(generationDeps))
    .route('/v1/models', modelsRoutes(deps))
    .route('/v1/embeddings', embeddingsRoutes())
    .route('/api/network', networkRoutes(deps))
    .route('/healthz', healthRoutes(deps))
    .route('/metrics', metricsRoutes(deps))
    .route('/models', modelFilesRoutes(deps))
    .all('/v1/*', (c) => unknownUrl(c.req.method))
    .all('/api/*', (c) => unknownUrl(c.req.method))
    .route('/', appShellRoutes(deps))
    .notFound((c) => c.text('There is nothing here.', 404))
    .onError((thrown, c) => {
      const error = toApiError(thrown)
      logFailure(deps.logger, c.get('requestId'), error)
      const { retryAfterSeconds, status } = error.data
      if (retryAfterSeconds !== undefined) c.header('retry-after', String(retryAfterSeconds))
      return c.json(apiErrorBody(error), status)
    })
}

/** Counts and times every request under its route's pattern; logs those of the API without what they say. */
function measured({ metrics, clock, logger }: RelayDeps) {
  return createMiddleware<RelayEnv>(async (c, next) => {
    const startedAtMs = clock.monotonicMs()
    await next()
    const seconds = (clock.monotonicMs() - startedAtMs) / 1000
    // The deepest pattern that was reached; the last one that matches would always be the app's.
    const route = routePath(c)
    metrics.requests.inc({ route, method: knownMethod(c.req.method), status: c.res.status })
    metrics.requestSeconds.observe({ route }, seconds)
    logger.debug('answered', { requestId: c.get('requestId'), route, status: c.res.status, seconds })
  })
}

/** Methods are the caller's text; a label must come from a short list. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'].includes(method) ? method : 'other'
}

function rateLimit({ limits, clock, trustedHops }: RelayDeps) {
  const buckets = new TokenBuckets({ perMinute: limits.requestsPerMinute, nowMs: clock.monotonicMs })
  return createMiddleware<RelayEnv>(async (c, next) => {
    const taken = buckets.take(clientOf(c, trustedHops))
    if (!taken.isAllowed) {
      throw new ApiError(
        `This relay grants ${limits.requestsPerMinute} requests a minute to one address. Wait ${Math.ceil(taken.retryAfterMs / 1000)} s.`,
        {
          code: 'rate_limit_exceeded',
          status: 429,
          param: null,
          retryAfterSeconds: Math.ceil(taken.retryAfterMs / 1000),
        },
      )
    }
    await next()
  })
}

function bodyTooLarge(maxBytes: number): never {
  throw new ApiError(`A request body may have ${maxBytes} bytes. Send a shorter conversation.`, {
    code: 'body_too_large',
    status: 413,
    param: null,
  })
}

function unknownUrl(method: string): never {
  throw new ApiError(
    `This relay does not answer ${knownMethod(method)} at this address. See docs/openai-api.md for what it offers.`,
    { code: 'unknown_url', status: 404, param: null },
  )
}
