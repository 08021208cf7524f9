import type { ModelManifest } from '../model/manifest.ts'
import { plannedCacheBytes } from '../model/stage-memory.ts'
import type { AssignmentModel } from './assignment.ts'

/** What the planner needs to know of a packed model. */
export function assignmentModel({ id, encoding, config, files }: ModelManifest): AssignmentModel {
  const bytesOf = (kind: 'embedding' | 'head'): number =>
    files.filter(({ role }) => role.kind === kind).reduce((sum, file) => sum + file.sizeBytes, 0)
  return {
    id,
    encoding,
    layerCount: config.layerCount,
    layerBytes: files.flatMap((file) => (file.role.kind === 'layer' ? [file.sizeBytes] : [])),
    embeddingBytes: bytesOf('embedding'),
    headBytes: bytesOf('head'),
    layerCacheBytes: plannedCacheBytes(config, { start: 0, end: 1 }),
  }
}
