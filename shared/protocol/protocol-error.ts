import { MeshError } from '../errors.ts'

/**
 * Thrown by every decoder: these bytes are not what they claim to be. Encoders throw it for what a decoder would
 * refuse; nothing else throws it.
 */
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
