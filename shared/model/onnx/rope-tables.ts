import type { LlamaConfig } from '../manifest.ts'

/**
 * Cosines and sines of the rotary embedding, each `[positions, headSize / 2]`. Angles are rounded to float32 as
 * Hugging Face transformers computes them, so that late positions agree with it.
 */
export function ropeTables(
  config: LlamaConfig,
  positions: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = config.headSize / 2
  const cos = new Float32Array(positions * half)
  const sin = new Float32Array(positions * half)
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(1 / Math.fround(config.ropeTheta ** ((2 * i) / config.headSize)))
    for (let position = 0; position < positions; position++) {
      const angle = Math.fround(position * frequency)
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}
