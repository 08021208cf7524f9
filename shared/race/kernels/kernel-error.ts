import { MeshError } from '../../errors.ts'

export class KernelError extends MeshError<
  | { code: 'BAD_SHAPE'; kernel: string }
  | { code: 'OVER_LIMIT'; kernel: string; wanted: number; limit: number }
  | { code: 'NOT_COMPILED'; kernel: string }
> {}

/** @throws KernelError `BAD_SHAPE` unless `value` is a whole multiple of `step`, at least one of it */
export function checkMultiple(kernel: string, name: string, value: number, step: number): void {
  if (Number.isSafeInteger(value) && value >= step && value % step === 0) return
  throw new KernelError(`The kernel ${kernel} takes ${name} in multiples of ${step}, not ${value}.`, {
    data: { code: 'BAD_SHAPE', kernel },
    metaMessages: ['Pad the tensor with zeros to the next multiple.'],
  })
}

/** @throws KernelError `OVER_LIMIT` if the device allows less than `wanted` */
export function checkLimit(kernel: string, what: string, wanted: number, limit: number): void {
  if (wanted <= limit) return
  throw new KernelError(`The kernel ${kernel} needs ${wanted} ${what}, and this device allows ${limit}.`, {
    data: { code: 'OVER_LIMIT', kernel, wanted, limit },
    metaMessages: ['Split the work into smaller dispatches.'],
  })
}
