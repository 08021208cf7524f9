import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { packRandomModel } from '../engine/packed-model.fixture.ts'
import { fuzzParameters } from './fuzz-runs.fixture.ts'
import { parseManifest } from './parse-manifest.ts'

it('parses a manifest with one changed value as the very same manifest or refuses it', async () => {
  const { manifest } = await packRandomModel('q8', { layerCount: 1 })
  const leaves = leafPaths(manifest)
  const change = fc.record({
    path: fc.constantFrom(...leaves),
    value: fc.oneof(fc.jsonValue(), fc.nat(), fc.constantFrom(-1, 1e300, '../x', '')),
  })
  await fc.assert(
    fc.asyncProperty(change, async ({ path, value }) => {
      const changed = structuredClone(manifest)
      assign(changed, path, value)
      try {
        expect(await parseManifest(changed)).toEqual(manifest)
      } catch (error) {
        expect(error).toMatchObject({ name: 'ModelError' })
      }
    }),
    fuzzParameters(1500),
  )
})

it('refuses random JSON', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (json) => {
      await expect(parseManifest(json)).rejects.toMatchObject({ name: 'ModelError' })
    }),
    fuzzParameters(1000),
  )
})

function leafPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, item]) => leafPaths(item, [...path, key]))].filter(
    (found) => found.length > 0,
  )
}

function assign(target: object, path: readonly string[], value: unknown): void {
  let current = target as Record<string, unknown> // paths come from leafPaths of the same shape
  for (const key of path.slice(0, -1)) current = current[key] as Record<string, unknown> // an inner node
  current[path.at(-1)!] = value // never empty
}
