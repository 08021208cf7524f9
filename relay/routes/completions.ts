import { Hono } from 'hono'
import type { RelayEnv } from '../http/request-context.ts'
import type { GenerationDeps } from './generations.ts'
import { answerGeneration } from './generations.ts'

/** `POST /v1/completions`: continues a text without a chat template. */
export function completionsRoutes(deps: GenerationDeps) {
  return new Hono<RelayEnv>().post('/', (c) => answerGeneration('completions', c, deps))
}
