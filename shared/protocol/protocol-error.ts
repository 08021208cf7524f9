import { MeshError } from '../errors.ts'

/** Thrown by every decoder, and by nothing but decoders: these bytes are not what they claim to be. */
export class ProtocolError extends MeshError<{
  code:
    | 'BAD_ID'
    | 'TOO_LARGE'
    | 'TRUNCATED'
    | 'MALFORMED'
    | 'UNKNOWN_VERSION'
    | 'UNKNOWN_KIND'
    | 'MISSING_FIELD'
    | 'OUT_OF_RANGE'
}> {
  override readonly name = 'ProtocolError'
}
