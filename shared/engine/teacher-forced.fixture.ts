import * as ort from 'onnxruntime-web'
import type { SessionId } from '../protocol/ids.ts'
import { stageIdOf } from './compute-engine.ts'
import { InThreadEngine } from './ort-engine.ts'
import type { PackedModel } from './packed-model.fixture.ts'
import { createWasmBackend } from './wasm-backend.ts'

/** Logits before each of `tokens`, whatever our own engine would have chosen. */
export async function teacherForced(
  { manifest, files }: PackedModel,
  prompt: readonly number[],
  tokens: readonly number[],
): Promise<Float32Array[]> {
  const engine = new InThreadEngine({ backend: createWasmBackend(ort), memoryBudgetBytes: 64 * 1024 * 1024 })
  const layers = { start: 0, end: manifest.config.layerCount }
  const stageId = stageIdOf(manifest.id, layers)
  const sessionId = '0'.repeat(32) as SessionId // the form of a session id
  await engine.loadStage({ manifest, layers, files })
  await engine.openSession({ stageId, sessionId, capacityTokens: prompt.length + tokens.length })
  const logits: Float32Array[] = []
  let position = 0
  for (const tokenIds of [prompt, ...tokens.slice(0, -1).map((token) => [token])]) {
    const input = { kind: 'tokens', tokenIds: Int32Array.from(tokenIds) } as const
    const result = await engine.forward({ stageId, sessionId, position, input, want: 'logits' })
    if (result.kind === 'logits') logits.push(result.logits)
    position += tokenIds.length
  }
  await engine.dispose()
  return logits
}

/** Index of the largest value, the lowest on ties. */
export function argmax(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
