import { MeshError } from '../errors.ts'

export class RacePathError extends MeshError<
  | { code: 'TOO_LARGE'; neededBytes: number; limitBytes: number }
  | { code: 'DEVICE_LOST' }
  | { code: 'DEVICE_WRONG'; adapter: string }
  | { code: 'NO_ADAPTER' }
  | { code: 'THREAD_FAILED' }
  | { code: 'DISPOSED' }
> {}
