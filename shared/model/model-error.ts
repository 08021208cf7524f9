import { MeshError } from '../errors.ts'

/** What reading, packing, checking or fetching a model throws. */
export class ModelError extends MeshError<
  | { code: 'BAD_SAFETENSORS'; path: string }
  | { code: 'UNSUPPORTED_MODEL' }
  | { code: 'BAD_CONFIG' }
  | { code: 'MISSING_FILE'; path: string }
  | { code: 'NOT_FINITE'; tensor: string }
  | { code: 'BAD_MANIFEST' }
  | { code: 'HASH_MISMATCH'; path: string; piece: number }
  | { code: 'SOURCE_FAILED'; path: string }
  | { code: 'BAD_TOKENIZER' }
  | { code: 'BAD_SAMPLING' }
> {
  override readonly name = 'ModelError'
}
