import { hexToBytes, keccak256, numberToHex, stringToHex, type Address } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  aggregateKeys,
  aggregateSignatures,
  blsPublicKey,
  blsSign,
  blsVerify,
  packKey,
  provePossession,
  verifyPossession,
} from './bls.ts'
import { startEpoch, transitionEpoch, type EpochState, type EpochTerms } from './epoch.ts'
import { absenteesOf, checkQuorum, validatorSetId, type Seat } from './quorum.ts'
import { commitTo, delayedGenerator, openWith, proveDelay, verifyDelay } from './timed-commitment.ts'
import { moneyVectors } from './vectors.fixture.ts'

const secret = (i: number): Uint8Array => hexToBytes(numberToHex(BigInt(1000 + i), { size: 32 }))
const owner: Address = `0x${'11'.repeat(20)}`
const digest = keccak256(stringToHex('digest'))

describe('BLS signatures', () => {
  it('verify under their key alone', () => {
    const [key, other] = [blsPublicKey(secret(1)), blsPublicKey(secret(2))]
    const signature = blsSign(secret(1), digest)
    expect(blsVerify(key, digest, signature)).toBe(true)
    expect(blsVerify(other, digest, signature)).toBe(false)
    expect(blsVerify(key, keccak256('0x'), signature)).toBe(false)
    expect(packKey(key)).toHaveLength(2 + 2 * 192)
  })

  it('refuse infinity, points outside the subgroup and malformed points', () => {
    const infinity = `0x${'00'.repeat(256)}` as const
    expect(blsVerify(infinity, digest, `0x${'00'.repeat(128)}`)).toBe(false)
    const { keyOutsideSubgroup } = moneyVectors()['bls.json'] as { keyOutsideSubgroup: `0x${string}` }
    expect(verifyPossession(keyOutsideSubgroup, provePossession(secret(1), owner), owner)).toBe(false)
    expect(blsVerify('0x01', digest, blsSign(secret(1), digest))).toBe(false)
    expect(() => aggregateKeys(['0x01'])).toThrow(/not 4 coordinates/)
  })

  it('prove possession for one owner', () => {
    const [key, proof] = [blsPublicKey(secret(1)), provePossession(secret(1), owner)]
    expect(verifyPossession(key, proof, owner)).toBe(true)
    expect(verifyPossession(key, proof, `0x${'22'.repeat(20)}`)).toBe(false)
    expect(verifyPossession(key, blsSign(secret(1), digest), owner)).toBe(false)
  })
})

describe('a quorum', () => {
  const set: Seat[] = [0, 1, 2, 3, 4, 5].map((i) => ({ key: blsPublicKey(secret(i)), weight: 10 }))
  const signedBy = (present: number[]) =>
    [
      absenteesOf(set, new Set(present)),
      aggregateSignatures(present.map((i) => blsSign(secret(i), digest))),
    ] as const

  it('needs more than two thirds of the weight', () => {
    expect(checkQuorum(set, digest, ...signedBy([0, 1, 2, 3, 4]))).toBeUndefined()
    expect(checkQuorum(set, digest, ...signedBy([0, 1, 2, 3]))).toEqual({ refused: 'QuorumTooSmall' })
  })

  it('refuses a bitmap that names other seats than did not sign', () => {
    const [absentees, signature] = signedBy([0, 1, 2, 3, 4])
    expect(checkQuorum(set, digest, absentees ^ 0x21n, signature)).toEqual({
      refused: 'QuorumSignatureInvalid',
    })
    expect(checkQuorum(set, digest, 1n << 6n, signature)).toEqual({ refused: 'AbsenteeUnknown' })
  })

  it('is named by its keys and weights', () => {
    const heavier = set.map((seat, i) => (i === 0 ? { ...seat, weight: 11 } : seat))
    expect(validatorSetId(heavier)).not.toBe(validatorSetId(set))
    expect(validatorSetId([...set].reverse())).not.toBe(validatorSetId(set))
  })
})

describe('timed commitments', () => {
  const generator = delayedGenerator(300)
  const [a, b] = [BigInt(keccak256('0x0a')), BigInt(keccak256('0x0b'))]

  it('open to the same content with the secret and with patience', () => {
    const recovered = proveDelay(commitTo(a), 300)
    expect(recovered.output).toBe(openWith(a, generator.output))
    expect(verifyDelay(commitTo(a), 300, recovered)).toBe(true)
  })

  it('are proved for one element, output and delay', () => {
    const proof = proveDelay(commitTo(a), 300)
    expect(verifyDelay(commitTo(b), 300, proof)).toBe(false)
    expect(verifyDelay(commitTo(a), 301, proof)).toBe(false)
    expect(verifyDelay(commitTo(a), 300, { ...proof, output: openWith(b, generator.output) })).toBe(false)
    expect(verifyDelay(commitTo(a), 300, { ...proof, nonce: 0x10000 })).toBe(false)
    expect(() => openWith(a, '0x01')).toThrow(/not an element/)
  })
})

