import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PackedModel } from '../shared/engine/packed-model.fixture.ts'
import { argmax, teacherForced } from '../shared/engine/teacher-forced.fixture.ts'
import type { Encoding } from '../shared/model/manifest.ts'
import { packModel } from '../shared/model/pack.ts'
import { memoryTarget } from '../shared/model/random-model.fixture.ts'
import { loadTokenizer, type ChatMessage } from '../shared/model/tokenizer.ts'
import { openFolder } from './fs-model.ts'

/** What transformers computed from the float32 demo model, see models/recipe/reference.py. */
interface Reference {
  readonly cases: readonly {
    readonly messages: readonly ChatMessage[]
    readonly promptIds: readonly number[]
    readonly greedyIds: readonly number[]
    readonly greedyText: string
    readonly gaps: readonly number[]
  }[]
}

const GUIDE = new URL('../models/guide', import.meta.url).pathname

describe('the demo model', () => {
  let reference: Reference
  const packed = new Map<Encoding, PackedModel>()

  beforeAll(async () => {
    reference = JSON.parse(
      await readFile(new URL('../models/recipe/reference.json', import.meta.url), 'utf8'),
    ) as Reference // written by our recipe
    for (const encoding of ['q8', 'q4'] as const) {
      const target = memoryTarget()
      const manifest = await packModel({ folder: openFolder(GUIDE), target, name: 'guide', encoding })
      packed.set(encoding, { manifest, files: target.files })
    }
  })

  it('is tokenised as transformers does, conversations and answers alike', () => {
    const tokenizer = loadTokenizer(packed.get('q8')!.files) // packed above
    expect(reference.cases.length).toBeGreaterThan(5)
    for (const { messages, promptIds, greedyIds, greedyText } of reference.cases) {
      expect(tokenizer.encodeChat(messages)).toEqual(promptIds)
      const decoder = tokenizer.createStreamDecoder()
      const text = greedyIds.map((id) => decoder.push(id)).join('') + decoder.flush()
      expect(text).toBe(greedyText)
    }
  })

  it.each([
    { encoding: 'q8', gapTolerance: 0.5 },
    { encoding: 'q4', gapTolerance: 1.5 },
  ] as const)(
    'says in $encoding what it says in float32, wherever its choice is clear',
    async ({ encoding, gapTolerance }) => {
      let compared = 0
      let largestFlippedGap = 0
      for (const { promptIds, greedyIds, gaps } of reference.cases) {
        const steps = await teacherForced(packed.get(encoding)!, promptIds, greedyIds) // packed above
        for (const [step, logits] of steps.entries()) {
          if (argmax(logits) !== greedyIds[step]) largestFlippedGap = Math.max(largestFlippedGap, gaps[step]!) // one per id
          if (gaps[step]! > gapTolerance) compared++
        }
      }
      expect(largestFlippedGap).toBeLessThanOrEqual(gapTolerance)
      expect(compared).toBeGreaterThan(50)
    },
  )
})
