import { MeshError } from '../errors.ts'

/** What preparing, running and checking a Race throws. */
export class RaceError extends MeshError<
  | { code: 'UNKNOWN_CLASS' }
  | { code: 'BAD_SEED'; expectedBytes: string; actualBytes: number }
  | { code: 'BAD_NONCE' }
> {
  override readonly name = 'RaceError'
}
