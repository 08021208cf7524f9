/** `shell`: network first, kept page offline. `asset`: kept copy first. `network`: not the worker's business. */
export type CacheRule = 'shell' | 'asset' | 'network'

// Answers, the live picture and weights are never kept here: weights have their own checked store.
const LIVE = /^\/(v1|api|models|metrics|healthz?)(\/|$)/
// The ONNX Runtime is tens of MB and cached by the browser over HTTP; the shell's quota is not for it.
const KEPT = /^\/(assets\/[^/]+\.(js|css|svg|woff2)|icon[^/]*|manifest\.webmanifest)$/

/** Decides by method, mode and address alone, so that it can be tested without a worker. */
export function cacheRuleOf(method: string, mode: RequestMode, url: URL, origin: string): CacheRule {
  if (method !== 'GET' || url.origin !== origin || LIVE.test(url.pathname)) return 'network'
  if (mode === 'navigate') return 'shell'
  return KEPT.test(url.pathname) ? 'asset' : 'network'
}
