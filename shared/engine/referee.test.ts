import { describe, expect, it } from 'vitest'
import { REFEREE_SHAPE } from './generate.fixture.ts'
import { packRandomModel } from './packed-model.fixture.ts'
import { relativeRms } from './relative-rms.ts'
import { argmax, teacherForced } from './teacher-forced.fixture.ts'
import refereeQ4 from './vectors/referee-q4.json' with { type: 'json' }
import refereeQ8 from './vectors/referee-q8.json' with { type: 'json' }

/**
 * transformers computed the same dequantised weights in float32 (scripts/referee.py). q4 keeps float activations:
 * 2.7e-6 at most was measured, the vectors' own rounding included. q8 rounds activations to 8 bits: 0.016 to 0.035.
 * Neither had a greedy token of its own, the smallest gap being 0.004.
 */
const CASES = [
  { encoding: 'q4', referee: refereeQ4, logitTolerance: 1e-5, gapTolerance: 1e-3 },
  { encoding: 'q8', referee: refereeQ8, logitTolerance: 0.05, gapTolerance: 0.05 },
] as const

describe.each(CASES)(
  '$encoding against transformers',
  ({ encoding, referee, logitTolerance, gapTolerance }) => {
    it.each(referee.cases.map((expected) => [expected.promptLength, expected] as const))(
      'agrees after a prompt of %i tokens, and on each greedy token that is no near tie',
      async (length, expected) => {
        const model = await packRandomModel(encoding, REFEREE_SHAPE)
        const { vocabSize } = model.manifest.config
        const prompt = Array.from({ length }, (_, i) => (i * 197 + 5 * length) % vocabSize)
        const steps = await teacherForced(model, prompt, expected.greedyIds)

        const difference = relativeRms(Float32Array.from(expected.firstLogits), steps[0]!.slice(0, 64))
        expect(difference).toBeLessThan(logitTolerance)
        let compared = 0
        for (const [step, logits] of steps.entries()) {
          if (expected.gaps[step]! <= gapTolerance) continue
          compared++
          expect(argmax(logits), `step ${step}`).toBe(expected.greedyIds[step])
        }
        expect(compared).toBeGreaterThan(expected.greedyIds.length / 2)
      },
    )
  },
)
