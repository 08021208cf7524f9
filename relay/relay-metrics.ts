import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { NetworkSnapshot } from '../shared/mesh/network-snapshot.ts'

/** From a warm tab next door to a cold pipeline of many tabs, seconds. */
const FIRST_TOKEN_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60, 120]
const BETWEEN_TOKENS_BUCKETS = [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.3, 2.5, 5]
const REQUEST_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600]

/**
 * What `GET /metrics` shows. Labels are few and chosen by us (route patterns, statuses, model names of the
 * catalogue), so that no caller can make the registry grow.
 */
export class RelayMetrics {
  readonly #registry = new Registry()
  readonly requests = new Counter({
    name: 'racemesh_http_requests_total',
    help: 'HTTP requests by route pattern, method and status (499: the client left first)',
    labelNames: ['route', 'method', 'status'],
    registers: [this.#registry],
  })
  readonly requestSeconds = new Histogram({
    name: 'racemesh_http_request_seconds',
    help: 'Time until the response began (streams: until their first byte)',
    labelNames: ['route'],
    buckets: REQUEST_BUCKETS,
    registers: [this.#registry],
  })
  readonly generations = new Counter({
    name: 'racemesh_generations_total',
    help: 'Generations by how they ended: stop, length, cancelled, or the code of the error',
    labelNames: ['model', 'outcome'],
    registers: [this.#registry],
  })
  readonly tokens = new Counter({
    name: 'racemesh_tokens_total',
    help: 'Tokens by model and kind (prompt, completion)',
    labelNames: ['model', 'kind'],
    registers: [this.#registry],
  })
  readonly firstTokenSeconds = new Histogram({
    name: 'racemesh_time_to_first_token_seconds',
    help: 'From the start of a generation to its first token',
    labelNames: ['model'],
    buckets: FIRST_TOKEN_BUCKETS,
    registers: [this.#registry],
  })
  readonly betweenTokensSeconds = new Histogram({
    name: 'racemesh_inter_token_seconds',
    help: 'Between one token and the next of the same answer',
    labelNames: ['model'],
    buckets: BETWEEN_TOKENS_BUCKETS,
    registers: [this.#registry],
  })

  constructor(snapshot: () => NetworkSnapshot) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    const gauge = (name: string, help: string, read: (network: NetworkSnapshot) => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read(snapshot()))
        },
      })
    const total = (name: string, help: string, read: (network: NetworkSnapshot) => number) =>
      new Counter({
        name,
        help,
        registers,
        // The snapshot keeps the sum; a counter can only be set by starting over.
        collect() {
          this.reset()
          this.inc(read(snapshot()))
        },
      })
    gauge(
      'racemesh_open_sessions',
      'Generations under way through this relay',
      ({ rates }) => rates.openSessions,
    )
    gauge('racemesh_uptime_seconds', 'Since the relay started', ({ relay }) => relay.uptimeMs / 1000)
    new Gauge({
      name: 'racemesh_peers',
      help: 'Peers that this relay knows, by kind and whether they take work',
      labelNames: ['kind', 'awake'],
      registers,
      collect() {
        this.reset()
        const { peers } = snapshot()
        for (const kind of ['tab', 'native'] as const) {
          for (const isAwake of [true, false]) {
            const count = peers.filter((peer) => peer.kind === kind && peer.isAwake === isAwake).length
            this.set({ kind, awake: String(isAwake) }, count)
          }
        }
      },
    })
    new Gauge({
      name: 'racemesh_stages',
      help: 'Stages that peers hold, by model and state',
      labelNames: ['model', 'state'],
      registers,
      collect() {
        this.reset()
        const { models, peers } = snapshot()
        const stages = peers.flatMap((peer) => peer.stages)
        for (const { id, name } of models) {
          for (const state of ['loading', 'ready'] as const) {
            const count = stages.filter((stage) => stage.modelId === id && stage.state === state).length
            this.set({ model: name, state }, count)
          }
        }
      },
    })
    new Gauge({
      name: 'racemesh_missing_layers',
      help: 'Layers of a model that no awake peer serves; 0 means that it can answer',
      labelNames: ['model'],
      registers,
      collect() {
        this.reset()
        for (const { name, gaps } of snapshot().models) {
          this.set(
            { model: name },
            gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0),
          )
        }
      },
    })
    total(
      'racemesh_tensor_bytes_total',
      'Tensor bytes that stages sent',
      ({ rates }) => rates.tensorBytesTotal,
    )
    total(
      'racemesh_tensor_bytes_relayed_total',
      'The part of the tensor bytes that went through a relay',
      ({ rates }) => rates.tensorBytesRelayedTotal,
    )
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The registry in Prometheus' text format. */
  render(): Promise<string> {
    return this.#registry.metrics()
  }
}
