import { describe, expect, it } from 'vitest'
import { attention } from './attention/attention.ts'
import { gemmInt8 } from './gemm-int8/gemm-int8.ts'
import { generateInputs, generateWeights } from './generate/generate.ts'
import { chooseDot4 } from './kernel-device.ts'
import type { KernelSpec } from './kernel-spec.ts'
import { normSums } from './norm/norm.ts'
import { score } from './score/score.ts'
import { softmax } from './softmax/softmax.ts'

/** The least that the standard lets a device have. */
const LIMITS = { maxStorageBufferBindingSize: 128 * 2 ** 20, maxComputeWorkgroupsPerDimension: 65_535 }
const key = Uint8Array.from({ length: 32 }, (_, i) => i)

describe('kernels', () => {
  it.each([
    {
      title: 'rows that are no whole tile',
      spec: gemmInt8,
      params: { m: 5, n: 8, k: 16 },
      code: 'BAD_SHAPE',
    },
    {
      title: 'terms that are no whole panel',
      spec: gemmInt8,
      params: { m: 4, n: 8, k: 24 },
      code: 'BAD_SHAPE',
    },
    { title: 'no rows', spec: gemmInt8, params: { m: 0, n: 8, k: 16 }, code: 'BAD_SHAPE' },
    {
      title: 'sums that leave 32 bits',
      spec: gemmInt8,
      params: { m: 4, n: 4, k: 131_072 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'sums beyond a binding',
      spec: gemmInt8,
      params: { m: 8_192, n: 8_192, k: 16 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'rows beyond the tensor',
      spec: gemmInt8,
      params: { m: 8, n: 4, k: 16, rows: 12, firstRow: 8 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'a norm of half a panel',
      spec: normSums,
      params: { rows: 1, n: 24, normConstant: 1 },
      code: 'BAD_SHAPE',
    },
    {
      title: 'too many scores',
      spec: softmax,
      params: { rows: 1, n: 65_537, scoreShift: 9 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'a shift of 17 bits',
      spec: softmax,
      params: { rows: 1, n: 4, scoreShift: 17 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'an output too wide',
      spec: score,
      params: { key, width: 1_024, batch: 1, count: 1, hitNumerator: 1 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'more nonces than the batch',
      spec: score,
      params: { key, width: 64, batch: 4, count: 5, hitNumerator: 1 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'half a block',
      spec: generateWeights,
      params: { key, domain: 1, index: 0, rows: 1, columns: 32 },
      code: 'BAD_SHAPE',
    },
    {
      title: 'inputs beyond a binding',
      spec: generateInputs,
      params: { key, batch: 2 ** 17, width: 512, positions: 4 },
      code: 'OVER_LIMIT',
    },
    {
      title: 'keys beyond the cache',
      spec: attention,
      params: attentionShape({ keys: 9 }),
      code: 'OVER_LIMIT',
    },
    {
      title: 'a head of six',
      spec: attention,
      params: attentionShape({ headDimension: 6 }),
      code: 'BAD_SHAPE',
    },
  ])('refuse $title before the device is asked', ({ spec, params, code }) => {
    expect(() => (spec as KernelSpec<object>).check(params, LIMITS)).toThrow(
      expect.objectContaining({ name: 'KernelError', data: expect.objectContaining({ code }) as object }),
    )
  })

  it('say what happened, why and what to do', () => {
    expect(() => gemmInt8.check({ m: 5, n: 8, k: 16 }, LIMITS)).toThrowErrorMatchingInlineSnapshot(`
      [KernelError: The kernel gemm-int8 takes m in multiples of 4, not 5.
      Pad the tensor with zeros to the next multiple.]
    `)
    expect(() => gemmInt8.check({ m: 4, n: 4, k: 131_072 }, LIMITS)).toThrowErrorMatchingInlineSnapshot(`
      [KernelError: The kernel gemm-int8 needs 131072 terms a sum, and this device allows 131071.
      Split the work into smaller dispatches.]
    `)
  })

  it('pack their uniforms as the shaders read them', () => {
    const gemm = { m: 8, n: 192, k: 64, rows: 20, firstRow: 12, columns: { first: 64, end: 128 } }
    expect([...gemmInt8.uniforms(gemm)]).toEqual([8, 192, 4, 20, 12, 64, 128, 0])
    expect(gemmInt8.dispatch(gemm)).toEqual([1, 1, 1])
    // keep_bits is 11 for 512 values and 12 for 64 (docs/race.md, 5.3).
    expect([...normSums.uniforms({ rows: 3, n: 512, normConstant: 7 })]).toEqual([3, 32, 11, 7, 3, 0])
    expect([...normSums.uniforms({ rows: 3, n: 64, normConstant: 7 })]).toEqual([3, 4, 12, 7, 3, 0])
    // The key is eight little-endian words; three of padding follow the domain.
    const tensor = generateWeights.uniforms({ key, domain: 1, index: 22, rows: 64, columns: 128 })
    expect([...tensor]).toEqual([
      0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c, 1, 0, 0,
      0, 22, 64, 2,
    ])
    expect([...attention.uniforms(attentionShape({ firstPosition: 3 }))]).toEqual([
      4, 1, 4, 4, 8, 4, 1, 2, 1, 2, 16, 9,
    ])
  })

  it('use the packed dot product only where WGSL has it', () => {
    expect(chooseDot4(new Set(['packed_4x8_integer_dot_product']))).toBe('packed')
    expect(chooseDot4(new Set())).toBe('polyfill')
    expect(chooseDot4(undefined)).toBe('polyfill')
  })
})

function attentionShape(change: object) {
  return {
    queries: 4,
    heads: 4,
    headDimension: 4,
    keys: 8,
    sequences: 2,
    sequenceStride: 1,
    keyStride: 2,
    cacheRows: 16,
    scoreShift: 9,
    ...change,
  }
}
