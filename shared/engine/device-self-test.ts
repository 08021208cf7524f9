import { computeModelId } from '../model/manifest-id.ts'
import { weightFileLayouts } from '../model/layout.ts'
import type { Encoding, LlamaConfig, ModelManifest } from '../model/manifest.ts'
import { PREFILL_CHUNK_TOKENS } from './compute-engine.ts'
import { EngineError } from './engine-error.ts'
import { GOLDEN_LOGITS } from './golden-logits.ts'
import { relativeRms } from './relative-rms.ts'
import { seededInput } from './seeded-input.ts'
import type { StageRunner, StageRunnerParams } from './stage-runner.ts'

const TEST_POSITIONS = 48

/** Small enough to compile and run at once, and every operator of a real stage is in it. */
const TEST_CONFIG: LlamaConfig = {
  architecture: 'llama',
  layerCount: 1,
  hiddenSize: 64,
  intermediateSize: 96,
  headCount: 4,
  kvHeadCount: 2,
  headSize: 16,
  vocabSize: 32,
  contextLength: 64,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  tiedEmbeddings: false,
  bosTokenId: null,
  eosTokenIds: [],
}

/**
 * Relative RMS against the golden logits, which the WASM backend computed. On WASM, q8 has to give the very same bits
 * everywhere; q4 there and WebGPU (measured 2e-7 on SwiftShader) may differ in the last ones.
 */
const TOLERANCE = { q8: 0, q4: 1e-5 } as const

/**
 * Runs a tiny model with a known answer: a 48-position prefill in chunks, then the logits of the last position.
 * @throws EngineError `SELF_TEST_FAILED`
 */
export async function testDevice(
  encoding: Encoding,
  createRunner: (params: StageRunnerParams) => Promise<StageRunner>,
): Promise<void> {
  const difference = relativeRms(
    Float32Array.from(GOLDEN_LOGITS[encoding]),
    await runGoldenModel(encoding, createRunner),
  )
  // Written so that NaN fails.
  if (!(difference <= TOLERANCE[encoding])) {
    throw new EngineError(
      `This device computes a known answer wrongly: relative RMS ${difference.toExponential(1)}, at most ${TOLERANCE[encoding]} allowed.`,
      {
        data: { code: 'SELF_TEST_FAILED' },
        metaMessages: ['A fault of the graphics driver is the usual cause. The CPU can still serve.'],
        docsPath: 'docs/engine.md',
      },
    )
  }
}

/** Runs a test once per encoding, and gives later callers the outcome. */
export function onceForEach(
  test: (encoding: Encoding) => Promise<void>,
): (encoding: Encoding) => Promise<void> {
  const outcomes = new Map<Encoding, Promise<void>>()
  return (encoding) => {
    const outcome = outcomes.get(encoding) ?? test(encoding)
    outcomes.set(encoding, outcome)
    return outcome
  }
}

/** The logits `[32]` of the test model's last position. */
export async function runGoldenModel(
  encoding: Encoding,
  createRunner: (params: StageRunnerParams) => Promise<StageRunner>,
): Promise<Float32Array> {
  const { manifest, files } = await goldenModel(encoding)
  const { hiddenSize } = TEST_CONFIG
  const runner = await createRunner({
    manifest,
    layers: { start: 0, end: 1 },
    files,
    maxPositions: TEST_POSITIONS,
  })
  try {
    const cache = runner.createCache(TEST_POSITIONS)
    try {
      const input = seededInput(TEST_POSITIONS * hiddenSize)
      let logits: Float32Array = new Float32Array(0)
      for (let position = 0; position < TEST_POSITIONS; position += PREFILL_CHUNK_TOKENS) {
        const chunk = input.slice(position * hiddenSize, (position + PREFILL_CHUNK_TOKENS) * hiddenSize)
        logits = await runner.step(cache, chunk, position, 'logits')
      }
      return logits
    } finally {
      cache.free()
    }
  } finally {
    await runner.release()
  }
}

/** A model whose weights follow from their place alone. */
async function goldenModel(
  encoding: Encoding,
): Promise<{ manifest: ModelManifest; files: Map<string, Uint8Array<ArrayBuffer>> }> {
  const layouts = weightFileLayouts(TEST_CONFIG, encoding)
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const { path, sizeBytes, tensors } of layouts) {
    const bytes = new Uint8Array(sizeBytes)
    for (const { name, dataType, shape, offset } of tensors) {
      const count = shape.reduce((product, size) => product * size, 1)
      const noise = seededInput(count)
      if (dataType !== 'float32') {
        // All values of a byte, so that each nibble and each sign occurs.
        noise.forEach((value, i) => (bytes[offset + i] = Math.floor((value + 1) * 128)))
        continue
      }
      // Scales that make a matrix keep the size of its input; norms around 1.
      const middle = name.endsWith('.scales')
        ? encoding === 'q8'
          ? 1 / 600
          : name === 'head.scales'
            ? 1 / 600
            : 1 / 40
        : 1
      new Float32Array(bytes.buffer, offset, count).set(noise.map((value) => middle * (1 + value / 8)))
    }
    files.set(path, bytes)
  }
  const descriptor = {
    format: 'racemesh-model/1',
    name: 'golden',
    encoding,
    config: TEST_CONFIG,
    pieceSizeBytes: 1024 * 1024,
    files: layouts.map((layout) => ({ ...layout, pieces: [] })),
    sideFiles: [],
  } as const
  return { manifest: { ...descriptor, id: await computeModelId(descriptor) }, files }
}
