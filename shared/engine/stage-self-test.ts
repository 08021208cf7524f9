import type { ModelManifest } from '../model/manifest.ts'
import { PREFILL_CHUNK_TOKENS } from './compute-engine.ts'
import { EngineError } from './engine-error.ts'
import { relativeRms } from './relative-rms.ts'
import { seededInput } from './seeded-input.ts'
import type { StageRunner } from './stage-runner.ts'

/**
 * Positions of the test: the length at which ONNX Runtime's attention was measured to go wrong, silently, on adapters
 * with small subgroups (32 or more; see docs/engine.md).
 */
const TEST_POSITIONS = 48
/**
 * Allowed difference between long steps and short ones, relative RMS. q4, against single steps: 9.6e-7 was measured over
 * 8 layers on WASM, and 0.03 and more for the attention fault. q8, against steps of two, was bit-equal in every run; single
 * steps are no measure for it, because their last bits differ and rounding to 8 bits blows that up to 1.5e-2.
 */
const TOLERANCE = { q8: 1e-6, q4: 1e-4 } as const

/**
 * Proves a loaded stage before it takes work: prefill by chunks and short steps must agree. Single steps are timed on
 * the way.
 * @throws EngineError `SELF_TEST_FAILED`
 */
export async function testStage({
  runner,
  manifest,
  hasHead,
}: {
  runner: StageRunner
  manifest: ModelManifest
  hasHead: boolean
}): Promise<{ decodeStepMs: number }> {
  const positions = Math.min(TEST_POSITIONS, manifest.config.contextLength)
  const { hiddenSize } = manifest.config
  const input = seededInput(positions * hiddenSize)
  const want = hasHead ? 'logits' : 'hidden'

  const inChunks = await run(runner, input, hiddenSize, positions, PREFILL_CHUNK_TOKENS, want)
  const oneByOne = await run(runner, input, hiddenSize, positions, 1, want)
  const inSmallSteps =
    manifest.encoding === 'q8' ? await run(runner, input, hiddenSize, positions, 2, want) : oneByOne
  const lastOf = ({ last }: { last: Float32Array }): Float32Array => last.slice(-oneByOne.last.length)
  const difference = relativeRms(lastOf(inSmallSteps), lastOf(inChunks))
  // Written so that NaN fails.
  if (!(difference <= TOLERANCE[manifest.encoding])) {
    throw new EngineError(
      `This device computes a long step differently from short ones: relative RMS ${difference.toExponential(1)}, at most ${TOLERANCE[manifest.encoding]} allowed.`,
      {
        data: { code: 'SELF_TEST_FAILED' },
        metaMessages: [
          'A fault of the graphics driver is the usual cause. The device can still serve without its GPU.',
        ],
        docsPath: 'docs/engine.md',
      },
    )
  }
  // The first half warms up: shaders compile, and V8 replaces its baseline WASM code.
  const timed = oneByOne.stepMs.slice(Math.floor(positions / 2)).sort((a, b) => a - b)
  return { decodeStepMs: timed[Math.floor(timed.length / 2)] ?? 0 }
}

async function run(
  runner: StageRunner,
  input: Float32Array,
  hiddenSize: number,
  positions: number,
  chunk: number,
  want: 'hidden' | 'logits',
): Promise<{ last: Float32Array; stepMs: number[] }> {
  const cache = runner.createCache(positions)
  try {
    let last: Float32Array = new Float32Array(0)
    const stepMs: number[] = []
    for (let position = 0; position < positions; position += chunk) {
      const end = Math.min(position + chunk, positions)
      const startedAt = performance.now()
      last = await runner.step(cache, input.slice(position * hiddenSize, end * hiddenSize), position, want)
      stepMs.push(performance.now() - startedAt)
    }
    return { last, stepMs }
  } finally {
    cache.free()
  }
}
