import { ed25519 } from '@noble/curves/ed25519.js'
import { fromHex, toHex } from '../../protocol/ids.ts'
import { raceStatement, type RaceCommitment } from '../../protocol/race-proof/race-proof.ts'

/** Who races: the Ed25519 key pair that is a libp2p node's identity too. */
export interface RaceIdentity {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** Ed25519 signature (RFC 8032), 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** @param secretKey 32 bytes, the seed of RFC 8032 */
export function identityFromSecretKey(secretKey: Uint8Array): RaceIdentity {
  const secret = secretKey.slice()
  return {
    publicKey: Uint8Array.from(ed25519.getPublicKey(secret)),
    sign: (message) => Promise.resolve(ed25519.sign(message, secret)),
  }
}

/** A new identity that nobody keeps. */
export function createIdentity(): RaceIdentity {
  return identityFromSecretKey(ed25519.utils.randomSecretKey())
}

/** Signs what a contest found. @throws ProtocolError for values that no decoder would take */
export async function signCommitment(
  identity: RaceIdentity,
  unsigned: Omit<RaceCommitment, 'signature' | 'publicKey'>,
): Promise<RaceCommitment> {
  const statement = { ...unsigned, publicKey: toHex(identity.publicKey) }
  return { ...statement, signature: toHex(await identity.sign(raceStatement(statement))) }
}

/**
 * True if the holder of the commitment's public key signed it. By the strict rules of RFC 8032, so that all verifiers
 * agree. A few milliseconds.
 */
export function isSignatureValid(commitment: RaceCommitment): boolean {
  const { signature, publicKey, ...rest } = commitment
  const statement = raceStatement({ ...rest, publicKey })
  return ed25519.verify(fromHex(signature), statement, fromHex(publicKey), { zip215: false })
}
