/** What one relay grants; every figure is per relay process. */
export interface RelayLimits {
  /** Largest request body. */
  readonly maxBodyBytes: number
  /** Calls of /v1 per client and minute; a client that was quiet may spend a whole minute's worth at once. */
  readonly requestsPerMinute: number
  /** Generations that one client may have open at once. */
  readonly generationsPerClient: number
  /** Generations that this relay drives at once for everybody. */
  readonly maxGenerations: number
  /** Live views (`/api/network/events`) that one client may hold open. */
  readonly eventStreamsPerClient: number
  /** Answer time when the request names none. */
  readonly defaultDeadlineMs: number
  /** New tokens when the request names no limit: KV memory is reserved for all of them on every stage. */
  readonly defaultMaxTokens: number
  /** An idle event stream says so this often, because proxies cut connections that are silent for a minute. */
  readonly keepAliveMs: number
}

/** The latest deadline that a request may name: KV memory on every stage is held for so long at most. */
export const MAX_DEADLINE_MS = 600_000

export const DEFAULT_LIMITS: RelayLimits = {
  // A 1 MiB prompt is some 250,000 tokens: beyond every model that tabs can hold.
  maxBodyBytes: 1024 * 1024,
  requestsPerMinute: 120,
  generationsPerClient: 8,
  // Stages refuse long before; this only bounds what a flood of clients can make the relay itself remember.
  maxGenerations: 256,
  eventStreamsPerClient: 16,
  defaultDeadlineMs: 120_000,
  defaultMaxTokens: 1024,
  keepAliveMs: 15_000,
}
