import { encode, type PreparedDispatch } from '../kernels/kernel-device.ts'

/** Hands dispatches to the device in one submission. */
export function submitDispatches(device: GPUDevice, dispatches: Iterable<PreparedDispatch>): void {
  const encoder = device.createCommandEncoder()
  encode(encoder, dispatches)
  device.queue.submit([encoder.finish()])
}
