import { generateTarget } from '../generator.ts'
import { countParameters } from '../race-class.ts'
import type { Evaluation, NonceBatch, PreparedRace, RaceParams, RacePath, RunOptions } from '../race-path.ts'
import { derivePermutation, scoreOutput } from '../score.ts'
import { deriveInputKey } from '../seeds.ts'
import { forward, generatedTensors, storedTensors } from './forward.ts'
import { traceForward } from './trace.ts'

/** Weights that are kept; larger classes make each tensor when it is needed. */
const KEPT_BYTES = 2 ** 28

/** The reference as a path, to hold the others against. Seconds to minutes for a nonce of the larger classes. */
export function createReferencePath(): RacePath {
  return {
    name: 'reference',
    adapter: 'plain TypeScript',
    prepare: (params) => Promise.resolve(prepareReference(params)),
    dispose: () => Promise.resolve(),
  }
}

function prepareReference({ raceClass, raceSeed }: RaceParams): PreparedRace {
  const isKept = countParameters(raceClass) <= KEPT_BYTES
  const tensors = (isKept ? storedTensors : generatedTensors)(raceClass, raceSeed)
  const target = generateTarget(raceClass, raceSeed)

  const evaluate = async (
    { nodeSeed, nonces }: NonceBatch,
    options: RunOptions = {},
  ): Promise<Evaluation> => {
    const inputKey = await deriveInputKey(raceSeed, nodeSeed)
    const { width } = raceClass
    const evaluation = {
      outputs: new Int8Array(nonces.length * width),
      dots: new Int32Array(nonces.length),
      squaredLengths: new Int32Array(nonces.length),
      hits: new Uint8Array(nonces.length),
    }
    for (const [i, nonce] of nonces.entries()) {
      options.signal?.throwIfAborted()
      await options.checkpoint?.()
      const output = forward(raceClass, tensors, inputKey, nonce)
      const scored = scoreOutput(raceClass, output, derivePermutation(raceClass, inputKey, nonce), target)
      evaluation.outputs.set(output, i * width)
      evaluation.dots[i] = scored.dot
      evaluation.squaredLengths[i] = scored.squaredLength
      evaluation.hits[i] = scored.isHit ? 1 : 0
    }
    return evaluation
  }
  return {
    raceClass,
    raceSeed,
    batchNonces: 1,
    evaluate,
    async findHits(batch, options) {
      const { hits } = await evaluate(batch, options)
      return [...batch.nonces].filter((_, i) => hits[i] === 1)
    },
    async trace(nodeSeed, nonce) {
      const inputKey = await deriveInputKey(raceSeed, nodeSeed)
      return (await traceForward(raceClass, tensors, inputKey, nonce)).trace
    },
    dispose: () => undefined,
  }
}
