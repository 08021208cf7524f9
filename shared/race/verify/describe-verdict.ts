import type { RaceCommitment } from '../../protocol/race-proof/race-proof.ts'
import { RACE_CLASSES } from '../race-class.ts'
import type { FraudEvidence, RaceVerdict, RefusalCode } from './verdict.ts'

const REFUSALS: Readonly<Record<RefusalCode, readonly [what: string, cause: string]>> = {
  BAD_SIGNATURE: [
    'The signature is not that of the public key that the proof names.',
    'The proof was changed after it was signed, or carries the key of a stranger.',
  ],
  WRONG_CLASS: [
    'The proof is for another class.',
    'Classes have networks of their own and do not stand in for each other.',
  ],
  WRONG_BEACON: ['The proof is for another epoch.', 'It is old, or was made for practice.'],
  WRONG_PUBLIC_KEY: [
    'The proof belongs to somebody else.',
    'Nonces count for the key whose network inputs they are, and for no other.',
  ],
  ABSURD_COUNT: [
    'The proof claims more hits than chance or any device allows.',
    'About one nonce in 900 is a hit; nothing was run.',
  ],
  WRONG_ROOT: [
    'The claimed nonces are not those that were signed.',
    'The list was damaged or changed on the way.',
  ],
  WRONG_SAMPLE: [
    'Other claims were opened than the sample asks for.',
    'The sample was drawn from another commitment.',
  ],
}

/** The verdict in plain words: what it is, then why. */
export function describeVerdict(verdict: RaceVerdict, commitment: RaceCommitment): string[] {
  switch (verdict.status) {
    case 'accepted':
      return describeAccepted(verdict, commitment)
    case 'refused':
      return [`Refused: ${REFUSALS[verdict.code][0]}`, REFUSALS[verdict.code][1]]
    case 'fraud':
      return [`Fraud: ${describeEvidence(verdict.evidence)}`, 'The holder of the key signed it.']
    default:
      return verdict satisfies never
  }
}

function describeAccepted(
  verdict: Extract<RaceVerdict, { status: 'accepted' }>,
  { nonceCount, raceClass }: RaceCommitment,
): string[] {
  const { claimCount, checkedClaims, countedClaims } = verdict
  const hits = claimCount === 1 ? '1 hit' : `${count(claimCount)} hits`
  const lines = [`Accepted: ${hits} in ${count(nonceCount)} nonces of class ${raceClass}.`]
  if (claimCount === 0) lines.push('It claims nothing, so nothing was run.')
  else if (checkedClaims === claimCount) lines.push('Every claim was run again and is a hit.')
  else lines.push(`${count(checkedClaims)} of ${count(claimCount)} claims were run again, and all are hits.`)
  if (countedClaims < claimCount) {
    lines.push(`${count(countedClaims)} were committed to before the deadline; the others do not count.`)
  }
  if (!RACE_CLASSES[raceClass].countsForWeight) lines.push('This is the test class: it carries no weight.')
  return lines
}

function describeEvidence(evidence: FraudEvidence): string {
  const nth = (index: number): string => `claim ${count(index + 1)}`
  switch (evidence.kind) {
    case 'FALSE_HIT': {
      const { difference } = evidence
      const where =
        difference === null
          ? ''
          : ` Its trace is wrong from ${difference.name} of layer ${difference.layer} on.`
      return `nonce ${count(evidence.nonce)} (${nth(evidence.index)}) is no hit.${where}`
    }
    case 'NOT_ASCENDING':
      return `nonce ${count(evidence.nonce)} (${nth(evidence.index)}) is out of order or claimed twice.`
    case 'OUT_OF_RANGE':
      return `nonce ${count(evidence.nonce)} (${nth(evidence.index)}) is not among those that were tried.`
    case 'REWRITTEN_HISTORY':
      return `the first ${count(evidence.checkpoint.claimCount)} claims are not those that were committed to during the race.`
    default:
      return evidence satisfies never
  }
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
