import type { Asker } from '../shared/mesh/asker.ts'
import type { NetworkSnapshot } from '../shared/mesh/network-snapshot.ts'
import type { Logger } from '../shared/mesh/ports.ts'
import type { Clock } from './clock.ts'
import type { RelayLimits } from './limits.ts'
import type { ModelCatalogue } from './model-catalogue.ts'
import type { RelayMetrics } from './relay-metrics.ts'

/** Everything that the relay's HTTP side needs; it owns none of it. */
export interface RelayDeps {
  readonly asker: Asker
  readonly models: ModelCatalogue
  readonly snapshot: () => NetworkSnapshot
  readonly health: () => RelayHealth
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: RelayLimits
  readonly metrics: RelayMetrics
  /** The built app (`dist/app`). It may be missing or appear later: a relay works without it. */
  readonly staticDir: string
  /** Proxies in front that append to X-Forwarded-For. */
  readonly trustedHops: number
  /** Origins beside our own that the app may talk to (other relays of the federation), as CSP sources. */
  readonly connectSources: readonly string[]
}

export interface RelayHealth {
  /** `stopping` answers 503, so that a load balancer sends no more requests. */
  readonly status: 'ok' | 'stopping'
  readonly version: string
}
