import { MeshError } from '../errors.ts'

/** What building or reading money's messages throws: a caller's mistake or a hostile input, never a refused transition. */
export class MoneyError extends MeshError<
  | { code: 'BAD_POINT' }
  | { code: 'BAD_TREE' }
  | { code: 'BAD_AMOUNT' }
  | { code: 'BAD_SPLIT' }
  | { code: 'BAD_WEIGHTS' }
  | { code: 'BAD_TIMED_COMMITMENT' }
> {
  override readonly name = 'MoneyError'
}
