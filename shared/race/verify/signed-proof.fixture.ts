import { toHex } from '../../protocol/ids.ts'
import type { RaceCommitment, RaceProof } from '../../protocol/race-proof/race-proof.ts'
import { rootOfClaims } from '../claims/claim-accumulator.ts'
import { signCommitment, type RaceIdentity } from '../claims/race-identity.ts'

export const BEACON = Uint8Array.from({ length: 32 }, (_, i) => i)

/** A proof of class micro, signed whatever it claims. */
export async function signProof(
  identity: RaceIdentity,
  claimedNonces: readonly number[],
  overrides: Partial<RaceCommitment> = {},
): Promise<RaceProof> {
  const commitment = await signCommitment(identity, {
    raceClass: 'micro',
    beacon: toHex(BEACON),
    firstNonce: 0,
    nonceCount: 20_000,
    claimCount: claimedNonces.length,
    root: toHex(rootOfClaims(claimedNonces)),
    startedAtMs: 1_800_000_000_000,
    endedAtMs: 1_800_000_060_000,
    ...overrides,
  })
  return { commitment, claimedNonces }
}
