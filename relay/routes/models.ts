import { Hono } from 'hono'
import type { NetworkSnapshot } from '../../shared/mesh/network-snapshot.ts'
import { maxSessionTokens } from '../../shared/model/stage-memory.ts'
import type { RelayEnv } from '../http/request-context.ts'
import type { CatalogueModel } from '../model-catalogue.ts'
import { modelNotFound } from '../openai/generation-request.ts'
import type { RelayDeps } from '../relay-deps.ts'

/** `GET /v1/models` and `GET /v1/models/:model`: what this relay serves, and whether peers cover it right now. */
export function modelsRoutes(deps: Pick<RelayDeps, 'models' | 'snapshot'>) {
  return new Hono<RelayEnv>()
    .get('/', (c) => {
      const network = deps.snapshot()
      return c.json(
        { object: 'list', data: deps.models.models.map((model) => modelObject(model, network)) },
        200,
      )
    })
    .get('/:model{.+}', (c) => {
      const model = deps.models.find(c.req.param('model'))
      if (model === undefined) throw modelNotFound(deps.models)
      return c.json(modelObject(model, deps.snapshot()), 200)
    })
}

function modelObject({ name, manifest, createdAtSeconds }: CatalogueModel, network: NetworkSnapshot) {
  const { id, encoding, config } = manifest
  // A model that the mesh has not heard of has no peers: all of it is missing.
  const gaps = network.models.find((model) => model.id === id)?.gaps ?? [{ start: 0, end: config.layerCount }]
  return {
    id: name,
    object: 'model' as const,
    created: createdAtSeconds,
    owned_by: 'racemesh',
    racemesh: {
      id,
      encoding,
      /** Every layer is held by an awake peer: a request sent now finds a route. */
      ready: gaps.length === 0,
      gaps: gaps.map((gap) => [gap.start, gap.end] as const),
      layer_count: config.layerCount,
      context_length: maxSessionTokens(config),
    },
  }
}
