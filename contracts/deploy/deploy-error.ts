import { MeshError } from '../../shared/errors.ts'

/** What deploying the contracts, or reading a record of it, throws. */
export class DeployError extends MeshError<
  | { code: 'INCOMPLETE'; missing: string }
  | { code: 'BAD_RECORD'; field: string }
  | { code: 'BAD_SETTINGS'; field: string }
  | { code: 'UNREACHABLE'; url: string }
  | { code: 'CHAIN_NOT_STARTED'; said: string }
  | { code: 'CHAIN_IN_USE'; ownerPid: number }
  | { code: 'WRONG_CHAIN'; expected: number; actual: number }
  | { code: 'OTHER_CODE'; contract: string }
  | { code: 'NO_CODE'; contract: string }
  | { code: 'TRANSACTION_FAILED'; step: string }
  | { code: 'NOT_PERMITTED'; step: string }
  | { code: 'NOT_AS_DEPLOYED'; findings: readonly string[] }
> {
  override readonly name = 'DeployError'
}