describe('the transition of an epoch', () => {
  const terms: EpochTerms = {
    epochBlocks: 100,
    commitBlocks: 10,
    revealBlocks: 10,
    slashWindowBlocks: 20,
    deposit: 5n,
  }
  const [alice, bob]: [Address, Address] = [`0x${'0a'.repeat(20)}`, `0x${'0b'.repeat(20)}`]
  const [x, y] = ['0x0123', '0x4567'] as const
  const run = (state: EpochState, ...steps: [Parameters<typeof transitionEpoch>[1], number][]): EpochState =>
    steps.reduce<EpochState>((current, [event, now]) => {
      const result = transitionEpoch(current, event, now, terms)
      if ('refused' in result) throw new Error(`${event.kind}: ${result.refused}`)
      return result
    }, state)
  const start = startEpoch(1n, keccak256('0x01'), 1000, terms)
  const committed = run(
    start,
    [{ kind: 'commit', member: alice, isValidator: true }, 1080],
    [{ kind: 'commit', member: bob, isValidator: true }, 1089],
  )

  it('makes the same seed whoever withholds', () => {
    const seeds = [
      run(
        committed,
        [{ kind: 'reveal', member: alice, content: x }, 1090],
        [{ kind: 'reveal', member: bob, content: y }, 1091],
      ),
      run(
        committed,
        [{ kind: 'reveal', member: bob, content: y }, 1090],
        [{ kind: 'recover', member: alice, content: x }, 1100],
      ),
      run(
        committed,
        [{ kind: 'recover', member: bob, content: y }, 1100],
        [{ kind: 'recover', member: alice, content: x }, 1100],
      ),
    ].map((state) => state.seeds.get(2n))
    expect(seeds[0]).toBeDefined()
    expect(new Set(seeds).size).toBe(1)
  })

  it('starts the next epoch after the window of its outcome', () => {
    const seeded = run(
      committed,
      [{ kind: 'reveal', member: alice, content: x }, 1090],
      [{ kind: 'reveal', member: bob, content: y }, 1091],
    )
    expect(seeded.deposits).toBe(0n)
    const next = run(
      seeded,
      [{ kind: 'propose', number: 2n, isSigned: true }, 1100],
      [{ kind: 'activate' }, 1120],
    )
    expect(next.number).toBe(2n)
    expect(next.round.startBlock).toBe(1200)
  })

  it.each([
    [
      'a commitment outside its window',
      start,
      { kind: 'commit', member: alice, isValidator: true },
      1079,
      'OutsideWindow',
    ],
    [
      'one of no validator',
      start,
      { kind: 'commit', member: alice, isValidator: false },
      1080,
      'NotValidator',
    ],
    [
      'a second one',
      committed,
      { kind: 'commit', member: alice, isValidator: true },
      1085,
      'AlreadyCommitted',
    ],
    ['an early reveal', committed, { kind: 'reveal', member: alice, content: x }, 1089, 'OutsideWindow'],
    ['a late reveal', committed, { kind: 'reveal', member: alice, content: x }, 1100, 'OutsideWindow'],
    [
      'a wrong secret',
      committed,
      { kind: 'reveal', member: alice, content: undefined },
      1090,
      'OpeningInvalid',
    ],
    ['an early recovery', committed, { kind: 'recover', member: alice, content: x }, 1099, 'OutsideWindow'],
    [
      'a recovery of nothing',
      committed,
      { kind: 'recover', member: owner, content: x },
      1100,
      'CommitmentUnknown',
    ],
    [
      'a forged recovery',
      committed,
      { kind: 'recover', member: alice, content: undefined },
      1100,
      'DelayProofInvalid',
    ],
    ['a restart with commitments', committed, { kind: 'restart' }, 1090, 'OutsideWindow'],
    [
      'an outcome without a seed',
      committed,
      { kind: 'propose', number: 2n, isSigned: true },
      1100,
      'SeedMissing',
    ],
    [
      'an outcome too soon',
      committed,
      { kind: 'propose', number: 2n, isSigned: true },
      1099,
      'OutsideWindow',
    ],
    ['to activate nothing', start, { kind: 'activate' }, 5000, 'OutcomeMissing'],
    ['to reject nothing', start, { kind: 'reject' }, 5000, 'OutcomeMissing'],
  ] as const)('refuses %s', (_, state, event, now, refused) => {
    expect(transitionEpoch(state, event, now, terms)).toEqual({ refused })
  })
})
