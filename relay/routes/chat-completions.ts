import { Hono } from 'hono'
import type { RelayEnv } from '../http/request-context.ts'
import type { GenerationDeps } from './generations.ts'
import { answerGeneration } from './generations.ts'

/** `POST /v1/chat/completions`. */
export function chatCompletionsRoutes(deps: GenerationDeps) {
  return new Hono<RelayEnv>().post('/', (c) => answerGeneration('chat', c, deps))
}
