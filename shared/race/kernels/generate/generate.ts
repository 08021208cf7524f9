import { checkLimit, checkMultiple } from '../kernel-error.ts'
import type { KernelSpec } from '../kernel-spec.ts'
import chacha20 from './chacha20.wgsl?raw'
import inputsSource from './generate-inputs.wgsl?raw'
import weightsSource from './generate-weights.wgsl?raw'

const WORKGROUP_SIZE = 64
const BLOCK_BYTES = 64

/** Streams of the specification (docs/race.md, section 4). */
export const STREAM_DOMAIN = { weights: 1, target: 2, input: 3, permutation: 4 } as const

export interface TensorStream {
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly domain: number
  readonly index: number
  readonly rows: number
  /** A multiple of 64. */
  readonly columns: number
}

/** A tensor of symmetric random int8. Buffer: w `[columns / 16, rows]` in panels of 16 int8. */
export const generateWeights: KernelSpec<TensorStream> = {
  name: 'generate-weights',
  sources: [chacha20, weightsSource],
  check(stream, limits) {
    const { rows, columns } = stream
    checkMultiple('generate-weights', 'rows', rows, 1)
    checkMultiple('generate-weights', 'columns', columns, BLOCK_BYTES)
    checkLimit('generate-weights', 'bytes in one binding', rows * columns, limits.maxStorageBufferBindingSize)
    const workgroups = Math.max(...this.dispatch(stream))
    checkLimit('generate-weights', 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ key, domain, index, rows, columns }) =>
    Uint32Array.of(...streamUniforms(key, domain), index, rows, columns / BLOCK_BYTES),
  dispatch: ({ rows, columns }) => [Math.ceil(rows / WORKGROUP_SIZE), columns / BLOCK_BYTES, 1],
}

export interface InputStream {
  readonly key: Uint8Array
  /** Nonces. */
  readonly batch: number
  /** A multiple of 64. */
  readonly width: number
  readonly positions: number
}

/** Inputs of nonces before their norm. Buffers: nonces `[batch]` u32, x `[width / 16, positions batch]` in panels of 16 int8. */
export const generateInputs: KernelSpec<InputStream> = {
  name: 'generate-inputs',
  sources: [chacha20, inputsSource],
  check(stream, limits) {
    const { batch, width, positions } = stream
    checkMultiple('generate-inputs', 'batch', batch, 1)
    checkMultiple('generate-inputs', 'width', width, BLOCK_BYTES)
    const bytes = batch * width * positions
    checkLimit('generate-inputs', 'bytes in one binding', bytes, limits.maxStorageBufferBindingSize)
    const workgroups = Math.max(...this.dispatch(stream))
    checkLimit('generate-inputs', 'workgroups in a row', workgroups, limits.maxComputeWorkgroupsPerDimension)
  },
  uniforms: ({ key, batch, width, positions }) =>
    Uint32Array.of(...streamUniforms(key, STREAM_DOMAIN.input), batch, width / BLOCK_BYTES, positions),
  dispatch: ({ batch, width, positions }) => [
    Math.ceil(batch / WORKGROUP_SIZE),
    (width / BLOCK_BYTES) * positions,
    1,
  ],
}

/** The twelve words of `Stream` in chacha20.wgsl: the key, the domain and what the alignment of its vectors adds. */
export function streamUniforms(key: Uint8Array, domain: number): number[] {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return [...Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true)), domain, 0, 0, 0]
}
