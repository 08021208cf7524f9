import { onceForEach, testDevice } from './device-self-test.ts'
import { EngineError } from './engine-error.ts'
import type { EngineBackend } from './ort-engine.ts'
import type { OrtRuntime } from './ort-runtime.ts'
import { createWasmRunner } from './wasm-runner.ts'
import { createWebGpuRunner } from './webgpu-runner.ts'

/**
 * Runs q4 on a GPU through ONNX Runtime's WebGPU backend; q8, whose integer products have no kernel there, runs on the
 * CPU by the same build, to the same bits as everywhere. q4 results agree with the WASM backend within 1e-5 relative RMS,
 * never to the bit.
 * @param device ours alone, from `openGpuDevice`; destroyed with the backend
 */
export function createWebGpuBackend(ort: OrtRuntime, device: GPUDevice): EngineBackend {
  return new WebGpuBackend(ort, device)
}

class WebGpuBackend implements EngineBackend {
  readonly kind = 'webgpu'
  readonly encodings = ['q4', 'q8'] as const
  readonly #ort: OrtRuntime
  readonly #device: GPUDevice
  #lost: EngineError | null = null

  constructor(ort: OrtRuntime, device: GPUDevice) {
    this.#ort = ort
    this.#device = device
    void device.lost.then(({ reason, message }) => this.#fail(`the device was lost (${reason}): ${message}`))
    // Out of memory, or a shader that the driver refused: what follows would be wrong numbers.
    device.addEventListener('uncapturederror', (event) => this.#fail(event.error.message))
  }

  get lost(): EngineError | null {
    return this.#lost
  }

  readonly createRunner: EngineBackend['createRunner'] = (params) =>
    params.manifest.encoding === 'q4'
      ? createWebGpuRunner(this.#ort, this.#device, params)
      : createWasmRunner(this.#ort, params)

  readonly testDevice = onceForEach((encoding) => testDevice(encoding, this.createRunner))

  dispose(): void {
    this.#device.destroy()
  }

  #fail(what: string): void {
    this.#lost ??= new EngineError(`The GPU cannot be used any more: ${what}`, {
      data: { code: 'DEVICE_LOST' },
      metaMessages: [
        'A driver reset, a suspended laptop or too little memory is the usual cause. Start again.',
      ],
    })
  }
}
