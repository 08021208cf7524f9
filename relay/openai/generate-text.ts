import type { Asker, RouteStage, ServedStage } from '../../shared/mesh/asker.ts'
import { StopStringDetector } from '../../shared/model/stop-strings.ts'
import type { Clock } from '../clock.ts'
import { toApiError } from '../http/api-error.ts'
import type { RelayMetrics } from '../relay-metrics.ts'
import type { PreparedGeneration } from './generation-request.ts'

export type FinishReason = 'stop' | 'length'

/** One `route`, then `text` as it comes, then one `end`. */
export type TextEvent =
  | { readonly kind: 'route'; readonly stages: readonly RouteStage[] }
  | { readonly kind: 'text'; readonly text: string }
  | ({ readonly kind: 'end' } & TextEnd)

export interface TextEnd {
  readonly finishReason: FinishReason
  /** After a stop string the session is cancelled, and stages do not report: then these are the route's stages. */
  readonly stages: readonly (RouteStage | ServedStage)[]
  /** Tokens that arrived, those of a stop string included. */
  readonly completionTokens: number
  /** Null when no token came. */
  readonly firstTokenMs: number | null
  /** From the first token to the last; null below two tokens. */
  readonly tokensPerSecond: number | null
}

/**
 * Asks the mesh and turns its tokens into text. Leaving the loop cancels the generation.
 * @throws whatever the asker throws
 */
export async function* generateText(
  { model, request, stopStrings }: PreparedGeneration,
  deps: { readonly asker: Asker; readonly clock: Clock; readonly metrics: RelayMetrics },
  signal: AbortSignal,
): AsyncGenerator<TextEvent, void, undefined> {
  const { metrics, clock } = deps
  const labels = { model: model.name }
  const decoder = model.tokenizer.createStreamDecoder()
  const stopDetector = new StopStringDetector(stopStrings)
  const startedAtMs = clock.monotonicMs()
  let route: readonly RouteStage[] = []
  let tokens = 0
  let firstAtMs: number | null = null
  let lastAtMs = startedAtMs
  let outcome = 'cancelled'

  const end = (finishReason: FinishReason, stages: readonly (RouteStage | ServedStage)[]): TextEvent => {
    outcome = finishReason
    return {
      kind: 'end',
      finishReason,
      stages,
      completionTokens: tokens,
      firstTokenMs: firstAtMs === null ? null : firstAtMs - startedAtMs,
      tokensPerSecond:
        firstAtMs === null || tokens < 2 || lastAtMs === firstAtMs
          ? null
          : ((tokens - 1) * 1000) / (lastAtMs - firstAtMs),
    }
  }

  metrics.tokens.inc({ ...labels, kind: 'prompt' }, request.promptTokenIds.length)
  try {
    for await (const event of deps.asker.generate(request, signal)) {
      switch (event.kind) {
        case 'route':
          route = event.stages
          yield event
          break
        case 'token': {
          const nowMs = clock.monotonicMs()
          if (firstAtMs === null) {
            firstAtMs = nowMs
            metrics.firstTokenSeconds.observe(labels, (nowMs - startedAtMs) / 1000)
          } else {
            metrics.betweenTokensSeconds.observe(labels, (nowMs - lastAtMs) / 1000)
          }
          lastAtMs = nowMs
          tokens++
          const { text, isStopped } = stopDetector.push(decoder.push(event.tokenId))
          if (text !== '') yield { kind: 'text', text }
          if (isStopped) {
            yield end('stop', route)
            return
          }
          break
        }
        case 'end': {
          const { text, isStopped } = stopDetector.push(decoder.flush())
          const rest = isStopped ? text : text + stopDetector.flush()
          if (rest !== '') yield { kind: 'text', text: rest }
          yield end(isStopped || event.reason === 'end-token' ? 'stop' : 'length', event.stages)
          return
        }
        default:
          event satisfies never
      }
    }
    // The asker promises an `end`; without one the answer may be cut, and must not look whole.
    signal.throwIfAborted()
    throw new Error('the asker finished without an end')
  } catch (error) {
    outcome = signal.aborted ? 'cancelled' : toApiError(error).data.code
    throw error
  } finally {
    metrics.tokens.inc({ ...labels, kind: 'completion' }, tokens)
    metrics.generations.inc({ ...labels, outcome })
  }
}
